"""Records over a whole fit: no bit of it depends on them, nor they on threads or sets."""

import numpy as np
import pytest

import wbcore as wb


def data(rows=200, inputs=5, outputs=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, inputs)), rng.standard_normal((rows, outputs))


def fitted(track=None, widths=(5, 17, 9, 2), epochs=3, activation="relu", **settings):
    X, y = data()
    net = wb.Network.mlp(
        list(widths), activation=activation, seed=1, dropout=settings.pop("dropout", 0)
    )
    given = {"loss": "mse", "batch_size": 16, "optimizer": "adam(0.01)"} | settings
    history = net.fit(X, y, epochs=epochs, track=track, **given)
    return net, history


def raw(history):
    return history._record["parameters"]


SETTINGS = {
    "adam": {},
    "clipped": {"optimizer": wb.SGD(0.05, momentum=0.9, clip_norm=0.5, l2=1e-3)},
    "limited": {"optimizer": wb.SGD(0.05, max_norm=0.5)},
    "dropout": {"dropout": 0.25},
    "held out": {"validation_fraction": 0.2},
    "a loss of one's own": {"loss": lambda z, t: (((z - t) ** 2).mean(), 2 * (z - t) / z.size)},
    "prior": {"bias_init": "prior"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_no_bit_of_a_training_depends_on_records(name):
    plain, history = fitted(**SETTINGS[name])
    for track in ("epoch", 10, 1):
        net, tracked = fitted(track, **SETTINGS[name])
        assert net.parameters.tobytes() == plain.parameters.tobytes()
        assert tracked.loss == history.loss


@pytest.mark.parametrize("track", ["epoch", 4])
def test_records_do_not_depend_on_threads(track):
    one, two = (raw(fitted(track, n_threads=n, dropout=0.25)[1]) for n in (1, 2))
    assert one == two


def test_the_records_of_an_epoch_and_of_its_batches_are_the_same():
    by_epoch, by_batch = (fitted(track)[1].parameters for track in ("epoch", 13))
    for one, other in zip(by_epoch, by_batch, strict=True):
        assert one == other


def test_which_record_a_network_is():
    X = np.linspace(-1, 1, 32)[:, None]
    net = wb.Network.mlp([1, 2, 1], seed=0)
    given = {"loss": "mse", "track": "epoch", "epochs": 20, "validation_data": (X, -X)}
    unknown = given | {"epochs": 1, "validation_data": None}
    assert net.fit(X, X, **unknown).parameters.best is None
    stopping = wb.callbacks.EarlyStopping(patience=2)
    history = net.fit(X, X, callbacks=[stopping], **given)
    records = history.parameters
    assert records.best.epoch == history.best_epoch
    assert records.best.step < records.final.step
    assert records.of(net) == records.best
    assert (
        f"best epoch: {history.best_epoch + 1}, last recorded after {records.best.step} st"
        in str(records)
    )
    net.parameters[0] += 1
    assert records.of(net) is None
    with pytest.raises(TypeError, match=r"\[of\] expected net to be a Network, got None"):
        records.of(None)
    stopping = wb.callbacks.EarlyStopping(patience=2, restore_best=False)
    history = net.fit(X, X, callbacks=[stopping], **given)
    assert history.parameters.of(net) == history.parameters.final


def test_records_of_what_an_error_undid():
    calls = []

    def loss(outputs, targets):
        calls.append(1)
        if len(calls) == 7:
            raise RuntimeError("in the second epoch")
        return float(np.mean((outputs - targets) ** 2)), 2 * (outputs - targets) / targets.size

    X = np.linspace(-1, 1, 32)[:, None]
    net = wb.Network.mlp([1, 1], seed=0)
    with pytest.raises(RuntimeError, match="in the second epoch"):
        net.fit(X, X, loss=loss, batch_size=8, epochs=5, track=1)
    records = net.history.parameters
    assert (records.final.step, records.of(net).step) == (6, 4)


def test_a_layer_that_is_not_trained_has_no_ratio():
    net = wb.Network([wb.Dense(2, 3), wb.Dense(3, 2, trainable=False)], seed=0)
    X = np.linspace(-1, 1, 32).reshape(-1, 2)
    weights = net.fit(X, X, loss="mse", track="epoch", epochs=2).parameters.final[1].weights
    assert (weights.update_norm, weights.change) == (0.0, 0.0)
    assert np.isnan(weights.update_ratio)
    assert np.isnan(weights.gradient_norm)
