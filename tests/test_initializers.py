"""Initial weights: formulas, draws, streams."""

import functools
import inspect
import itertools
import pickle

import numpy as np
import pytest

import wbcore as wb
from wbcore import _core, _named, initializers, reference

SHAPES = [(1, 1), (3, 4), (40, 30), (30, 40)]

# What the draws are multiplied by, and where uniform ones end.
NORMAL = {
    "xavier": lambda i, _: np.sqrt(1 / i),
    "lecun_normal": lambda i, _: np.sqrt(1 / i),
    "he": lambda i, _: np.sqrt(2 / i),
    "glorot_normal": lambda i, o: np.sqrt(2 / (i + o)),
    "normal": lambda *_: 0.05,
}
UNIFORM = {
    "lecun_uniform": lambda i, _: np.sqrt(3 / i),
    "he_uniform": lambda i, _: np.sqrt(6 / i),
    "glorot_uniform": lambda i, o: np.sqrt(6 / (i + o)),
    "uniform": lambda *_: 0.05,
}
ROWS = _named.rows("initializer")
DRAWN = [name for name in initializers.NAMES if ROWS[name].properties["draw"] != "none"]
CONSTANT = {"zeros": 0.0, "ones": 1.0, "constant": 0.0}


def generators():
    return [np.random.default_rng(5), np.random.RandomState(5)]


def others(name):
    """Numbers that are not the defaults, for any row."""
    row = ROWS[name]
    numbers = {n.name: n.standard + 0.25 * (i + 1) for i, n in enumerate(row.numbers)}
    assert all(n.allows(numbers[n.name]) for n in row.numbers), name
    return numbers


def text(name, numbers):
    return f"{name}({', '.join(map(repr, numbers.values()))})"


# Every row of the core's table


def test_functions_are_the_rows_of_the_core():
    functions = [n for n in initializers.__all__ if callable(getattr(initializers, n))]
    assert sorted(functions) == sorted(initializers.NAMES) == sorted(reference.INITIALIZERS)
    assert initializers.NAMES[0] == "zeros"
    assert set(initializers.BIAS_NAMES) < set(initializers.NAMES)


@pytest.mark.parametrize("name", initializers.NAMES)
def test_parameters_are_the_numbers_of_the_row(name):
    parameters = inspect.signature(getattr(initializers, name)).parameters.values()
    row = ROWS[name]
    middle = list(parameters)[2:-3]
    assert [(p.name, p.default) for p in middle] == [(n.name, n.standard) for n in row.numbers]
    for number in row.numbers:
        with pytest.raises(
            ValueError,
            match=rf"^\[{name}\] expected {number.name} to be {number.expected}, got nan$",
        ):
            getattr(initializers, name)(2, 3, **{number.name: np.nan})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", initializers.NAMES)
def test_bits_of_the_reference_and_of_the_core(name, dtype):
    function = getattr(initializers, name)
    arithmetic = reference.FLOAT32 if dtype == "float32" else reference.FLOAT64
    for shape, numbers in itertools.product(
        [(1, 1), (1, 9), (9, 1), (5, 7), (7, 5), (300, 2), (2, 300)], [{}, others(name)]
    ):
        ours = function(*shape, seed=2**64 - 1, layer=3, dtype=dtype, **numbers)
        assert ours.shape == shape
        assert ours.dtype == dtype
        expected = reference.initial_weights(
            arithmetic, reference.INITIALIZERS[name](**numbers), shape, 2**64 - 1, 3
        )
        assert ours.tobytes() == np.array(expected, dtype).tobytes(), (shape, numbers)
        choice = _core.Initializer.parse("initializer", text(name, numbers))
        assert choice.name == name
        core = choice.from_stream(2**64 - 1, 3, *shape, dtype == "float32")
        assert core.tobytes() == ours.tobytes(), (shape, numbers)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", initializers.NAMES)
def test_bits_from_the_draws_of_numpy(name, dtype):
    draw = ROWS[name].properties["draw"]
    for shape, numbers in itertools.product([(6, 4), (4, 6), (1, 5)], [{}, others(name)]):
        for rng, same in zip(generators(), generators(), strict=True):
            ours = getattr(initializers, name)(*shape, seed=rng, dtype=dtype, **numbers)
            draws = np.zeros(shape)
            if draw != "none":
                draws = same.standard_normal(shape) if draw == "normal" else same.random(shape)
            assert rng.random() == same.random()  # no draw more, no draw less
            choice = reference.INITIALIZERS[name](**numbers)
            expected = np.array(reference.from_draws(choice, draws.tolist()), np.float64)
            assert ours.tobytes() == expected.astype(dtype).tobytes(), (shape, numbers)


