"""Model files are written whole or not at all, with the permissions and links of other files."""

import os
import stat
import subprocess
import sys

import pytest
from saved import left_over, network

import wbcore as wb


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def test_saving_replaces_and_leaves_nothing_else(path):
    path.write_text("old")
    network().save(path)
    assert wb.load(path) == network()
    assert left_over(path) == []


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_failure_leaves_the_old_file(path, function, monkeypatch):
    network().save(path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="disk full"):
        network("float64").save(path)
    assert path.read_bytes() == before
    assert left_over(path) == []


@pytest.mark.uninstrumented
@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_crash_leaves_the_old_file(path, function):
    network().save(path)
    program = f"""
import os, sys, wbcore as wb
net = wb.load(sys.argv[1])
net.parameters[:] = 7
os.{function} = lambda *_: os._exit(3)
net.save(sys.argv[1])
"""
    assert subprocess.run([sys.executable, "-c", program, path]).returncode == 3
    assert wb.load(path) == network()


def test_content_is_on_the_disk_before_the_name_and_the_name_after(path, monkeypatch):
    calls, (fsync, link) = [], (os.fsync, os.link)

    def watched_fsync(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def watched_link(*names, **options):
        calls.append("name")
        link(*names, **options)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "link", watched_link)
    network().save(path)
    assert calls == ["file", "name", "folder"]


def test_new_file_has_the_usual_permissions(path):
    old = os.umask(0o027)
    try:
        network().save(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_replaced_file_keeps_its_permissions(path):
    path.touch()
    path.chmod(0o604)
    network().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_symbolic_link_is_followed(path, tmp_path):
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "real.safetensors"
    path.symlink_to(target)
    for expected in (network(), network("float64")):  # a link to nothing yet, then to a file
        expected.save(path)
        assert path.is_symlink()
        assert not target.is_symlink()
        assert wb.load(target) == wb.load(path) == expected


def test_read_only_file_is_refused(path, monkeypatch):
    path.write_text("precious")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write to any file
    with pytest.raises(PermissionError, match=r"\[save\] expected a writable file"):
        network().save(path)
    assert path.read_text() == "precious"


def test_folders_and_devices_are_not_replaced(tmp_path):
    with pytest.raises(
        IsADirectoryError, match=r"\[save\] expected a file or a new name, got a folder"
    ):
        network().save(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        OSError, match=r"\[save\] expected a file or a new name, got a folder or device"
    ):
        network().save(tmp_path / "pipe")
    assert left_over(tmp_path / "pipe") == []


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        network().save(tmp_path / "none" / "net.safetensors")
