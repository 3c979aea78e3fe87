"""What the other tests are made of is itself right."""

import itertools
import math

import numpy as np
import pytest
import support
from conformance.cases.examples import EXAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

import wbcore as wb
from wbcore import _core


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


# ---- choices of the core


@pytest.mark.parametrize("kind", ["activation", "loss", "optimizer"])
def test_choices_have_every_row_with_its_default_and_other_numbers(kind):
    texts = support.choices(kind)
    assert len(set(texts)) == len(texts)
    for row in _core.rows(kind):
        assert row.name in texts
        numbers = [_core.parse_choice(kind, "", "", text)[1] for text in texts if is_of(row, text)]
        for place, values in enumerate(support.numbers_of(row).values()):
            assert {n[place] for n in numbers} == set(values)


def is_of(row, text):
    return text.partition("(")[0] == row.name


@pytest.mark.parametrize("kind", ["activation", "loss", "optimizer"])
def test_a_number_without_an_example_is_named(kind, monkeypatch):
    row = next(row for row in _core.rows(kind) if row.numbers)
    monkeypatch.delitem(EXAMPLES, row.numbers[0].name)
    message = rf"an example of '{row.numbers[0].name}', a number of '{row.name}'"
    with pytest.raises(ValueError, match=message):
        support.choices(kind)


def test_optimizer_settings_are_all_taken_and_have_what_goes_together():
    settings = support.optimizer_settings()
    for text in settings:
        assert str(support.optimizer(text)[0]) == text
    sgd = [_core.parse_choice("optimizer", "", "", t)[1] for t in settings if t.startswith("sgd")]
    assert {(momentum != 0, nesterov != 0) for _, momentum, nesterov, _ in sgd} == {
        (False, False),
        (True, False),
        (True, True),
    }


def test_every_last_activation_is_one_that_the_loss_takes():
    for loss in support.choices("loss"):
        X, y = support.problem(0, loss, 4, 2, 3)
        for last in support.last_activations(loss):
            net = wb.Network([wb.Dense(2, 3, last)])
            assert np.isfinite(net.evaluate(X, y, loss=loss)["loss"])
