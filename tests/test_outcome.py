"""A fit that went wrong without an error is warned of, once; one that went well is not."""

import inspect
import pickle
import re
import warnings

import numpy as np
import pytest

import wbcore as wb

rng = np.random.default_rng(0)
X = rng.standard_normal((400, 5))
LABELS = (X @ [1, -1, 0.5, 0, 2] > 0).astype(int)
FAR = X * [1, 1, 1000, 1, 1] + [0, 0, 900, 50, 0]
OPTIONS = {"epochs": 60, "optimizer": wb.SGD(0.05, momentum=0.9)}


def fitted(net, X, y, loss, **options):
    """The texts of the warnings of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        net.fit(X, y, loss=loss, **{**OPTIONS, **options})
    for warning in caught:
        assert warning.category is wb.TrainingWarning
        assert warning.filename == __file__
    return [str(warning.message) for warning in caught]


def network(outputs=2, activation="relu", **options):
    return wb.Network.mlp([5, 16, outputs], activation, seed=0, **options)


@pytest.mark.parametrize("n_threads", [None, 1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_is_said_of_what_went_well(dtype, n_threads):
    one = {"dtype": dtype}
    options = {"n_threads": n_threads}
    assert not fitted(network(**one), X, LABELS, "cross_entropy", **options)
    assert not fitted(network(1, **one), X, LABELS, "binary_cross_entropy", **options)
    assert not fitted(network(1, **one), X, X[:, 0], "mse", **options)
    softmax = network(output_activation="softmax", **one)
    assert not fitted(softmax, X, np.eye(2)[LABELS], "cross_entropy", **options)


def test_dead_layers():
    net = network()
    net[0].biases[:] = -100
    [text] = fitted(net, X, LABELS, "cross_entropy")
    assert "all are given the same outputs, though their targets differ" in text
    assert "all outputs of layer 0 (relu) are 0" in text
    assert "lower learning rate" in text
    assert "leaky_relu" in text


def test_one_constant_prediction():
    net = network(activation="tanh", initializer="zeros")
    [text] = fitted(net, X, LABELS, "cross_entropy")
    assert re.match(
        r"\[fit\] of \d+ rows looked at after the training: all are given the same", text
    )
    assert "random initial weights may help" in text
    same = network(1, activation="tanh", initializer="zeros")
    assert not fitted(same, X, np.ones(400), "mse")  # rightly


@pytest.mark.parametrize("outputs", [1, 2])
def test_one_class(outputs):
    net = network(outputs)
    net[-1].biases[:] = [30, 0][:outputs]
    net[-1].weights[:] *= 0.01
    loss = "binary_cross_entropy" if outputs == 1 else "cross_entropy"
    options = {"optimizer": wb.SGD(1e-6)}
    [text] = fitted(net, X, LABELS, loss, **options)
    assert "all are given class 0, though many have another" in text.replace("class 1", "class 0")
    rare = np.arange(400) % 50 == 0
    if outputs == 2:
        assert not fitted(net, X, rare, loss, **options)


def test_one_class_of_a_few():
    net = network(1)
    net[-1].biases[:] = -3
    rare = (np.arange(400) % 50 == 0).astype(float)
    assert not fitted(net, X, rare, "binary_cross_entropy", optimizer=wb.SGD(1e-6))


def test_inputs_far_from_unit_scale():
    [text] = fitted(network(), FAR, LABELS, "cross_entropy", optimizer=wb.SGD(1e-9))
    assert "X has 2 columns far from unit scale (column 2: mean " in text
    assert "pass (X - X.mean(axis=0)) / X.std(axis=0)" in text
    scaled = (FAR - FAR.mean(axis=0)) / FAR.std(axis=0)
    assert not fitted(network(), scaled, LABELS, "cross_entropy")
    images = rng.integers(0, 256, (400, 5)).astype(np.uint8)
    y = images[:, 0] > 128
    assert not fitted(network(), wb.Scaled(images, 1 / 255), y, "cross_entropy")
    [text] = fitted(network(), X * 1e-5, LABELS, "cross_entropy")
    assert "X has 5 columns far from unit scale" in text


def test_targets_far_from_unit_scale():
    [text] = fitted(network(1), X, 150 + 70 * X[:, 0], "mse", optimizer=wb.SGD(1e-6))
    assert "y has 1 column far from unit scale (column 0: mean 1" in text
    assert "y.std(axis=0)" in text
    assert "X has" not in text


def test_raw_breast_cancer_does_not_end_in_silence():
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.load_breast_cancer(return_X_y=True)
    for outputs, loss in ((1, "binary_cross_entropy"), (2, "cross_entropy")):
        net = wb.Network.mlp([30, 16, outputs], seed=0)
        [text] = fitted(net, X, y, loss, epochs=20, optimizer=None)
        assert net.predict_proba(X).std(axis=0).max() < 1e-3
        assert "the same outputs" in text
        assert "X has " in text
        scaled = (X - X.mean(axis=0)) / X.std(axis=0)
        net = wb.Network.mlp([30, 16, outputs], seed=0)
        assert not fitted(net, scaled, y, loss, epochs=20, optimizer=None)
        assert (net.predict_proba(scaled).argmax(axis=1) == y).mean() > 0.9


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("hidden", [[], [8], [16], [64]])
@pytest.mark.parametrize(("outputs", "loss"), [(1, "binary_cross_entropy"), (2, "cross_entropy")])
def test_nor_does_it_after_a_few_epochs(outputs, loss, hidden, epochs):
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.load_breast_cancer(return_X_y=True)
    for seed in range(3):
        net = wb.Network.mlp([30, *hidden, outputs], seed=seed)
        said = fitted(net, X, y, loss, epochs=epochs, optimizer=None)
        if len(np.unique(net.predict_proba(X).argmax(axis=1))) == 1:
            assert "X has " in said[0]
            assert "all are given " in said[0]
        scaled = (X - X.mean(axis=0)) / X.std(axis=0)
        net = wb.Network.mlp([30, *hidden, outputs], seed=seed)
        assert not fitted(net, scaled, y, loss, epochs=epochs, optimizer=None)


def test_of_short_fits_neither_outcome_nor_scale_alone_is_told():
    slow = {"epochs": 1, "optimizer": wb.SGD(1e-15)}
    constant = network()
    constant[-1].weights[:] = 0
    assert not fitted(constant, X, LABELS, "cross_entropy", **slow)
    assert not fitted(network(), FAR, LABELS, "cross_entropy", **slow)
    constant[-1].weights[:] = 0
    [text] = fitted(constant, FAR, LABELS, "cross_entropy", **slow)
    assert "all are given the same outputs, though their targets differ; X has 2 columns" in text
    few = {**slow, "batch_size": 1}
    assert not fitted(constant, FAR[:15], LABELS[:15], "cross_entropy", **few)


def test_learning_rates_that_are_all_zero():
    net = network()
    steps = 4 * wb.schedules.count_steps(400, 32)
    optimizer = wb.Adam(wb.schedules.Cosine(0.01, steps=steps))
    rates = {"epochs": 4, "optimizer": optimizer}
    assert not fitted(net, X, LABELS, "cross_entropy", **rates), "its last rate is 0, too"
    before = net.parameters.copy()
    [text] = fitted(net, X, LABELS, "cross_entropy", **rates)
    assert text == (
        "[fit] all 52 steps had a learning rate of 0, so that nothing was learned; cosine(0.01, "
        "52) counts all steps of the optimizer, of which 52 were done before; pass an optimizer "
        "with another learning_rate, or call net.optimizer.reset(), after which they count from 0"
    )
    assert (net.parameters == before).all()
    net.optimizer.reset()
    assert not fitted(net, X, LABELS, "cross_entropy", **rates)
    assert (net.parameters != before).any()


def test_a_function_whose_rates_are_zero():
    [text] = fitted(network(), X, LABELS, "cross_entropy", optimizer=wb.SGD(lambda _: 0.0))
    assert text.startswith("[fit] all 780 steps had a learning rate of 0")
    last = wb.SGD(lambda step: 0.1 if step < 13 else 0.0)
    assert not fitted(network(), X, LABELS, "cross_entropy", optimizer=last, epochs=1)
    assert not fitted(network(), X, LABELS, "cross_entropy", optimizer=last, epochs=2)


def test_once_a_fit_and_as_an_error_after_it():
    net = network()
    net[0].biases[:] = -100
    with pytest.warns(wb.TrainingWarning) as caught:
        net.fit(X, LABELS, loss="cross_entropy", **OPTIONS)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(wb.TrainingWarning):
            net.fit(X, LABELS, loss="cross_entropy", **OPTIONS)
    assert net.history.status == "completed"
    assert len(net.history) == 60
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", wb.TrainingWarning)
        net.fit(X, LABELS, loss="cross_entropy", **OPTIONS)


def test_the_bits_do_not_depend_on_the_look():
    nets = [network(), network()]
    for net in nets:
        net[0].biases[:] = -100
    fitted(nets[0], X, LABELS, "cross_entropy", epochs=60)
    one = {"epochs": 1, "optimizer": wb.SGD(0.05, momentum=0.9)}
    for _ in range(60):  # after each of which is a look
        assert fitted(nets[1], X, LABELS, "cross_entropy", **one)
    assert len(nets[0].history) == 60
    assert nets[0] == nets[1]


def test_it_is_a_warning_of_the_user():
    assert issubclass(wb.TrainingWarning, UserWarning)
    assert pickle.loads(pickle.dumps(wb.TrainingWarning("a"))).args == ("a",)
    assert "0.001" in inspect.getdoc(wb.TrainingWarning)
