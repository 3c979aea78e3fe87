"""What `inspect.step` prints is computed again: each formula, by the numbers of lines before it."""

import ast
import re

import numpy as np
import pytest
from support import DTYPES, optimizer_settings

import wbcore as wb
from wbcore import inspect, reference
from wbcore.reference import functions, normal
from wbcore.reference.optimizers import power

BOTH = pytest.mark.parametrize("dtype", DTYPES)
NAME = re.compile(r"\b[A-Za-z]\w*")
WORDS = {"if", "else", "sqrt", "sign", "min", "max", "sigmoid", "phi", "Phi", "abs"}
SETTINGS = {"l1": 0.01, "l2": 0.02, "clip_value": 0.7, "clip_norm": 0.4, "max_norm": 0.9}
UNFORMULATED = ("q = 0.96^", "P, the product", "norm = ")


def sign(x):
    return 1.0 if x > 0 else -1.0 if x < 0 else x


class Formula:
    """Evaluates a formula; in a sum the first product is not rounded, if that is the rule."""

    def __init__(self, arith, names, *, fuses=True):
        self.arith, self.names, self.fuses = arith, names, fuses

    def value(self, text):
        tree = ast.parse(re.sub(r"\|(\w+)\|", r"abs(\1)", text).replace("^", "**"), mode="eval")
        return self.of(tree.body)

    def of(self, node):
        kind = type(node).__name__
        return getattr(self, f"_{kind}")(node)

    def _Constant(self, node):
        return self.arith.T(float(node.value))

    def _Name(self, node):
        return float(self.names[node.id])

    def _UnaryOp(self, node):
        return -self.of(node.operand)

    def _IfExp(self, node):
        return self.of(node.body if self.holds(node.test) else node.orelse)

    def holds(self, test):
        a, b = self.of(test.left), self.of(test.comparators[0])
        return {"Gt": a > b, "Lt": a < b, "LtE": a <= b}[type(test.ops[0]).__name__]

    def _Call(self, node):
        values = [self.of(argument) for argument in node.args]
        return {
            "sqrt": self.arith.sqrt,
            "sign": sign,
            "min": lambda a, b: b if a > b else a,
            "max": lambda a, b: b if a < b else a,
            "abs": abs,
            "sigmoid": lambda x: functions.sigmoid(self.arith, x),
            "phi": lambda x: normal.phi(self.arith, x),
            "Phi": lambda x: normal.Phi(self.arith, x),
        }[node.func.id](*values)

    def _BinOp(self, node):
        T, kind = self.arith.T, type(node.op).__name__
        if kind == "Pow":
            return power(self.of(node.left), int(node.right.value))
        minus = -1.0 if kind == "Sub" else 1.0
        for first, second in ((node.left, node.right), (node.right, node.left)):
            if kind in ("Add", "Sub") and self.fuses and is_product(first):
                outer, other = (1.0, minus) if first is node.left else (minus, 1.0)
                a, b = outer * self.of(first.left), self.of(first.right)
                return self.arith.fma(a, b, other * self.of(second))
        a, b = self.of(node.left), self.of(node.right)
        if kind == "Div":
            return self.arith.divide(a, b)
        return T(a * b) if kind == "Mult" else T(a + minus * b)


def is_product(node):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def parts(operation):
    """Name of the result, formula, and what a name in it stands for."""
    operation = operation.rpartition(": ")[2]
    name, equals, formula = operation.partition(" = ")
    if not equals:
        name, formula = operation[0], operation
    return name, formula


def assert_same(found, expected):
    assert np.float64(found).tobytes() == np.float64(expected).tobytes(), (found, expected)


