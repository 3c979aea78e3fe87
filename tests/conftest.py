"""What every test report starts with: the versions and the instruction set it is about."""

import hypothesis
import numpy as np
import pytest
import safetensors

import wbcore as wb


def pytest_report_header():
    versions = ", ".join(
        f"{module.__name__} {module.__version__}" for module in (wb, np, safetensors, hypothesis)
    )
    sets = ", ".join(wb.available_isas())
    return f"{versions}; instruction set {wb.isa()} of {sets}; {wb.get_num_threads()} threads"


@pytest.fixture
def no_network(monkeypatch):
    """Fails when memory for a network is asked for."""

    def refuse(*_):
        raise AssertionError("allocated before the file was found to be sound")

    monkeypatch.setattr(wb.Network, "_of_structure", refuse)
