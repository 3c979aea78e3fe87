"""What the other tests are made of is itself right."""

import itertools
import math

import pytest
import support
from hypothesis import given, settings
from hypothesis import strategies as st


def pairs_in(cases):
    return {pair for case in cases for pair in itertools.combinations(case.items(), 2)}


def product(choices, possible=lambda _: True):
    cases = [
        dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())
    ]
    return [case for case in cases if possible(case)]


@settings(deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=5))
def test_pairs_has_every_pair(sizes):
    choices = {f"choice {i}": list(range(n)) for i, n in enumerate(sizes)}
    cases = support.pairs(choices)
    assert pairs_in(cases) == pairs_in(product(choices))
    assert all(list(case) == list(choices) for case in cases)
    two = sorted(sizes)[-2:]
    assert math.prod(two) <= len(cases) <= math.prod(sizes)


def test_pairs_are_few():
    choices = {name: list(range(10)) for name in "abcde"}
    assert len(support.pairs(choices)) < 200  # of 100,000, and 100 are the least


@settings(deadline=None)
@given(st.lists(st.integers(1, 4), min_size=3, max_size=4), st.data())
def test_pairs_that_may_not_stand_together(sizes, data):
    """Those that do in some possible case are there; a case that is not possible is none."""
    choices = {f"choice {i}": list(range(n)) for i, n in enumerate(sizes)}
    every = sorted(pairs_in(product(choices)))
    refused = set(data.draw(st.lists(st.sampled_from(every), max_size=6)))

    def possible(case):
        return not refused & set(itertools.combinations(case.items(), 2))

    cases = support.pairs(choices, possible)
    assert all(possible(case) for case in cases)
    assert pairs_in(cases) == pairs_in(product(choices, possible))


def test_pairs_of_values_that_have_no_hash():
    choices = {"options": [{}, {"a": 1}], "rows": [1, 2]}
    assert len(support.pairs(choices)) == 4


@pytest.mark.parametrize(("percent", "n", "expected"), [(100, 60, 60), (20, 60, 12), (20, 2, 1)])
def test_examples(percent, n, expected):
    before = settings.default
    settings.register_profile("of the test", max_examples=percent)
    settings.load_profile("of the test")
    try:
        assert support.examples(n) == expected
    finally:
        settings.register_profile("before", before)
        settings.load_profile("before")