class Recomputed:
    """The lines of an update, each computed again from those before it.

    Parameters
    ----------
    net : Network
        Before the step.
    states : dict of str to ndarray
        What the optimizer remembered then.
    """

    def __init__(self, net, states):
        self.arith = reference.FLOAT32 if net.dtype == np.float32 else reference.FLOAT64
        self.known = elements(net, states)
        self.of_step = {}

    def table(self, table):
        """All of its lines; then parameters and states are those of the network after it."""
        for line in table:
            if line["phase"] == "gradient":
                where = line["layer"], line["unit"]
                self.known[where]["dW" if ", " in where[1] else "db"] = line["result"]
            elif line["phase"] == "update":
                self.line(line)
        after = elements(table.network, optimizer_states(table.network, table.network.optimizer))
        for where, of in after.items():
            for name, value in of.items():
                assert_same(self.known[where][name], value)

    def line(self, line):
        text, result = line["operation"], line["result"]
        if text.startswith(UNFORMULATED):
            self.of_step[parts(text)[0] if " = " in text else "P"] = result
            return
        name, formula = (text, text) if text.startswith("1 - ") else parts(text)
        names = [n for n in dict.fromkeys(NAME.findall(formula)) if n not in WORDS]
        operands = [line[k] for k in "ab" if line[k] is not None]
        values = dict(zip(names, operands, strict=True))
        if line["layer"] is None or name == "factor":
            for n in values.keys() & self.of_step.keys() - SETTINGS.keys():
                assert_same(values[n], self.of_step[n])
            found = Formula(reference.FLOAT64, values, fuses=False).value(formula)
            found = found if isinstance(result, np.float64) else self.arith.T(found)
            self.of_step[name] = result
        else:
            known = self.known[line["layer"], line["unit"]]
            for n in names:
                assert_same(values[n], known[n])
            found = Formula(self.arith, values).value(formula)
            known[name] = result
        assert_same(found, result)


def elements(net, states):
    """Of each parameter itself and what is remembered of it, by layer and place."""
    found, at = {}, 0
    for layer in net:
        for name, array in (("W", layer.weights), ("b", layer.biases)):
            for place in np.ndindex(array.shape):
                of = {state: values[at] for state, values in states.items()}
                found[layer.index, ", ".join(map(str, place))] = {name: array[place]} | of
                at += 1
    return found


def optimizer_states(net, optimizer):
    return {name: array.copy() for name, array in optimizer.state(net).arrays.items()}


def stepped(dtype, optimizer, **options):
    """A network that was trained for two steps, and its third."""
    net = wb.Network([wb.Dense(2, 2, "tanh"), wb.Dense(2, 1)], seed=3, dtype=dtype)
    X, y = [[1, 2], [3, -1], [0.5, 0.25]], [1.0, -1.0, 2.0]
    for _ in range(2):
        net.partial_fit(X, y, loss="mse", optimizer=optimizer)
    before = optimizer_states(net, optimizer)
    return net, inspect.step(net, X, y, optimizer, loss="mse", **options), before


@BOTH
@pytest.mark.parametrize("text", optimizer_settings())
def test_every_rule_is_computed_again_from_its_lines(dtype, text):
    optimizer = wb.optimizers.check("test", text)
    net, table, before = stepped(dtype, optimizer)
    Recomputed(net, before).table(table)


@BOTH
@pytest.mark.parametrize("decay_biases", [False, True])
@pytest.mark.parametrize("kind", [wb.SGD, wb.AdamW])
@pytest.mark.parametrize("names", [*([name] for name in SETTINGS), list(SETTINGS)])
def test_every_setting_is_computed_again_from_its_lines(dtype, kind, names, decay_biases):
    settings = {name: SETTINGS[name] for name in names}
    optimizer = kind(0.1, weight_decay=0.05, decay_biases=decay_biases, **settings)
    net, table, before = stepped(dtype, optimizer)
    Recomputed(net, before).table(table)
    shown = [f"{name}: g" for name in ("l1", "l2") if name in settings]
    for text in shown:
        assert any(line.startswith(text) for line in table["operation"])
    for name, value in settings.items():
        assert f"{name}={value}" in table.title
    assert any(line.startswith("weight_decay: ") for line in table["operation"])


def test_limits_that_change_nothing_say_so():
    _, table, _ = stepped("float32", wb.SGD(0.1, clip_norm=1e3, max_norm=1e3))
    found = [line for line in table if line["operation"].startswith("factor = ")]
    assert [line["result"] for line in found] == [1.0] * 4
    assert not any(text.startswith(("clip_norm: ", "max_norm: ")) for text in table["operation"])


