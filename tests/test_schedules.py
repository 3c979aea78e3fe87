"""Schedules: their rates, what fit, own loops and the reference make of them, what is refused."""

import math
import pickle
import re
from dataclasses import replace

import mpmath
import numpy as np
import pytest

import wbcore as wb
from wbcore import _core, _named, reference, schedules
from wbcore.reference.schedules import SCHEDULES, fall, real_power
from wbcore.schedules import texts

EXAMPLES = [
    schedules.Constant(0.1),
    schedules.Step(0.1, every=3, factor=0.5),
    schedules.Exponential(0.1, factor=0.7, steps=4),
    schedules.Polynomial(0.1, steps=9, end=0.01, power=1.5),
    schedules.Cosine(0.1, steps=9),
    schedules.Cosine(0.1, steps=3, minimum=0.01, restarts=True, multiplier=2),
    schedules.OneCycle(0.1, steps=11),
    schedules.InverseScaling(0.1, power=0.75),
    schedules.Plateau(0.1, "loss", factor=0.5, patience=1, min_delta=0.1),
]
WITH_WARMUP = [*EXAMPLES, *(schedule.after_warmup(4, 0.25) for schedule in EXAMPLES)]
every_schedule = pytest.mark.parametrize("schedule", WITH_WARMUP, ids=str)


def own_rate(step):
    """One of the user's."""
    return 0.1 / (1 + step % 5)


def twin(schedule):
    """The reference's schedule of ours."""
    if isinstance(schedule, schedules.Warmup):
        inner = twin(schedule.schedule)
        return replace(inner, warmup=schedule.steps, warmup_start=schedule.start)
    numbers = {number.name: getattr(schedule, number.name) for number in schedule._row.numbers}
    return SCHEDULES[schedule._row.name](**{name: float(x) for name, x in numbers.items()})


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(23, 3))
    return X, np.sin(X).sum(axis=1)


def network(dtype="float64"):
    return wb.Network.mlp([3, 5, 1], activation="tanh", seed=1, dtype=dtype)


def test_every_row_has_an_example():
    assert {s._row.name for s in EXAMPLES} == set(schedules.NAMES) == set(SCHEDULES)


def test_rows_are_those_of_the_reference():
    for row in _core.rows("schedule"):
        of_reference = SCHEDULES[row.name]
        assert of_reference.defaults() == {n.name: n.standard for n in row.numbers}
        assert of_reference.observes == row.properties["observes"]


@every_schedule
def test_the_rates_are_those_of_the_reference(schedule):
    expected = [twin(schedule).rate_at(step) for step in range(1, 61)]
    assert schedule.rates(60).tolist() == expected
    assert schedule.rates(7, first=20).tolist() == expected[19:26]
    assert [schedule(step) for step in (1, 17)] == [expected[0], expected[16]]
    assert all(0 <= rate <= 0.1 for rate in expected)


@every_schedule
def test_texts_are_read_as_they_are_written(schedule):
    assert schedules.parsed("x", str(schedule)) == schedule
    optimizer = wb.SGD(str(schedule), momentum=0.9)
    assert optimizer.learning_rate == schedule
    assert str(optimizer) == f"sgd({schedule}, 0.9)"
    again = wb.optimizers.check("fit", str(optimizer))
    assert (again.learning_rate, again.momentum) == (schedule, 0.9)
    assert str(wb.Adam(schedule)) == f"adam({schedule})"
    assert pickle.loads(pickle.dumps(optimizer)).learning_rate == schedule


def test_texts_by_hand():
    cosine = schedules.Cosine(0.01, 1000)
    for text in ("cosine(0.01, 1000)", " cosine( 0.01 ,1000 )", "cosine(0.01, 1e3)"):
        assert schedules.parsed("x", text) == cosine
    for text in (
        "cosine(0.01, 1000) after warmup(100)",
        "cosine(0.01,1000)  after  warmup( 100,0 )",
    ):
        assert schedules.parsed("x", text) == cosine.after_warmup(100)
    plateau = schedules.Plateau(0.1, "val_accuracy", 0.5)
    assert schedules.parsed("x", "plateau(0.1, 0.5) of val_accuracy") == plateau
    assert plateau.maximize
    assert str(plateau) == "plateau(0.1, 0.5) of val_accuracy"
    least = replace(plateau, mode="min")
    assert str(least) == "plateau(0.1, 0.5) of lowest val_accuracy"
    assert schedules.parsed("x", str(least)) == least
    most = schedules.Plateau(0.1, "profit", mode="max")
    assert str(most) == "plateau(0.1) of highest profit"
    assert schedules.parsed("x", str(most)) == most
    optimizer = wb.optimizers.check("fit", "adam(cosine(0.01, 1000) after warmup(10, 0.5), 0.8)")
    assert (optimizer.beta1, optimizer.learning_rate.start) == (0.8, 0.5)
    assert optimizer.learning_rate.schedule == cosine


