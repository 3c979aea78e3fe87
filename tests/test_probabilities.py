"""predict_proba: the last layer or the loss says what outputs mean; else they are refused."""

import pickle

import numpy as np
import pytest
from support import DTYPES

import wbcore as wb

rng = np.random.default_rng(0)
X = rng.standard_normal((150, 4))


def pair(outputs, last, dtype="float32"):
    """Two networks of the same sums, without a last activation and with one."""
    nets = [
        wb.Network.mlp([4, 8, outputs], output_activation=activation, seed=1, dtype=dtype)
        for activation in ("identity", last)
    ]
    nets[0].parameters[-outputs:] = nets[1].parameters[-outputs:] = 0.25
    return nets


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_of_softmax(outputs, dtype):
    logits, net = pair(outputs, "softmax", dtype)
    found = net.predict_proba(X)
    assert found.tobytes() == net.predict(X).tobytes()
    assert logits.predict_proba(X, loss="cross_entropy").tobytes() == found.tobytes()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "focal(1)", wb.losses.Focal()])
def test_of_sigmoid(loss, dtype):
    logits, net = pair(3, "sigmoid", dtype)
    found = net.predict_proba(X)
    assert found.tobytes() == net.predict(X).tobytes()
    assert logits.predict_proba(X, loss=loss).tobytes() == found.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_of_one_output_in_two_columns(dtype):
    logits, net = pair(1, "sigmoid", dtype)
    p = net.predict(X)
    found = net.predict_proba(X)
    assert (found.shape, found.dtype) == ((150, 2), net.dtype)
    assert found[:, 1:].tobytes() == p.tobytes()
    assert found[:, :1].tobytes() == (1 - p).tobytes()
    of_logits = logits.predict_proba(X, loss="binary_cross_entropy")
    assert of_logits[:, 1:].tobytes() == p.tobytes()
    np.testing.assert_allclose(of_logits, found, rtol=1e-5)
    logits.parameters[-1] = 60  # where 1 - p is 0
    least = logits.predict_proba(X, loss="binary_cross_entropy")[:, 0]
    assert (least > 0).all()


def test_of_the_last_fit():
    net, y = wb.Network.mlp([4, 8, 3], seed=0), rng.integers(0, 3, 150)
    assert net.loss is None
    with pytest.raises(ValueError, match=r"knows no loss; pass the one .*loss='cross_entropy'"):
        net.predict_proba(X)
    net.fit(X, y, loss=wb.losses.CrossEntropy())
    assert net.loss == "cross_entropy"
    expected = net.predict_proba(X, loss="cross_entropy").tobytes()
    for other in (net, net.copy(), pickle.loads(pickle.dumps(net))):
        assert other.predict_proba(X).tobytes() == expected
    assert net.predict(X).tobytes() != expected
    with pytest.raises(ValueError, match="expected loss"):  # refused: it leaves no trace
        net.fit(X, y, loss="other")
    assert net.loss == "cross_entropy"
    net.fit(X, np.eye(3)[y], loss="mse")
    with pytest.raises(ValueError, match="got identity with the loss mse, whose outputs are no"):
        net.predict_proba(X)
    net.loss = "binary_cross_entropy"
    assert net.predict_proba(X).shape == (150, 3)


def test_a_file_knows_the_loss(tmp_path):
    net = wb.Network.mlp([4, 3], seed=0)
    net.fit(X, rng.integers(0, 3, 150), loss="cross_entropy(0.1)")
    net.save(tmp_path / "net.safetensors")
    loaded = wb.load(tmp_path / "net.safetensors")
    assert loaded.loss == "cross_entropy(0.1)"
    assert loaded.predict_proba(X).tobytes() == net.predict_proba(X).tobytes()


@pytest.mark.parametrize(
    ("last", "loss", "text"),
    [
        ("tanh", None, r"got tanh, whose outputs are no probabilities; predict\(X\)"),
        ("tanh", "cross_entropy", r"expected a last layer of softmax or sigmoid.* got tanh"),
        ("identity", "huber(0.5)", r"got identity with the loss huber\(0.5\), whose"),
        ("identity", "nonsense", r"\[predict_proba\] expected loss to be one of mse"),
        ("softmax", "nonsense", r"\[predict_proba\] expected loss to be one of mse"),
    ],
)
def test_no_probabilities(last, loss, text):
    net = wb.Network.mlp([4, 3], output_activation=last, seed=0)
    with pytest.raises(ValueError, match=text):
        net.predict_proba(X, loss=loss)


def test_scikit_learn_scores_them():
    metrics = pytest.importorskip("sklearn.metrics")
    y = (X[:, 0] > 0).astype(int)
    net = wb.Network.mlp([4, 8, 1], seed=0)
    net.fit(X, y, loss="binary_cross_entropy", optimizer="adam(0.01)", epochs=50)
    expected = net.evaluate(X, y, loss="binary_cross_entropy")["loss"]
    assert metrics.log_loss(y, net.predict_proba(X)) == pytest.approx(expected, rel=1e-5)


def test_of_a_source():
    net = wb.Network.mlp([2, 8, 3], seed=0)
    rows = np.random.default_rng(0).normal(size=(9, 2))
    given = net.predict_proba(wb.data.Blocks(rows, rows=4), loss="cross_entropy")
    assert (given == net.predict_proba(rows, loss="cross_entropy")).all()