def test_penalties_of_a_sum_are_divided_by_what_the_rows_count():
    _, table, _ = stepped("float64", wb.SGD(0.1, l2=0.3, penalty_of_sum=True))
    line = next(line for line in table if line["operation"].startswith("l2 = "))
    assert (line["a"], line["b"], line["result"]) == (0.3, 3.0, 0.3 / 3)
    assert any(text.startswith(f"l2: g = {0.3 / 3} * W") for text in table["operation"])


@BOTH
@pytest.mark.parametrize("text", [*wb.activations.NAMES, "leaky_relu(0.3)", "elu(0.7)"])
def test_slopes_of_activations_are_computed_again_from_their_lines(dtype, text):
    arith = reference.FLOAT32 if dtype == "float32" else reference.FLOAT64
    hidden = "tanh" if text == "softmax" else text
    layers = [wb.Dense(3, 4, hidden), wb.Dense(4, 3, text)]
    net = wb.Network(layers, seed=2, dtype=dtype)
    X, y = np.random.default_rng(4).normal(size=(3, 3)), np.ones((3, 3))
    known, D, seen = {}, {}, 0
    for line in inspect.step(net, X, y, "sgd", loss="huber(0.3)"):
        where, operation = (line["row"], line["layer"], line["unit"]), line["operation"]
        if operation.endswith(" of z"):
            known[where] = {"z": line["a"], "y": line["result"]}
        elif operation == "e / S":
            known.setdefault(where, {}).update(y=line["result"])
        elif operation.startswith("D: add"):
            D[line["row"]] = line["result"]
        elif operation.startswith("dZ by "):
            formula, _, s = operation.partition(", ")[2].partition(", s = ")
            values = {}
            for name, key in zip(re.findall(r"\b(?:dY|y|z)\b", formula), "ab", strict=False):
                values[name] = line[key]
            for name, value in values.items():
                assert_same(value, known[where][name])
            values |= {"D": D.get(line["row"])}
            if s:
                values["s"] = Formula(arith, values).value(s)
            assert_same(Formula(arith, values).value(formula), line["result"])
            seen += 1
        elif line["phase"] == "backward":
            known[where]["dY"] = line["result"]
    assert seen == 3 * 7


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.5])
def test_the_note_has_the_formulas_of_focal(gamma):
    net = wb.Network([wb.Dense(2, 3, "sigmoid")], dtype="float64", seed=0)
    X, y = [[0.5, -1.0], [2.0, 0.25]], [[0.0, 1, 0.25], [1, 0, 0]]
    table = inspect.step(net, X, y, "sgd", loss=wb.losses.Focal(gamma, 0.3))
    found = dict(re.findall(r"(\w+)\(z, t\) = (.*?)(?:, p = .*)?$", table.note, re.MULTILINE))
    scope = {"log": np.log}
    for line in table:
        operation, z, t = line["operation"], line["a"], line["b"]
        if "(z, t)" not in operation:
            continue
        name = "focal" if operation == "focal(z, t)" else "slope"
        scope |= {"t": t, "p": 1 / (1 + np.exp(-z)), "q": 1 - 1 / (1 + np.exp(-z))}
        text = re.sub(r"(?<=[\w)])\s+(?=[\w(])", " * ", found[name]).replace("^", "**")
        value = eval(text, scope)
        assert line["result"] == pytest.approx(value / (1 if name == "focal" else 6), rel=1e-9)


def test_tables_of_many_lines_are_printed_in_part():
    net = wb.Network.mlp([64, 128, 10], seed=0)
    table = inspect.trace(net, np.ones(64))
    shown, whole = str(table).splitlines(), table.to_text().splitlines()
    assert len(whole) == len(table) + 3
    assert len(shown) == 204
    assert shown[103] == f"... {len(table) - 200:,} more lines; print(table.to_text()) shows all"
    assert [line.split() for line in shown[3:103]] == [line.split() for line in whole[3:103]]
    assert [line.split() for line in shown[104:]] == [line.split() for line in whole[-100:]]
    assert len(str(inspect.trace(net, np.ones(64), layer=0, unit=1)).splitlines()) == 69
