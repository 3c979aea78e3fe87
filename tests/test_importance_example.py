"""The largest first-layer weights belong to a feature that does not matter, and what says so."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "importance.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("importance_example", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_weights_rank_first_what_permutation_calls_useless(example, seed):
    sizes, permuted, attributed = example.compare(seed)
    useless = 2
    assert sizes.argmax() == useless
    assert sizes[useless] > 100 * np.delete(sizes, useless).max()
    low, high = permuted.interval[useless]
    assert low <= 0 <= high
    assert (permuted.interval[:useless, 0] > 0.1).all()
    assert permuted.ranking[-1] == example.FEATURES[useless]
    assert permuted.score > 0.8
    assert np.abs(attributed.residual).max() < 1e-10
    assert np.abs(attributed.values).mean(axis=0).argmin() == useless


def test_it_prints_the_three_tables(example, capsys):
    example.main()
    text = capsys.readouterr().out
    first, second, third = text.split(" \n\n")
    assert first.splitlines()[3].startswith("humidity")
    assert second.splitlines()[3].startswith("temperature") or "pressure" in second.splitlines()[3]
    assert "r2 of these rows" in second
    assert "of the training's" in second
    assert "largest residual of completeness" in third