def test_half_a_wave_and_powers_are_accurate():
    """As section 7.7.5 says."""
    rng = np.random.default_rng(0)
    with mpmath.workprec(200):
        for b in (3.0, 100.0, 99991.0, 2.0**50):
            for a in rng.integers(0, int(b), 500, endpoint=True).astype(float):
                exact = (1 + mpmath.cos(mpmath.pi * mpmath.mpf(a) / mpmath.mpf(b))) / 2
                if a == b:
                    assert fall(a, b) == 0
                else:
                    assert abs(fall(a, b) - exact) <= 4 * math.ulp(float(exact))
        for x, p in zip(rng.random(1000) ** 2, rng.uniform(0.1, 8, 1000), strict=True):
            exact, argument = mpmath.mpf(x) ** mpmath.mpf(p), abs(p * math.log(x))
            assert abs(real_power(x, p) / exact - 1) <= (2 * argument + 4) * 2.0**-53
        for x, p in zip(rng.random(500) ** 0.1, rng.integers(1, 100, 500), strict=True):
            exact = mpmath.mpf(x) ** int(p)
            assert abs(real_power(x, float(p)) / exact - 1) <= 2 * int(p) * 2.0**-53


def test_warmup_of_a_function_has_the_bits_of_the_core():
    cosine = schedules.Cosine(0.1, steps=20)
    of_function = schedules.Warmup(cosine.__call__, 7, 0.3)
    assert of_function.rates(30).tolist() == cosine.after_warmup(7, 0.3).rates(30).tolist()


# Trainings


def fitted(optimizer, problem, *, dtype="float64", **options):
    net = network(dtype)
    history = net.fit(*problem, loss="mse", optimizer=optimizer, batch_size=4, **options)
    return net, history


