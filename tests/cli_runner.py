"""Runs the command line in this process; for the tests of it."""

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from wbcore.cli import progress
from wbcore.cli.app import app

STANDS_STILL = SimpleNamespace(perf_counter=lambda: 0.0)


def invoke(*arguments):
    """Runs the command line in this process; however long it takes, no line tells its progress."""
    words = [str(word) for word in arguments]
    runner = CliRunner(env={"COLUMNS": "100", "TERM": "dumb"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "time", STANDS_STILL)
        return runner.invoke(app, words, prog_name="wbcore")


def succeed(*arguments):
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    assert not result.stderr
    return result.stdout


def fail(*arguments):
    """The one line on stderr of a command that ends with exit code 2."""
    result = invoke(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("wbcore: ")
    assert result.stderr.count("\n") == 1
    return result.stderr
