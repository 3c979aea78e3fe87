"""The plan of a training: the arguments of fit, checked, and what the core takes of them."""

import ast
import dataclasses
import inspect
from pathlib import Path

import numpy as np
import pytest

import wbcore as wb
from wbcore.training import run
from wbcore.training.plan import Plan


def plan(**options):
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(wb.Network.fit).parameters.items()
        if name not in ("self", "X", "y")
    }
    return Plan(dtype=np.dtype("float32"), **defaults | {"loss": "mse"} | options)


def test_a_plan_has_the_arguments_of_fit():
    arguments = inspect.signature(wb.Network.fit).parameters.keys() - {"self", "X", "y"}
    assert {field.name for field in dataclasses.fields(Plan)} == arguments | {"dtype"}


def test_a_plan_is_checked_and_stays():
    made = plan(epochs=np.int64(3), metrics=["mae"], track="epoch", shuffle=np.True_)
    assert type(made.epochs) is int
    assert type(made.shuffle) is bool
    assert made.n_threads == 0  # the core's word for as many as are worth their while
    assert repr(made.optimizer) == repr(wb.SGD())
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.epochs = 4
    with pytest.raises(ValueError, match=r"\[fit\] expected delta .* in float32"):
        plan(loss="huber", delta=1e-46)


def test_the_core_is_given_what_its_stub_names():
    stub = ast.parse(Path(wb.__file__).with_name("_core.pyi").read_text("utf-8"))
    (network,) = (node for node in stub.body if getattr(node, "name", "") == "_Network")
    (fit,) = (node for node in network.body if getattr(node, "name", "") == "fit")
    named = {argument.arg for argument in fit.args.kwonlyargs}
    core = wb.Network.mlp([2, 1])._core
    assert run._core_options(plan(), core).keys() | {"record", "on_epoch"} == named