@every_schedule
@pytest.mark.parametrize("make", [lambda rate: wb.SGD(rate, 0.9), wb.AdamW], ids=["sgd", "adamw"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fit_is_an_own_loop_is_the_reference(schedule, make, dtype, problem):
    X, y = problem
    net, history = fitted(make(schedule), problem, dtype=dtype, epochs=4)

    looped, optimizer, rates = network(dtype), make(schedule), []
    for epoch in range(4):
        order = wb.random.permutation(len(X), seed=0, epoch=epoch)
        for first in range(0, len(X), 4):
            rows = order[first : first + 4]
            _, grads = looped.loss_and_gradients(X[rows], y[rows], loss="mse")
            optimizer.step(looped, grads)
        if isinstance(getattr(schedule, "schedule", schedule), schedules.Plateau):
            optimizer.observe(looped, history.loss[epoch])
        memory = optimizer.state(looped).observations
        rates.append(twin(schedule).rate_at(6 * (epoch + 1), memory["reductions"]))
    np.testing.assert_array_equal(looped.parameters, net.parameters)

    arith = {"float32": reference.FLOAT32, "float64": reference.FLOAT64}[dtype]
    plain = reference.Network.mlp(arith, [3, 5, 1], "tanh", seed=1)
    of_reference = reference.OPTIMIZERS.choice(
        "sgd(0.1, 0.9)" if "sgd" in str(optimizer) else "adamw(0.1)"
    )
    losses = reference.fit(
        plain, X.tolist(), [[t] for t in y.tolist()], loss="mse", optimizer=of_reference,
        epochs=4, batch_size=4, schedule=twin(schedule),
    )  # fmt: skip
    assert losses == history.loss
    flat = [x for layer in plain.layers for rows in (*layer.weights, layer.biases) for x in rows]
    assert flat == net.parameters.tolist()
    if not isinstance(getattr(schedule, "schedule", schedule), schedules.Plateau):
        assert history.learning_rate == rates


@pytest.mark.parametrize("options", [{}, {"clip_norm": 0.5, "l2": 0.01, "max_norm": 2.0}], ids=str)
@pytest.mark.parametrize("rule", wb.optimizers.NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_rule_takes_a_schedule(rule, options, dtype, problem):
    X, y = problem
    schedule = schedules.OneCycle(0.1, 11).after_warmup(3)

    def optimizer(rate):
        made = wb.optimizers.check("fit", rule)
        for name, value in {"learning_rate": rate, **options}.items():
            setattr(made, name, value)
        return made

    net, _ = fitted(optimizer(schedule), problem, dtype=dtype, epochs=3, shuffle=False)
    of_function, _ = fitted(
        optimizer(schedule.__call__), problem, dtype=dtype, epochs=3, shuffle=False
    )
    looped, stepped, assigned = network(dtype), optimizer(schedule), optimizer(schedule(1))
    by_hand = network(dtype)
    for step in range(1, 19):
        first = 4 * ((step - 1) % 6)
        for of, by in ((looped, stepped), (by_hand, assigned)):
            _, grads = of.loss_and_gradients(X[first : first + 4], y[first : first + 4], "mse")
            by.step(of, grads)
        assigned.learning_rate = schedule(step + 1) or 1e-300  # no number may be 0
    assert looped == net == of_function == by_hand


def test_threads_do_not_show(problem):
    one, two = (
        fitted(wb.Adam(schedules.OneCycle(0.1, 24)), problem, epochs=4, n_threads=n)[0]
        for n in (1, 2)
    )
    assert one == two


def test_a_plateau_in_a_fit(problem):
    """It acts from the epoch after; what it remembers is with the state and can be set."""
    rate = schedules.Plateau(0.1, "val_mae", factor=0.5, patience=2, min_delta=10)
    options = {"epochs": 6, "validation_data": problem, "metrics": ["mae"]}
    net, optimizer = network(), wb.SGD(rate)
    history = net.fit(*problem, loss="mse", optimizer=optimizer, batch_size=4, **options)
    assert history.learning_rate == [0.1, 0.1, 0.1, 0.05, 0.05, 0.025]
    assert optimizer.state(net).observations == {
        "best": history.val_mae[0],
        "waited": 1,
        "reductions": 2,
    }
    other, again = wb.SGD(rate), net.copy()
    state = optimizer.state(net)
    other.set_state(again, state.steps, state.arrays, observations=state.observations)
    for optimized, of in ((net, optimizer), (again, other)):
        optimized.fit(*problem, loss="mse", optimizer=of, batch_size=4, first_epoch=6, **options)
    assert again == net
    assert again.history.learning_rate == net.history.learning_rate
    assert net.history.learning_rate == [0.025, 0.0125, 0.0125, 0.00625, 0.00625, 0.003125]


def test_a_plateau_that_a_callback_brings(problem):
    net, optimizer = network(), wb.SGD(0.1)

    def callback(epoch, _):
        if epoch == 0:
            optimizer.learning_rate = schedules.Plateau(0.05, "loss", patience=1, min_delta=10)

    history = net.fit(
        *problem, loss="mse", optimizer=optimizer, batch_size=4, epochs=4, callback=callback
    )
    assert history.learning_rate == [0.1, 0.05, 0.05, 0.1 * 0.05]


@pytest.mark.parametrize(
    "function",
    [
        own_rate,
        schedules.Warmup(own_rate, 7),
        lambda step: np.float32(0.1) / np.float32(step),
        lambda step: np.array(0.1 / step),
        lambda step: step % 2,  # integers, and 0
    ],
)
def test_functions_of_the_step(function, problem):
    X, y = problem
    net, history = fitted(wb.SGD(function, 0.9), problem, epochs=3, shuffle=False)
    looped, optimizer = network(), wb.SGD(function, 0.9)
    for _ in range(3):
        for first in range(0, len(X), 4):
            _, grads = looped.loss_and_gradients(X[first : first + 4], y[first : first + 4], "mse")
            optimizer.step(looped, grads)
    assert looped == net
    assert history.learning_rate == [float(function(step)) for step in (6, 12, 18)]


def test_a_function_is_asked_once_for_each_step_before_its_epoch(problem):
    asked, seen = [], []

    def rate(step):
        asked.append(step)
        return 0.1

    fitted(wb.SGD(rate), problem, epochs=3, callback=lambda *_: seen.append(len(asked)))
    assert asked == list(range(1, 19))
    assert seen == [6, 12, 18]


@pytest.mark.parametrize(
    ("wrong", "error", "got"),
    [
        (math.nan, ValueError, "nan"),
        (-0.1, ValueError, "-0.1"),
        (math.inf, ValueError, "inf"),
        (1e39, ValueError, r"1e\+39"),
        (None, TypeError, "None"),
        ("0.1", TypeError, "'0.1'"),
    ],
)
def test_what_a_function_says_is_looked_at(wrong, error, got, problem):
    def rate(step):
        return wrong if step == 9 else 0.1

    net, optimizer = network(), wb.SGD(rate)
    expected = (
        rf"^\[fit\] expected learning_rate to be a function of the step that gives finite numbers "
        rf"of at least 0, got {got} at step 9$"
    )
    with pytest.raises(error, match=expected):
        net.fit(*problem, loss="mse", optimizer=optimizer, batch_size=4, epochs=3)
    assert net.history.status == "failed"
    assert len(net.history) == 1
    assert optimizer.state(net).steps == 6
    assert net == fitted(wb.SGD(0.1), problem, epochs=1)[0]
    optimizer.state(net).steps = 8
    before = net.parameters.copy()
    _, grads = net.loss_and_gradients(*problem, loss="mse")
    with pytest.raises(error, match=r"^\[step\] .* at step 9$"):
        optimizer.step(net, grads)
    np.testing.assert_array_equal(net.parameters, before)


def test_an_error_of_a_function_is_its_own(problem):
    class MineError(Exception):
        pass

    def rate(step):
        if step > 6:
            raise MineError
        return 0.1

    net = network()
    with pytest.raises(MineError):
        net.fit(*problem, loss="mse", optimizer=wb.SGD(rate), batch_size=4, epochs=3)
    assert len(net.history) == 1
    net.fit(*problem, loss="mse", optimizer="sgd")  # and may be trained again


def test_the_step_counts_on_from_fit_to_fit(problem):
    optimizer, net = wb.SGD(schedules.Cosine(0.1, steps=24)), network()
    for epoch in range(4):
        net.fit(
            *problem, loss="mse", optimizer=optimizer, batch_size=4, epochs=1, first_epoch=epoch
        )
    assert net == fitted(wb.SGD(schedules.Cosine(0.1, steps=24)), problem, epochs=4)[0]


def test_a_rate_of_0_changes_nothing(problem):
    net = network("float32")
    before = net.parameters.copy()
    net.fit(*problem, loss="mse", optimizer=wb.SGD(lambda _: 1e-60), batch_size=4)  # in float32
    np.testing.assert_array_equal(net.parameters, before)
    with pytest.warns(wb.TrainingWarning, match="steps had a learning rate of 0"):
        net.fit(*problem, loss="mse", optimizer=wb.Adam(lambda _: 0), batch_size=4)
    np.testing.assert_array_equal(net.parameters, before)


def test_history_of_rates(problem):
    _, plain = fitted(wb.SGD(0.1), problem, epochs=2)
    assert plain.learning_rate == [0.1, 0.1]
    assert plain.names == ("loss",)
    assert list(plain.to_dict()) == ["loss"]
    assert "learning_rate" not in str(plain)
    assert "_learning_rate" not in dir(plain)
    _, scheduled = fitted(wb.SGD(schedules.Constant(0.1)), problem, epochs=2)
    assert scheduled.names == ("loss", "learning_rate")
    assert scheduled.to_dict()["learning_rate"] == [0.1, 0.1]
    assert str(scheduled).splitlines()[0].split() == ["epoch", "loss", "learning_rate"]
    assert pickle.loads(pickle.dumps(plain)).learning_rate == [0.1, 0.1]
    _, of_function = fitted(wb.SGD(own_rate), problem, epochs=1)
    assert of_function.names == ("loss", "learning_rate")


def test_divergence_names_the_rate_of_its_step(problem):
    schedule = schedules.Constant(1e6).after_warmup(4)
    with pytest.raises(wb.DivergenceError, match=r"A learning rate below \d+e?\+?\d* may help"):
        fitted(wb.SGD(schedule), problem, epochs=50)
    with pytest.raises(wb.DivergenceError, match=r"A learning rate below 1e\+06 may help"):
        fitted(wb.SGD(lambda _: 1e6), problem, epochs=50)


# What is refused


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: schedules.Cosine(0.1, 0), ValueError, "steps to be an integer from 1 to 2"),
        (lambda: schedules.Cosine(0.1, 2.5), ValueError, "steps to be an integer from 1"),
        (lambda: schedules.Cosine(0.1, "9"), TypeError, "steps to be an integer from 1"),
        (lambda: schedules.Cosine(0, 9), ValueError, "learning_rate to be a finite number above"),
        (lambda: schedules.Cosine(0.1, 9, restarts=1), TypeError, "restarts to be True or False"),
        (lambda: schedules.Step(0.1, 9, 1.5), ValueError, "factor to be a number above 0, at most"),
        (lambda: schedules.OneCycle(0.1, 1), ValueError, "steps to be an integer from 2"),
        (lambda: schedules.Plateau(0.1, 7), TypeError, "monitor to be the name of a series"),
        (lambda: schedules.Plateau(0.1, mode="up"), ValueError, "mode to be one of auto, min, max"),
        (lambda: schedules.Plateau(0.1, minimum=1), ValueError, "minimum to be at most learning"),
        (lambda: schedules.Warmup(0.1, 9), TypeError, "schedule to be a schedule or a function"),
        (lambda: schedules.Constant(0.1).after_warmup(0), ValueError, "steps to be an integer"),
        (lambda: schedules.Constant(0.1).after_warmup(9, 2), ValueError, "start to be a number"),
        (
            lambda: schedules.Constant(0.1).after_warmup(9).after_warmup(9),
            ValueError,
            r"expected a schedule without one, got constant\(0.1\) after warmup\(9\)",
        ),
        (lambda: wb.SGD("cosine(0.1)"), ValueError, "cosine needs learning_rate and steps"),
        (
            lambda: wb.SGD("cosinus(0.1, 9)"),
            ValueError,
            r"\[SGD\] expected learning_rate to be one of constant\(learning_rate\)",
        ),
        (lambda: wb.SGD("constant(0.1) of loss"), ValueError, "no series behind constant"),
        (lambda: wb.SGD("constant(0.1) after warmup()"), ValueError, "a warm-up such as warmup"),
        (lambda: wb.SGD("constant(0.1) after warmup(1.5)"), ValueError, "a warm-up such as warm"),
        (lambda: wb.SGD(schedules.Cosine), TypeError, "got the class Cosine"),
        (lambda: wb.SGD(None), TypeError, "learning_rate to be a finite number above 0"),
        (lambda: schedules.Constant(0.1)(0), ValueError, "step to be an integer from 1"),
        (lambda: schedules.count_steps(0, 1), ValueError, "rows to be an integer from 1"),
    ],
)
def test_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_rate_that_is_0_in_float32_is_refused(problem):
    with pytest.raises(ValueError, match=r"learning_rate of sgd .* in float32, got 1e-60"):
        fitted(wb.SGD(schedules.Constant(1e-60)), problem, dtype="float32")
    fitted(wb.SGD(schedules.Constant(1e-60)), problem)