@pytest.mark.parametrize("name", initializers.NAMES)
def test_network_takes_every_text(name):
    numbers = others(name)
    for written, kept in [
        (name, name),
        (f"{name}( )", name),
        (text(name, numbers), text(name, numbers) if numbers else name),
    ]:
        options = {} if kept == name else numbers
        dense = wb.Dense(4, 5, initializer=written)
        assert dense.initializer == kept
        expected = getattr(initializers, name)(4, 5, seed=6, dtype="float32", **options)
        for net in (
            wb.Network([dense], seed=6),
            wb.Network.mlp([4, 5], initializer=written, seed=6),
        ):
            assert net[0].weights.tobytes() == expected.tobytes()
        if name in initializers.BIAS_NAMES:
            net = wb.Network([wb.Dense(4, 5, bias_initializer=written)], seed=6)
            expected = getattr(initializers, name)(
                1, 5, seed=6, layer=2**62, dtype="float32", **options
            )
            assert net[0].biases.tobytes() == expected.tobytes()


def test_text_is_as_a_user_would_write_it():
    dense = wb.Dense(4, 5, initializer="normal( 0,.1 )", bias_initializer="constant(0)")
    assert dense.initializer == "normal(0, 0.1)"
    assert dense.bias_initializer == "constant"
    assert dense == wb.Dense(4, 5, initializer="normal(0, 0.1)", bias_initializer="constant")


def test_signs_of_zero_stay():
    minus = initializers.constant(1, 1, value=-0.0)
    assert np.signbit(minus).all()

    class Zeros(np.random.RandomState):
        def standard_normal(self, size):
            return np.full(size, -0.0)

    assert np.signbit(initializers.he(1, 2, seed=Zeros())).all()
    assert not np.signbit(initializers.normal(1, 2, seed=Zeros())).any()  # -0 + 0


def test_refusals_draw_nothing():
    for options in ({"low": 1, "high": 0}, {"low": np.inf}, {"layer": -1}, {"dtype": "int8"}):
        for rng, same in zip(generators(), generators(), strict=True):
            with pytest.raises(ValueError, match=r"^\[uniform\] expected"):
                initializers.uniform(3, 4, seed=rng, **options)
            assert rng.random() == same.random()


def test_values_beyond_the_dtype_are_shown_as_they_are():
    with pytest.raises(ValueError, match=r"to be finite in float32, got 1e\+39 at \[0, 0\]$"):
        initializers.constant(2, 3, value=1e39, dtype="float32")
    with pytest.raises(ValueError, match=r"to be finite, got inf at \[0, 1\]$"):
        initializers.normal(2, 3, std=1e308, mean=1.7e308, seed=1)


def test_functions_are_pickled_by_their_public_name():
    for name in initializers.NAMES:
        function = getattr(initializers, name)
        assert (function.__module__, function.__qualname__) == ("wbcore.initializers", name)
        assert pickle.loads(pickle.dumps(function)) is function


# Formulas


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NORMAL)
def test_normal_draws_of_a_generator(name, shape):
    for rng, same in zip(generators(), generators(), strict=True):
        expected = same.standard_normal(shape) * NORMAL[name](*shape)
        assert getattr(initializers, name)(*shape, seed=rng).tobytes() == expected.tobytes()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_draws_of_a_generator(name, shape):
    limit = UNIFORM[name](*shape)
    for rng, same in zip(generators(), generators(), strict=True):
        expected = -limit + (limit - -limit) * same.random(shape)
        assert getattr(initializers, name)(*shape, seed=rng).tobytes() == expected.tobytes()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NORMAL)
def test_normal_draws_of_a_seed(name, shape):
    draws = wb.random.standard_normal(11, 2, shape[0] * shape[1]).reshape(shape)
    W = getattr(initializers, name)(*shape, seed=11, layer=2)
    assert W.tobytes() == (draws * NORMAL[name](*shape)).tobytes()


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_draws_of_a_seed(name):
    limit = UNIFORM[name](6, 7)
    draws = wb.random.uniform(11, 2, 42).reshape(6, 7)
    W = getattr(initializers, name)(6, 7, seed=11, layer=2)
    assert W.tobytes() == (-limit + (limit - -limit) * draws).tobytes()


