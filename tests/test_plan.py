"""The plan of a training: the arguments of fit, checked, and what the core takes of them."""

import ast
import dataclasses
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import wbcore as wb
from wbcore import _core
from wbcore.training import run
from wbcore.training.plan import Plan


def plan(**options):
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(wb.Network.fit).parameters.items()
        if name not in ("self", "X", "y")
    }
    return Plan(**defaults | {"loss": "mse"} | options)


def test_a_plan_has_the_arguments_of_fit():
    arguments = inspect.signature(wb.Network.fit).parameters.keys() - {"self", "X", "y"}
    assert {field.name for field in dataclasses.fields(Plan)} == arguments


def test_a_plan_is_checked_and_stays():
    made = plan(epochs=np.int64(3), metrics=["mae"], track="epoch", shuffle=np.True_)
    assert type(made.epochs) is int
    assert type(made.shuffle) is bool
    assert made.n_threads == 0  # the core's word for as many as are worth their while
    assert repr(made.optimizer) == repr(wb.SGD())
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.epochs = 4
    with pytest.raises(ValueError, match=r"\[fit\] expected delta of huber to be a finite number"):
        plan(loss="huber(-1)")
    assert repr(plan(optimizer="adam(0.01)").optimizer) == repr(wb.Adam(0.01))


def parameters_of_the_stub(name):
    """Of the constructor of a class of the extension module, as its stub has them."""
    stub = ast.parse(Path(wb.__file__).with_name("_core.pyi").read_text("utf-8"))
    (found,) = (node for node in stub.body if getattr(node, "name", "") == name)
    (init,) = (node for node in found.body if getattr(node, "name", "") == "__init__")
    return [argument.arg for argument in init.args.kwonlyargs]


def test_python_stub_and_binding_offer_the_same_options():
    made = plan(optimizer=wb.Adam())
    options = run._options(made)  # by keyword: none is missing, none too many
    (bound,) = re.findall(r"__init__\((.*)\) ->", _core.TrainingOptions.__init__.__doc__)
    of_binding = re.findall(r"(\w+): ", bound.partition("*, ")[2])
    of_stub = parameters_of_the_stub("TrainingOptions")
    assert of_binding == of_stub
    assert all(hasattr(options, name) for name in of_stub)


def test_python_stub_and_binding_offer_the_same_settings_of_an_optimizer():
    (bound,) = re.findall(r"__init__\((.*)\) ->", _core.OptimizerSettings.__init__.__doc__)
    names = re.findall(r"(\w+): ", bound.partition("*, ")[2])
    assert names == parameters_of_the_stub("OptimizerSettings")
    rate = wb.schedules.Constant(0.5)
    options = {"l1": 0.1, "l2": 0.2, "penalty_of_sum": True}
    options |= {"clip_norm": 3.0, "clip_value": 4.0, "max_norm": 5.0}
    settings = wb.SGD(rate, decay_biases=True, **options)._settings()
    found = {name: getattr(settings, name) for name in names}
    assert isinstance(found.pop("schedule"), _core.Schedule)
    assert found.pop("rate") is None
    assert found == {"rule": "sgd", "numbers": [0.5, 0, 0, 0], "decay_biases": True, **options}


def functions_of_the_stub():
    stub = ast.parse(Path(wb.__file__).with_name("_core.pyi").read_text("utf-8"))
    for node in stub.body:
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            yield node.name, [a.arg for a in arguments.posonlyargs + arguments.args]


@pytest.mark.parametrize(("name", "arguments"), list(functions_of_the_stub()))
def test_functions_of_the_core_are_those_of_its_stub(name, arguments):
    """Each overload: one a dtype."""
    text = getattr(_core, name).__doc__
    signatures = re.findall(rf"{name}\((.*)\) ->", text)
    assert signatures
    for signature in signatures:
        if signature != "*args, **kwargs":
            assert re.findall(r"(\w+): ", signature) == arguments, signature