def test_a_plateau_must_see_what_it_watches(problem):
    net = network()
    optimizer = wb.SGD(schedules.Plateau(0.1))
    with pytest.raises(
        ValueError,
        match=r"^\[fit\] expected the plateau to watch one of the series loss, mae, "
        r"got 'val_loss'; pass validation_data, or watch another one$",
    ):
        net.fit(*problem, loss="mse", optimizer=optimizer, metrics=["mae"])
    with pytest.raises(ValueError, match=r"got 'r2'$"):
        net.fit(
            *problem,
            loss="mse",
            optimizer=wb.SGD("plateau(0.1) of r2"),
            validation_data=problem,
        )
    with pytest.raises(ValueError, match=r"^\[observe\] expected learning_rate to be a Plateau"):
        wb.SGD(0.1).observe(net, 1.0)
    with pytest.raises(TypeError, match=r"^\[observe\] expected value to be a number"):
        optimizer.observe(net, "1")
    with pytest.raises(TypeError, match="expected observations to be a mapping of best"):
        optimizer.state(net).observations = {"best": 1.0}
    with pytest.raises(ValueError, match="expected waited to be an integer"):
        optimizer.state(net).observations = {"best": None, "waited": -1, "reductions": 0}


def test_a_plateau_and_nan():
    net, optimizer = network(), wb.SGD(schedules.Plateau(0.1, factor=0.5, patience=2))
    told = [optimizer.observe(net, x) for x in (math.nan, math.nan, 1.0, math.nan, math.inf)]
    assert told == [0.1, 0.05, 0.05, 0.05, 0.025]
    assert optimizer.state(net).observations["best"] == 1.0


def test_there_are_rows_for_all_classes():
    rows = _named.rows("schedule")
    assert [cls._row.name for cls in texts._CLASSES] == list(rows)


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("cosine", "learning_rate and steps: cosine(learning_rate, steps), got 'cosine'"),
        ("cosine(0.1)", "learning_rate and steps: cosine(learning_rate, steps), got 'cosine(0.1)'"),
        ("step(0.1) after warmup(3)", "learning_rate and every: step(learning_rate, every), got "),
        ("plateau of loss", "learning_rate: plateau(learning_rate), got 'plateau'"),
    ],
)
def test_texts_that_lack_numbers(text, needs):
    with pytest.raises(ValueError, match=r"^\[SGD\] expected learning_rate to be a schedule"):
        wb.SGD(text)
    with pytest.raises(ValueError, match=re.escape(f"needs {needs}")):
        network().fit([[1]], [1], loss="mse", optimizer=f"sgd({text})")
