"""Records of parameters: what they say is what NumPy says of the same numbers."""

import itertools
import json
import math

import numpy as np
import pytest

import wbcore as wb
from wbcore import _core, _record_bytes
from wbcore.histogram import Histogram
from wbcore.parameter_history import ParameterRecord
from wbcore.reference import digest as reference_digest

WIDTHS = [1, 7, 15, 16, 17]
DTYPES = ["float32", "float64"]


def measured(values):
    """What a record says of an array."""
    return ParameterRecord(_core.array_record(values))[0].weights


def data(inputs=7, outputs=3, rows=96, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, inputs)), rng.standard_normal((rows, outputs))


def arrays(net):
    return [[layer.weights.copy(), layer.biases.copy()] for layer in net]


class Watcher:
    """Keeps the parameters before and after each batch, and each gradient of the loss."""

    def __init__(self):
        self.states = []

    def before_fit(self, run):
        self.states.append(arrays(run.network))

    def after_batch(self, run):
        run.sync()
        self.states.append(arrays(run.network))


def watched(net, track, **settings):
    watcher = Watcher()
    X, y = data(net.widths[0], net.widths[-1])
    given = {"loss": "mse", "epochs": 3, "batch_size": 16} | settings
    history = net.fit(X, y, callbacks=[watcher], track=track, **given)
    return history.parameters, watcher.states


def assert_is_numpys(record, array):
    a = np.asarray(array).astype(np.float64).reshape(-1)
    finite = a[np.isfinite(a)]
    assert (record.n, record.zeros) == (a.size, (a == 0).sum())
    assert record.nonfinite == a.size - finite.size
    assert (record.min, record.max) == (finite.min(), finite.max())
    near = {"rel": 1e-12, "abs": 1e-15 * np.abs(finite).max()}
    assert record.mean == pytest.approx(finite.mean(), **near)
    assert record.mean_abs == pytest.approx(np.abs(finite).mean(), rel=1e-12)
    assert record.std == pytest.approx(finite.std(), **near)
    assert record.norm == pytest.approx(np.linalg.norm(finite), rel=1e-12)
    assert record.histogram.n == finite.size
    for q in (0, 0.1, 0.25, 0.5, 0.75, 0.99, 1):
        exact = np.quantile(finite, q, method="lower")
        assert abs(record.histogram.quantile(q) - exact) <= 0.063 * abs(exact) + 2.0**-129


def norm(a, b):
    return np.linalg.norm(np.subtract(a, b, dtype=np.float64))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", WIDTHS)
def test_records_are_of_the_parameters_of_their_step(width, dtype):
    net = wb.Network.mlp([7, width, 3], seed=1, dtype=dtype)
    records, states = watched(net, 4, optimizer=wb.SGD(0.05, momentum=0.9))
    assert [record.step for record in records] == [0, 4, 8, 12, 16, 18]
    assert [(record.epoch, record.batch) for record in records] == [
        (-1, -1), (0, 3), (1, 1), (1, 5), (2, 3), (2, 5)
    ]  # fmt: skip
    before = None
    for record in records:
        for layer, (one, now) in enumerate(zip(record, states[record.step], strict=True)):
            for found, array, first in zip(one[:2], now, states[0][layer], strict=True):
                assert_is_numpys(found, array)
                if before is not None:
                    assert found.change == pytest.approx(norm(array, first), rel=1e-12)
        before = record
    assert records.final.digest == wb.inspect.digest(net)


