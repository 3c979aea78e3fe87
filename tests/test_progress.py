"""What fit(progress=True) and callbacks.Progress show."""

import io
import re
import sys
import time
from typing import ClassVar

import numpy as np
import pytest

import wbcore as wb
from wbcore.callbacks import Progress, progress

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((40, 3)), rng.integers(0, 2, 40)
X_VAL, Y_VAL = rng.standard_normal((10, 3)), rng.integers(0, 2, 10)


def network():
    return wb.Network.mlp([3, 5, 2], seed=1)


def fit(net, **options):
    settings = {"loss": "cross_entropy", "epochs": 4, "batch_size": 16}
    return net.fit(X, Y, **settings | options)


def test_one_line_an_epoch_elsewhere_than_on_a_terminal(capsys):
    history = fit(network(), epochs=10, progress=True, validation_data=(X_VAL, Y_VAL))
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith(f"epoch  1/10  loss {history.loss[0]:.5f}  val_loss ")
    assert lines[9].startswith("epoch 10/10  loss ")
    assert re.search(r"  [\d.]+[kMG]? rows/s  0:0\d left  \d+\.\d s$", lines[0])
    assert re.search(r"  [\d.]+[kMG]? rows/s  \d+\.\d s$", lines[9])
    assert "left" not in lines[9]
    assert "\r" not in err


def test_a_later_fit_counts_its_own_epochs(capsys):
    net = network()
    fit(net)
    fit(net, epochs=2, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]


def test_silent_without_progress(capsys):
    fit(network())
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def screen(self):
        """What is to be seen, line by line, after carriage returns."""
        lines = []
        for line in self.getvalue().split("\n"):
            seen = ""
            for part in line.split("\r"):
                seen = part + seen[len(part) :]
            lines.append(seen.rstrip())
        return lines


def on_terminal(monkeypatch, columns=200):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(progress, "_columns", lambda _: columns)
    return terminal


def test_one_line_on_a_terminal(monkeypatch):
    terminal = on_terminal(monkeypatch)
    history = fit(network(), epochs=3, progress=True)
    assert terminal.getvalue().count("\r") == 3
    shown, after = terminal.screen()
    assert shown.startswith(f"epoch 3/3  loss {history.loss[-1]:.5f}")
    assert after == ""


def test_within_an_epoch(monkeypatch):
    """At most some ten times a second, however many batches there are."""
    terminal = on_terminal(monkeypatch)
    many = np.ones((50_000, 3))

    class Ends:
        seconds_between_batches = 0.01

        def after_batch(self, run):
            if terminal.getvalue().count(" % ") >= 6:
                run.stop("enough")

    callbacks = [Progress(), Ends(), wb.callbacks.TimeLimit(60)]
    began = time.perf_counter()
    history = network().fit(
        many, np.zeros(50_000, int), loss="cross_entropy", batch_size=1, epochs=10**6,
        callbacks=callbacks,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    assert history.reason == "enough"
    parts = terminal.getvalue().split("\r")[1:]
    within = [part for part in parts if " % " in part]
    assert 6 <= len(within) <= 10 * seconds + 1
    assert len(parts) == len(within) + len(history)
    line = r"epoch +\d+/1000000  [ \d]\d %  loss \d\.\d+(e-\d+)?  [\d.]+[kMG]? rows/s  [\d:]+ left"
    assert all(re.match(line, part) for part in within)


def test_shorter_line_covers_a_longer_one(monkeypatch):
    terminal = on_terminal(monkeypatch)

    def shorten(epoch, history):
        history.loss[-1] = 100.0 if epoch == 0 else 1.0

    class Shortens:
        def after_epoch(self, run):
            shorten(run.epoch, run.history)

    fit(network(), epochs=2, callbacks=[Shortens(), Progress()])
    assert terminal.screen()[0].endswith(" s")
    assert terminal.screen()[0].count(" s") == 1
    assert terminal.screen()[0].startswith("epoch 2/2  loss 1.00000  ")


def test_line_is_cut_to_the_width_of_the_terminal(monkeypatch):
    terminal = on_terminal(monkeypatch, columns=20)
    history = fit(network(), epochs=1, progress=True)
    assert terminal.getvalue() == f"\repoch 1/1  loss {history.loss[0]:.5f}"[:20] + "\n"


def test_line_ends_when_training_fails(monkeypatch):
    terminal = on_terminal(monkeypatch)

    def callback(*_):
        raise LookupError

    with pytest.raises(LookupError):
        fit(network(), progress=True, callback=callback)
    assert terminal.getvalue().endswith(" s\n")


def test_no_stderr(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    assert len(fit(network(), progress=True)) == 4


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3723, "1:02:03")],
)
def test_clock(seconds, text):
    assert progress.clock(seconds) == text


class Bar:
    """What Progress asks of a bar."""

    made: ClassVar = []

    def __init__(self, **options):
        self.options, self.n, self.texts, self.closed = options, 0, [], False
        Bar.made.append(self)

    def set_description(self, text, refresh):
        assert not refresh
        self.texts.append(text)

    def set_postfix(self, values, refresh):
        assert not refresh
        self.values = values

    def update(self, n):
        assert n >= 0
        self.n += n

    def close(self):
        self.closed = True


def test_a_bar_of_ones_own():
    history = fit(network(), callbacks=[Progress(Bar)], validation_fraction=0.25)
    bar = Bar.made[-1]
    assert bar.options == {
        "total": 30 * 4, "unit": "row", "unit_scale": True, "desc": "epoch 0/4"
    }  # fmt: skip
    assert bar.n == bar.options["total"]
    assert bar.closed
    assert bar.texts[-1] == "epoch 4/4"
    assert bar.values == {"loss": history.loss[-1], "val_loss": history.val_loss[-1]}


def test_a_bar_is_closed_when_training_fails():
    with pytest.raises(ZeroDivisionError):
        fit(network(), callbacks=[Progress(Bar)], callback=lambda *_: 1 / 0)
    assert Bar.made[-1].closed
    assert Bar.made[-1].n == 40


@pytest.mark.parametrize("name", ["tqdm", "notebook"])
def test_bars_of_tqdm(name, monkeypatch):
    """The names of tqdm's modules; what they show is tqdm's."""
    import types

    module = types.ModuleType(progress._TQDM[name])
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, module.__name__, module)
    fit(network(), callbacks=[Progress(name)])
    assert Bar.made[-1].n == 160
    monkeypatch.setitem(sys.modules, module.__name__, None)
    net = network()
    with pytest.raises(ModuleNotFoundError, match=r"expected the package tqdm .*pip install tqdm"):
        fit(net, callbacks=[Progress(name)])
    assert net == network()


def test_tqdm_itself(capsys):
    fit(network(), callbacks=[Progress("tqdm")])
    shown = capsys.readouterr().err
    assert "epoch 4/4: 100%" in shown
    assert "160/160" in shown
    assert "loss=" in shown
