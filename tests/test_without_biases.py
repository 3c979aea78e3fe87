"""Layers without biases, where Python shows them: as None, never as zeros."""

import math
import pickle

import numpy as np
import pytest

import wbcore as wb
from wbcore.cli.description import json_text
from wbcore.history import History, layer_statistics
from wbcore.inspect import bias_changes, parameter_table, weight_bias_correlation, weight_changes
from wbcore.layers import Layer, structure

W, B = (1.0, 1.5, 0.5, 0.0, 2.0), (3.0, 3.5, 0.25, 2.0, 4.0)
LATER = (2.0, 2.5, 0.5, 1.0, 3.0)


def bare():
    return Layer(0, "relu", np.ones((2, 3), np.float32), None)


class Bare(wb.Network):
    """A network whose first layer shows no biases."""

    def __init__(self):
        super().__init__([wb.Dense(2, 3, "relu"), wb.Dense(3, 2, initializer="ones")])
        self._layers = (bare(), self._layers[1])

    def statistics(self):
        return layer_statistics([(W, None), (W, B)])


def test_a_layer_without_biases():
    layer = bare()
    assert layer.biases is None
    assert (layer.inputs, layer.outputs, layer.weights.shape) == (2, 3, (2, 3))
    for value in (np.zeros(3), None):
        with pytest.raises(AttributeError, match=r"\[layer 0\] expected weights to be assigned, "):
            layer.biases = value
    assert pickle.loads(pickle.dumps(layer)).biases is None
    assert structure([layer]) == ((2, 3, "relu", False, True),)


def test_tables_have_no_row_of_what_is_not_there():
    table = parameter_table(Bare())
    assert list(zip(table["layer"], table["of"], table["mean"], strict=True)) == [
        (0, "weights", 1.0),
        (1, "weights", 1.0),
        (1, "biases", 3.0),
    ]
    correlation = weight_bias_correlation(Bare())
    assert correlation["units"] == [3, 2]
    assert math.isnan(correlation["correlation"][0])
    assert '"shape": [' in json_text(Bare())


def test_the_summary_says_none():
    lines = Bare().summary().splitlines()
    assert lines[2].split() == ["0", "relu", "(2,", "3)", "none", "6", "1.00000", "0.50000"]
    assert lines[3].split()[-4:] == ["1.00000", "0.50000", "3.00000", "0.25000"]


def test_the_history_of_parameters():
    history = History({"loss": [1.0], "parameters": [[(W, None), (W, B)], [(LATER, None), (W, W)]]})
    states = history.parameters
    assert states.initial[0].biases is states.final[0].biases is states.change[0].biases is None
    assert states.change[0].weights.mean == 1.0
    assert states.change[1].biases.mean == -2.0
    columns = states.to_dict()
    assert [math.isnan(value) for value in columns["biases_max"]] == [True, False, True, False]
    assert str(states).splitlines()[3].split() == ["0", "1.00000", "2.00000", "1.00000"]
    assert weight_changes(history)["layer"] == [0, 1]
    assert bias_changes(history)["layer"] == [1]
    assert bias_changes(history, layer=1)["change"] == [-2.0]
    with pytest.raises(ValueError, match=r"\[bias_changes\] expected layer to be one with biases"):
        bias_changes(history, layer=0)