SETTINGS = [
    {"optimizer": wb.SGD(0.05, momentum=0.9, nesterov=True)},
    {"optimizer": wb.SGD(0.05, weight_decay=0.01)},
    {"optimizer": wb.Adam(0.01)},
    {"optimizer": wb.SGD(0.05, clip_norm=0.1, max_norm=0.5)},
    {"optimizer": wb.Adam(0.01), "n_threads": 2, "validation_fraction": 0.25},
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_changes_and_updates_are_those_of_the_batch(settings, dtype):
    net = wb.Network.mlp([7, 9, 3], seed=1, dtype=dtype)
    records, states = watched(net, 2, **settings)
    assert all(math.isnan(array.update_norm) for array in records[0][0][:2])
    for last, record in itertools.pairwise(records):
        step = record.step
        for layer, one in enumerate(record):
            for of, found in enumerate(one[:2]):
                now, before, then = (states[s][layer][of] for s in (step, step - 1, last.step))
                assert found.change_since_last == pytest.approx(norm(now, then), rel=1e-12)
                assert found.update_norm == pytest.approx(norm(now, before), rel=1e-12)
                size = np.linalg.norm(before.astype(np.float64))
                if size == 0:
                    assert math.isnan(found.update_ratio)
                else:
                    assert found.update_ratio == pytest.approx(found.update_norm / size, rel=1e-12)


def test_gradient_norms_are_those_of_the_loss():
    X, y = data()
    net = wb.Network.mlp([7, 9, 3], seed=1, dtype="float64")
    _, gradients = net.loss_and_gradients(X, y, loss="mse")
    history = net.fit(X, y, loss="mse", batch_size=len(X), shuffle=False, track=1)
    for one, layer in zip(history.parameters[1], gradients, strict=True):
        for found, gradient in zip(one[:2], layer, strict=True):
            assert found.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-12)


