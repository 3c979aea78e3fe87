"""A fit that begins anew where the checkpoint of another run is: refused, or asked for."""

import os
import shutil

import pytest
from resumed import Course, checkpoints_of, left_by
from small_network import LABELS, X, network

import wbcore as wb

ARGUMENTS = {"optimizer": "adam(0.01)", "metrics": ["accuracy"], "loss": "cross_entropy"}
ARGUMENTS |= {"epochs": 3, "batch_size": 16, "seed": 7}


def test_beginning_anew_over_a_run_that_is_not_over(tmp_path, monkeypatch):
    path = tmp_path / "run.ckpt"
    course = Course(lambda: dict(ARGUMENTS))
    files, whole = checkpoints_of(course, tmp_path, monkeypatch)
    for file, done in ((files[1], 0), (files[5], 1)):  # killed in the midst of epochs
        shutil.copy(file, path)
        net, before = network(), path.read_bytes()
        net.fit(X, LABELS, loss="cross_entropy", optimizer="sgd(0.1, 0.9)")
        left = left_by(net)
        with pytest.raises(ValueError, match="expected resume=True, to go on with") as found:
            net.fit(X, LABELS, **ARGUMENTS, checkpoint=path)
        assert str(found.value).replace(repr(os.fspath(path)), "FILE") == (
            "[fit] expected resume=True, to go on with the run in FILE that is not over "
            f"(epochs done: {done}), or resume=False, to begin anew and replace it, got None"
        )
        assert left_by(net) == left
        assert path.read_bytes() == before
        assert course.fit(checkpoint=path, resume=False) == whole
        assert course.fit(checkpoint=path) == whole, "that of a run that is over is replaced"
        shutil.copy(file, path)
        assert course.fit(checkpoint=path, resume=True) == whole


@pytest.mark.parametrize("resumable", [True, False])
def test_beginning_anew_over_a_run_that_was_stopped(resumable, tmp_path):
    path = tmp_path / "run.ckpt"

    class Stop:
        def after_epoch(self, run):
            run.stop("enough", resumable=resumable)

    def fit(**more):
        network().fit(X, LABELS, **ARGUMENTS, callbacks=[Stop()], checkpoint=path, **more)

    fit()
    if resumable:
        with pytest.raises(ValueError, match=r"not over \(epochs done: 1\), or resume=False"):
            fit()
        fit(resume=False)
    else:
        fit()


def test_beginning_anew_over_other_files(tmp_path):
    path = tmp_path / "net.safetensors"
    for write in (network().save, lambda path: path.write_bytes(b"notes")):
        write(path)
        before = path.read_bytes()
        with pytest.raises(wb.ModelFileError, match=r"; resume=False replaces that file$"):
            network().fit(X, LABELS, **ARGUMENTS, checkpoint=path)
        assert path.read_bytes() == before
    network().fit(X, LABELS, **ARGUMENTS, checkpoint=path, resume=False)
    network().fit(X, LABELS, **ARGUMENTS, resume=False)
    network().fit(X, LABELS, **ARGUMENTS, resume=path)
