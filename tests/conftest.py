"""What every test report starts with, and which run leaves out which tests."""

import hypothesis
import levels
import numpy as np
import pytest
import safetensors

import wbcore as wb

# Under sanitizers an example takes ten times as long; it finds what it finds in the first few.
hypothesis.settings.register_profile("fewer", max_examples=20)

MARKERS = {"alone": levels.ALONE, "long": levels.LONG, "pure": levels.PURE}


def pytest_report_header():
    versions = ", ".join(
        f"{module.__name__} {module.__version__}" for module in (wb, np, safetensors, hypothesis)
    )
    sets = ", ".join(wb.available_isas())
    return f"{versions}; instruction set {wb.isa()} of {sets}; {wb.get_num_threads()} threads"


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    for item in items:
        keys = {item.path.name, f"{item.path.name}::{getattr(item, 'originalname', item.name)}"}
        for marker, listed in MARKERS.items():
            if keys & listed.keys():
                item.add_marker(marker)