VALUES = {
    "one": [0.5],
    "equal": [0.1] * 5000,
    "zeros": [0.0, -0.0] * 9,
    "denormal": [1e-40, -3e-42, 0.0, 2e-39],
    "wide": np.geomspace(1e-35, 1e35, 4097) * np.resize([1, -1], 4097),
    "normal": np.random.default_rng(0).standard_normal(10_001),
    "shifted": 1e4 + np.random.default_rng(1).standard_normal(5000),
    "nonfinite": np.where(np.arange(6000) % 7 == 0, np.nan, np.linspace(-3, 5, 6000)),
    "infinite": [math.inf, 1.0, -math.inf, math.nan, -2.0],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", VALUES)
def test_what_is_found_of_an_array(name, dtype):
    values = np.array(VALUES[name], dtype)
    assert_is_numpys(measured(values), values)


@pytest.mark.parametrize("dtype", DTYPES)
def test_of_no_finite_number_there_is_nothing_to_say(dtype):
    record = measured(np.array([math.nan, math.inf], dtype))
    assert (record.n, record.nonfinite, record.histogram.n) == (2, 2, 0)
    assert math.isnan(record.mean)
    assert math.isnan(record.max)
    assert record.norm == 0


def test_histograms_are_merged_by_adding():
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal(300).astype("f"), np.zeros(5, "f")
    both = Histogram.of(a) + Histogram.of(b) + Histogram.of(-a)
    assert both == Histogram.of(np.concatenate([a, b, -a]))
    assert both.quantile(0.5) == 0.0


def test_bins_are_the_first_bits_of_a_float():
    values = np.random.default_rng(3).standard_normal(1000).astype("f")
    found = Histogram.of(values)
    bins, counts = np.unique(values.view(np.uint32) >> 20, return_counts=True)
    assert found == Histogram(bins, counts)
    # doubles that are floats are counted as these
    assert Histogram.of(values.astype(np.float64)) == found
    for (low, high), number in zip(found.intervals, found.bins, strict=True):
        inside = values[values.view(np.uint32) >> 20 == number]
        assert (low <= inside).all()
        assert (inside <= high).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("widths", [[1, 1], [3, 5, 2], [1, 17, 1], [300, 35, 3]])
def test_digests_are_those_of_the_reference(widths, dtype):
    net = wb.Network.mlp(widths, seed=4, dtype=dtype)
    found = [np.atleast_2d(array).tolist() for layer in arrays(net) for array in layer]
    assert wb.inspect.digest(net) == reference_digest(found, dtype)


def test_digests_differ_by_one_bit():
    net = wb.Network.mlp([8, 6, 2], seed=0)
    found = {wb.inspect.digest(net)}
    bits = net.parameters.view(np.uint32)
    for place in range(bits.size):
        for bit in range(32):
            bits[place] ^= np.uint32(1 << bit)
            found.add(wb.inspect.digest(net))
            bits[place] ^= np.uint32(1 << bit)
    assert len(found) == 1 + 32 * bits.size


@pytest.mark.parametrize(
    "spoil",
    [
        lambda layer: layer["weights"]["counts"].clear(),
        lambda layer: layer["weights"]["bins"].pop(),
        lambda layer: layer["units"].update(active=[1], saturated=[1, 2]),
    ],
)
def test_a_damaged_record_is_refused_when_it_is_read(spoil):
    net = wb.Network.mlp([2, 3, 1], activation="sigmoid", seed=0)
    history = net.fit([[0.5, 1.0]], [1.0], loss="mse", epochs=1, track="epoch")
    fields = json.loads(history.to_json())
    spoil(fields["parameters"][1]["layers"][0])
    with pytest.raises(ValueError, match=r"\[from_json\] expected parameters of a history"):
        wb.History.from_json(json.dumps(fields))


def test_a_record_of_more_bins_than_there_are_bytes_is_refused():
    net = wb.Network.mlp([2, 3, 1], seed=0)
    history = net.fit([[0.5, 1.0]], [1.0], loss="mse", epochs=1, track="epoch")
    data = bytearray(history._record["parameters"][0])
    place = _record_bytes._HEAD.size + _record_bytes._ARRAY.size
    for count in (2**20, 2**63 - 1, 2**64 - 1):
        data[place : place + 8] = count.to_bytes(8, "little")
        with pytest.raises(ValueError, match=r"\[history\] expected whole records, got \d+ of"):
            list(_record_bytes.split(bytes(data)))


def test_quantiles_of_an_array_stay_between_the_ends():
    values = np.random.default_rng(0).normal(size=999)
    histogram = measured(values).histogram
    q = np.linspace(0, 1, 12).reshape(3, 4)
    found = histogram.quantile(q)
    assert found.shape == (3, 4)
    assert found.ravel().tolist() == [histogram.quantile(float(one)) for one in q.ravel()]
    assert values.min() <= found.min() < found.max() <= values.max()
    # a single number is its own quantile; without its ends it is the middle of a bin
    assert Histogram.of([1.11]).quantile(0.5) == 1.11
    alone = Histogram.of([1.11])
    assert Histogram(alone.bins, alone.counts).quantile(0.5) == 1.0625
    both = alone + Histogram.of([-1.11])
    assert (both.min, both.max) == (-1.11, 1.11)
    assert math.isnan((both + Histogram(alone.bins, alone.counts)).max)
    with pytest.raises(ValueError, match=r"\[quantile\] expected q to be a number from 0 to 1"):
        histogram.quantile([0.5, 1.5])


def test_bins_in_the_order_of_their_lower_edges_can_be_drawn():
    values = np.random.default_rng(0).normal(size=999)
    histogram = Histogram.of(values)
    low, high = histogram.intervals[histogram.intervals[:, 0].argsort()].T
    assert (low < high).all()
    assert (high[:-1] <= low[1:]).all()
    assert histogram.counts.sum() + histogram.zeros == len(values)


def test_records_of_other_layers_are_refused():
    net = wb.Network.mlp([2, 3, 1], seed=0)
    history = net.fit(np.ones((4, 2)), np.ones(4), loss="mse", epochs=2, track="epoch")
    for spoil in (
        lambda record: record["layers"].pop(),
        lambda record: record["layers"][1].update(biases=None),
        lambda record: record["layers"][0]["weights"].update(n=7),
    ):
        text = json.loads(history.to_json())
        spoil(text["parameters"][1])
        with pytest.raises(
            ValueError, match=r"\[from_json\] expected parameters of a history, all"
        ):
            wb.History.from_json(json.dumps(text))
