"""Every operation of the reference is rounded, and before its result is used."""

import sys
from pathlib import Path

import pytest

from wbcore.reference import ACTIVATIONS, LOSSES, OPTIMIZERS, SGD, Arithmetic, Network, fit

sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.cases.examples import choices

OPERATIONS = ["add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv"]
EXACT = ["neg", "abs"]
COMPARISONS = ["lt", "le", "gt", "ge", "eq", "ne"]


def check_rounded(*numbers):
    assert all(getattr(x, "rounded", True) for x in numbers), "not rounded"


def operation(name, *, rounded):
    def apply(*numbers):
        check_rounded(*numbers)
        result = Traced(getattr(float, name)(*numbers))
        result.rounded = rounded
        return result

    return apply


def comparison(name):
    def apply(*numbers):
        check_rounded(*numbers)
        return getattr(float, name)(*numbers)

    return apply


# A float that knows whether it still has to be rounded, and then refuses to be used.
Traced = type(
    "Traced",
    (float,),
    {
        "rounded": True,
        "__hash__": float.__hash__,
        **{f"__{name}__": operation(f"__{name}__", rounded=False) for name in OPERATIONS},
        **{f"__{name}__": operation(f"__{name}__", rounded=True) for name in EXACT},
        **{f"__{name}__": comparison(f"__{name}__") for name in COMPARISONS},
    },
)


def traced_arithmetic(dtype):
    arith, plain = Arithmetic(dtype), Arithmetic(dtype)

    def fma(*abc):
        check_rounded(*abc)
        return Traced(plain.fma(*map(float, abc)))

    arith.T, arith.fma = lambda x: Traced(plain.T(float(x))), fma
    return arith


DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
HIDDEN = [str(choice) for choice in choices(ACTIVATIONS) if choice.elementwise]


def check_training(dtype, hidden, loss, optimizer):
    arith = traced_arithmetic(dtype)
    output = (loss.undoes or ("softmax",))[-1]
    net = Network.mlp(arith, [2, 3, 2], hidden, output_activation=output, initializer="he", seed=0)
    far = 1.5 if "exp" in loss.undoes else 30.0  # whose exponential is out of range
    X, y = [[-1.5, far], [0.25, 0.5], [1.0, 2.0]], [[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]]
    fit(net, X, y, loss=loss, optimizer=optimizer, epochs=2, batch_size=2)
    for layer in net.layers:
        for row in (*layer.weights, layer.biases):
            assert {type(w) for w in row} == {Traced}
            check_rounded(*row)


@pytest.mark.parametrize("loss", choices(LOSSES), ids=str)
@pytest.mark.parametrize("hidden", HIDDEN)
@DTYPES
def test_every_operation_is_rounded_before_its_result_is_used(dtype, hidden, loss):
    rate = 1e-5 if "exp" in loss.undoes else 0.1
    optimizer = SGD(rate, 0.9, nesterov=True, weight_decay=0.1, decay_biases=True)
    check_training(dtype, hidden, loss, optimizer)


@pytest.mark.parametrize("optimizer", choices(OPTIMIZERS), ids=str)
@DTYPES
def test_so_is_every_operation_of_an_optimizer(dtype, optimizer):
    check_training(dtype, "tanh", LOSSES.choice("mse"), optimizer)


def test_the_check_itself():
    arith = traced_arithmetic("float32")
    a, b, c = (arith.T(x) for x in (1.0, 2.0, 3.0))
    assert arith.T(a + arith.T(b * c)) == 7.0
    for use in (
        lambda: a + b * c,
        lambda: arith.fma(a + b, b, c),
        lambda: a + b > c,
        lambda: -(a + b),
    ):
        with pytest.raises(AssertionError, match="not rounded"):
            use()