@pytest.mark.parametrize("name", CONSTANT)
def test_constants(name):
    assert (getattr(initializers, name)(3, 4) == CONSTANT[name]).all()
    assert (initializers.constant(3, 4, value=-2.5) == -2.5).all()


def test_truncated_normal_is_the_quantile_of_the_draws():
    u = wb.random.uniform(3, 1, 20_000)
    W = initializers.truncated_normal(200, 100, mean=1, std=2, seed=3, layer=1).ravel()
    assert np.abs((W - 1) / 2).max() <= 2
    below = 0.022750131948179207  # the normal distribution function at -2
    expected = _core.normal_quantile(below + (1 - 2 * below) * u)
    # The argument's rounding, 2**-53 of at most 1, over the smallest density, that at 2.
    np.testing.assert_allclose((W - 1) / 2, expected, rtol=1e-14, atol=2 * 2**-53 / 0.054)
    assert W.std() / 2 == pytest.approx(0.8796, abs=0.015)


@pytest.mark.parametrize("shape", SHAPES)
def test_orthogonal(shape):
    W = initializers.orthogonal(*shape, seed=1, gain=2.0) / 2
    small = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-14)
    draws = wb.random.standard_normal(1, 0, shape[0] * shape[1]).reshape(shape)
    # The first column (or row) is the normalised first column (or row) of the draws.
    first = draws[:, 0] if shape[0] >= shape[1] else draws[0]
    got = W[:, 0] if shape[0] >= shape[1] else W[0]
    np.testing.assert_allclose(got, first / np.linalg.norm(first), rtol=1e-13)


@pytest.mark.parametrize("name", initializers.NAMES)
def test_float32_is_the_rounded_float64(name):
    function = getattr(initializers, name)
    single = function(5, 6, seed=4, dtype="float32")
    assert single.dtype == np.float32
    assert single.tobytes() == function(5, 6, seed=4).astype(np.float32).tobytes()


@pytest.mark.parametrize("name", DRAWN)
def test_seed_and_layer_choose_the_draws(name):
    function = getattr(initializers, name)
    first = function(5, 6, seed=2, layer=3)
    assert (function(5, 6, seed=np.uint64(2), layer=np.int8(3)) == first).all()
    assert (function(5, 6, seed=3, layer=3) != first).any()
    assert (function(5, 6, seed=2, layer=2) != first).any()
    assert (function(5, 6, seed=2**64 - 1, layer=3) != first).any()


@pytest.mark.parametrize("name", DRAWN)
def test_narrow_integers_do_not_narrow_the_arithmetic(name):
    function = getattr(initializers, name)
    assert function(np.int8(100), np.int8(100)).tobytes() == function(100, 100).tobytes()


def test_moments_of_a_large_matrix():
    n = 400
    for name, variance in [("xavier", 1 / n), ("he", 2 / n), ("glorot_normal", 2 / (2 * n))]:
        W = getattr(initializers, name)(n, n, seed=8)
        # Standard errors over n * n draws: std / n of the mean, variance sqrt(2) / n of the other.
        assert abs(W.mean()) < 5 * np.sqrt(variance) / n
        assert W.var() == pytest.approx(variance, rel=5 * np.sqrt(2) / n)


def test_uniform_variance_is_that_of_the_normal_ones():
    for name, variance in [("lecun_uniform", 1 / 300), ("he_uniform", 2 / 300)]:
        W = getattr(initializers, name)(300, 300, seed=8)
        assert W.var() == pytest.approx(variance, rel=0.02)


def test_signatures_are_alike():
    for name in initializers.NAMES:
        parameters = list(inspect.signature(getattr(initializers, name)).parameters)
        assert parameters[:2] == ["fan_in", "fan_out"]
        assert parameters[-3:] == ["seed", "layer", "dtype"]


def test_names_are_explained_where_they_are_documented():
    for text in (
        initializers.__doc__,
        initializers.xavier.__doc__,
        initializers.glorot_normal.__doc__,
    ):
        assert "lessons" in text
        assert "Glorot" in text
    for text in (wb.Dense.__doc__, wb.Network.mlp.__doc__):
        assert "lessons" in text
        assert "glorot_normal" in text


