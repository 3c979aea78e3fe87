"""The lists of what shorter runs leave out name tests that exist, each with a reason."""

import ast
from pathlib import Path

import levels
import pytest

LISTS = {"alone": levels.ALONE, "long": levels.LONG, "pure": levels.PURE}
HERE = Path(__file__).parent


def functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", LISTS)
def test_what_is_listed_exists(name):
    for key, reason in LISTS[name].items():
        file, _, function = key.partition("::")
        assert (HERE / file).is_file(), key
        assert not function or function in functions(HERE / file), key
        assert reason, key


def test_the_markers_are_given(request):
    """By what pytest collects of a file of each list, and of no other."""
    own = {item.path.name: item for item in request.session.items}
    for marker, listed in LISTS.items():
        for name, item in own.items():
            if name in listed:
                assert item.get_closest_marker(marker), f"{name} lacks {marker}"
    assert not list(request.node.iter_markers("alone"))