# In networks


@pytest.mark.parametrize("activation", [n for n in wb.activations.NAMES if n != "softmax"])
def test_default_of_a_layer(activation):
    name = "he" if activation in wb.activations.RELU_FAMILY else "xavier"
    net = wb.Network(
        [wb.Dense(4, 5, activation), wb.Dense(5, 3, "softmax")], seed=6, dtype="float64"
    )
    assert (net[0].weights == getattr(initializers, name)(4, 5, seed=6, layer=0)).all()
    assert (net[1].weights == initializers.xavier(5, 3, seed=6, layer=1)).all()
    assert (net[0].biases == 0).all()


def test_dtype_of_the_network_only_rounds():
    single = wb.Network.mlp([5, 7, 3], seed=9)
    double = wb.Network.mlp([5, 7, 3], seed=9, dtype="float64")
    assert (single.parameters == double.parameters.astype(np.float32)).all()


def test_layers_consume_one_generator_in_order():
    for rng, same in zip(generators(), generators(), strict=True):
        net = wb.Network([wb.Dense(3, 4), wb.Dense(4, 2, initializer="he_uniform")], rng, "float64")
        assert (net[0].weights == same.standard_normal((3, 4)) * np.sqrt(1 / 3)).all()
        limit = np.sqrt(6 / 4)
        assert (net[1].weights == -limit + (limit - -limit) * same.random((4, 2))).all()
        assert rng.random() == same.random()


def test_biases_have_streams_of_their_own():
    net = wb.Network([wb.Dense(3, 4, bias_initializer="normal")], seed=2, dtype="float64")
    assert (net[0].biases == 0.05 * wb.random.standard_normal(2, 2**62, 4)).all()
    assert (net[0].weights == initializers.xavier(3, 4, seed=2)).all()
    # A generator's draws for weights come before those for biases.
    rng, same = np.random.default_rng(0), np.random.default_rng(0)
    net = wb.Network([wb.Dense(3, 4, "relu", "normal", "normal")], rng, "float64")
    assert (net[0].weights == 0.05 * same.standard_normal((3, 4))).all()
    assert (net[0].biases == 0.05 * same.standard_normal((1, 4))).all()


def test_own_function():
    net = wb.Network([wb.Dense(2, 3, initializer=lambda i, o: np.full((i, o), 1 / i))])
    assert (net[0].weights == 0.5).all()
    net = wb.Network([wb.Dense(2, 3, bias_initializer=lambda _, o: list(range(o)))])
    assert net[0].biases.tolist() == [0, 1, 2]


def test_own_function_is_given_seed_and_layer_if_it_takes_them():
    calls = []

    def initializer(fan_in, fan_out, *, seed, layer):
        calls.append((fan_in, fan_out, seed, layer))
        return np.zeros((fan_in, fan_out))

    wb.Network([wb.Dense(2, 3), wb.Dense(3, 4, initializer=initializer)], seed=17)
    assert calls == [(3, 4, 17, 1)]


def test_partial_of_an_initializer_draws_from_the_network():
    wide = functools.partial(initializers.normal, std=3.0)
    net = wb.Network([wb.Dense(2, 3), wb.Dense(3, 4, initializer=wide)], seed=17, dtype="float64")
    assert (net[1].weights == initializers.normal(3, 4, std=3.0, seed=17, layer=1)).all()
    fixed = functools.partial(initializers.normal, seed=1)
    net = wb.Network([wb.Dense(2, 3), wb.Dense(3, 4, initializer=fixed)], seed=17, dtype="float64")
    assert (net[1].weights == initializers.normal(3, 4, seed=1, layer=1)).all()


def test_function_without_a_signature():
    # Nobody can tell the parameters of some builtins: they are called with the two numbers.
    with pytest.raises(ValueError, match=r"expected weights of shape \(2, 3\), got shape \(\)"):
        wb.Network([wb.Dense(2, 3, initializer=max)])


def test_a_class_is_no_initializer():
    for kind in (int, wb.Network, wb.losses.MSE):
        for name in ("initializer", "bias_initializer"):
            with pytest.raises(TypeError, match=rf"expected {name} to be .*, got <class '"):
                wb.Dense(2, 3, **{name: kind})
