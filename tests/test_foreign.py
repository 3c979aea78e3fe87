"""Words of other libraries are answered with those that are meant."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from refusals import LABELS, X, Y

import wbcore as wb
from wbcore import _foreign, _named

NET = wb.Network.mlp([4, 5, 3], seed=0)


def fit(**more):
    NET.fit(X, Y, loss="mse", **more)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: wb.SGD(lr=0.1), r"\[SGD\] expected .*, got lr; it is learning_rate here"),
        (lambda: wb.SGD(learning_rate_init=0.1), "it is learning_rate here"),
        (lambda: wb.SGD(nesterovs_momentum=True), "it is nesterov here"),
        (lambda: wb.SGD(alpha=1e-4), r"it is l2=alpha / batch_size here, if scikit-learn's"),
        (lambda: wb.AdamW(alpha=1e-4), "it is l2=alpha / batch_size here"),
        (lambda: wb.LBFGS(tol=1e-4), "it is tolerance here"),
        (lambda: wb.Adam(lr=0.1), r"\[Adam\] expected .*, got lr; it is learning_rate here"),
        (lambda: wb.Adam(betas=(0.9, 0.99)), r"got betas; that is beta1 and beta2 here"),
        (lambda: wb.Adam(eps=1e-8), "it is epsilon here"),
        (lambda: wb.AdamW(wd=0.1), r"\[AdamW\].*; it is (l2|weight_decay) here"),
        (lambda: wb.Adam(learning_rat=1), "it is learning_rate here"),
        (
            lambda: wb.Network.mlp(hidden_layer_sizes=[4, 3]),
            r"\[mlp\] expected .* widths, .*, got hidden_layer_sizes; it is widths here",
        ),
        (lambda: wb.Network.mlp([4, 3], random_state=1), "it is seed here"),
        (lambda: wb.Network(sizes=[4, 3]), r"\[Network\] expected keywords among layers, seed"),
        (lambda: wb.Dense(4, units=3), r"\[Dense\] expected .*, got units; it is outputs here"),
        (lambda: wb.Dense(in_features=4, out_features=3), "it is inputs here"),
        (lambda: wb.Dense(4, 3, use_bias=False), "it is bias here"),
        (lambda: wb.Dense(4, 3, kernel_initializer="he"), "it is initializer here"),
        (lambda: NET.fit(X, Y), r"\[fit\] expected loss=, got none; pass loss='cross_entropy' for"),
        (lambda: NET.fit(X, LABELS, loss_fn="nll"), "got loss_fn; it is loss here"),
        (lambda: NET.fit(X, Y, loss="mse", max_iter=5), "it is epochs here"),
        (lambda: NET.fit(X, Y, loss="mse", verbose=1), "it is progress here"),
        (lambda: NET.fit(X, Y, loss="mse", lr=1), "got lr; that is the optimizer's: optimizer="),
        (lambda: NET.fit(X, Y, loss="mse", n_jobs=1), "it is n_threads here"),
        (
            lambda: fit(alpha=1e-4),
            r"the optimizer's: .*Adam\(0.001, l2=alpha / batch_size\); scikit",
        ),
        (lambda: fit(l2=1e-4), r"the optimizer's: optimizer=wb.Adam\(0.001, l2=0.0001\)"),
        (lambda: fit(l1=1e-4), r"the optimizer's: optimizer=wb.Adam\(0.001, l1=0.0001\)"),
        (lambda: fit(early_stopping=True), r"a callback: callbacks=\[wb.callbacks.EarlyStopping"),
        (lambda: fit(patience=5), r"EarlyStopping\(patience=10\)\]$"),
        (lambda: fit(n_iter_no_change=5), r"EarlyStopping\(patience=10\)\]$"),
        (lambda: fit(tol=1e-4), r"EarlyStopping\(min_delta=0.0001\)\]$"),
        (lambda: fit(warm_start=True), "what every fit does: it goes on from the parameters"),
        (lambda: fit(dropout=0.5), r"the layers': wb.Network.mlp\(widths, dropout=0.2\)"),
        (
            lambda: NET.partial_fit(X, Y, loss="mse", classes=[0, 1]),
            r"\[partial_fit\] expected .*, got classes; that is the network's: its outputs are",
        ),
        (lambda: NET.fit(X, Y, loss="mse", nonsense=1), r"got nonsense$"),
        (lambda: NET.fit(x=X, y=Y, loss="mse"), "got x; it is X here"),
        (lambda: NET.evaluate(X, Y), r"\[evaluate\] expected loss=, got none; pass the one that"),
        (lambda: NET.evaluate(X, Y, criterion="mse"), "it is loss here"),
    ],
)
def test_keywords(call, text):
    before = NET.parameters.tobytes()
    with pytest.raises(TypeError, match=text):
        call()
    assert NET.parameters.tobytes() == before


class OfKeras:
    def on_epoch_end(self, epoch, logs=None):
        raise AssertionError

    def on_train_begin(self, logs=None):
        raise AssertionError


class OfKerasHere(OfKeras, wb.callbacks.Callback):
    seconds_between_batches = 1.0


@pytest.mark.parametrize("cls", [OfKeras, OfKerasHere])
def test_hooks_of_callbacks(cls):
    with pytest.raises(TypeError) as found:
        fit(callbacks=[cls()])
    said = str(found.value)
    assert "expected callbacks to have some of the methods before_fit, after_batch, after" in said
    assert "; its on_epoch_end is after_epoch(self, run) here" in said
    assert "; its on_train_begin is before_fit(self, run) here" in said


def test_a_callback_that_overrides_no_hook():
    with pytest.raises(TypeError, match="expected callbacks to have some of the methods before"):
        fit(callbacks=[wb.callbacks.Callback()])

    class With(OfKerasHere):
        def after_fit(self, run):
            self.is_asked = run.status

    asked = With()
    wb.Network.mlp([4, 5, 3], seed=0).fit(X, Y, loss="mse", callbacks=[asked])
    assert asked.is_asked == "completed"


def test_what_is_missing_or_too_much_is_said_by_python():
    for call in (lambda: wb.Dense(4), lambda: NET.partial_fit(X, loss="mse"), wb.Network):
        with pytest.raises(TypeError, match="missing 1 required positional argument"):
            call()


@pytest.mark.parametrize(
    ("kind", "name", "here"),
    [
        ("loss", "categorical_crossentropy", "cross_entropy"),
        ("metric", "auc", "roc_auc"),
        ("metric", "AUC", "roc_auc"),
        ("metric", "acc", "accuracy"),
        ("metric", "pr_auc", "average_precision"),
        ("loss", "SparseCategoricalCrossentropy", "cross_entropy"),
        ("loss", "nll", "cross_entropy"),
        ("loss", "NLLLoss", "cross_entropy"),
        ("loss", "log_loss", "cross_entropy"),
        ("loss", "CrossEntropyLoss", "cross_entropy"),
        ("loss", "BCEWithLogitsLoss", "binary_cross_entropy"),
        ("loss", "binary_crossentropy", "binary_cross_entropy"),
        ("loss", "mse_loss", "mse"),
        ("loss", "MSE", "mse"),
        ("loss", "squared_error", "mse"),
        ("loss", "mean-absolute-error", "mae"),
        ("loss", "L1Loss", "mae"),
        ("loss", "SmoothL1Loss", "huber"),
        ("loss", "something", None),
        ("activation", "linear", "identity"),
        ("activation", "logistic", "sigmoid"),
        ("activation", "swish", "silu"),
        ("activation", "LeakyReLU", "leaky_relu"),
        ("initializer", "kaiming_normal", "he"),
        ("initializer", "xavier_uniform", "glorot_uniform"),
        ("optimizer", "Adam", "adam"),
    ],
)
def test_choices(kind, name, here):
    assert _foreign.named_here(kind, name, _named.rows(kind)) == here


def test_choices_in_messages():
    class MSELoss:  # of another library
        pass

    for make, error, text in (
        (lambda: wb.Dense(1, 1, "swish"), ValueError, "it is 'silu' here"),
        (lambda: wb.Dense(1, 1, initializer="kaiming"), ValueError, "it is 'he' here"),
        (lambda: NET.fit(X, Y, loss="mse", optimizer="AdamW"), ValueError, "it is 'adamw' here"),
        (lambda: NET.loss_and_gradients(X, Y, MSELoss()), TypeError, "it is 'mse' here"),
        (lambda: NET.loss_and_gradients(X, Y, MSELoss), TypeError, "it is 'mse' here"),
    ):
        with pytest.raises(error, match=text):
            make()


def test_every_name_given_is_one_that_can_be():
    keywords = set()
    for function in (NET.fit, NET.evaluate, wb.Network, wb.Network.mlp, wb.Dense, wb.Adam, wb.SGD):
        keywords |= set(inspect.signature(function).parameters)
    for others in _foreign._KEYWORDS.values():
        assert len(set(others)) == len(others)
    known = {name for others in _foreign._KEYWORDS.values() for name in others}
    assert {"learning_rate", "epochs", "X", "widths", "outputs"} <= keywords & known
    for kind, names in _foreign._CHOICES.items():
        rows = _named.rows(kind)
        found = [name for name in names if _foreign.named_here(kind, name, rows)]
        assert len(found) > len(names) / 2


def test_frames_and_sparse_matrices():
    pandas, sparse = pytest.importorskip("pandas"), pytest.importorskip("scipy.sparse")
    kinds = list("abcabcabca")
    cases = [
        (X, sparse.csr_matrix(Y), r"got a sparse csr_matrix; pass y.toarray\(\)"),
        (X, sparse.coo_array(Y), r"got a sparse coo_array; pass y.toarray\(\)"),
        (X, pandas.Series(kinds, dtype="category"), r"categories; pass y.cat.codes"),
        (X, pandas.Categorical(kinds), r"categories; pass y.codes"),
        (X, pandas.Series(kinds), r"pass np.unique\(y, return_inverse=True\)\[1\]"),
        (X, np.array(kinds), r"pass np.unique\(y, return_inverse=True\)\[1\]"),
    ]
    for inputs, y, text in cases:
        with pytest.raises(TypeError, match=text):
            NET.fit(inputs, y, loss="cross_entropy")
    codes = pandas.Series(kinds, dtype="category").cat.codes
    NET.copy().fit(pandas.DataFrame(X), codes, loss="cross_entropy")
    numbers = pandas.Series([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], dtype="category")
    NET.copy().fit(X, numbers, loss="cross_entropy")


def test_no_other_library_is_imported_for_a_message():
    program = """
import sys, numpy as np, wbcore as wb
net = wb.Network.mlp([2, 2])
for call in (lambda: wb.SGD(lr=1), lambda: net.fit(np.ones((2, 2)), iter([1, 2]), loss="mse"),
             lambda: net.fit(np.ones((2, 2)), ["a", "b"], loss="nll"),
             lambda: net.fit(np.ones((2, 2)), ["a", "b"], loss="cross_entropy")):
    try: call()
    except (TypeError, ValueError): pass
    else: raise SystemExit(1)
print({"scipy", "pandas", "torch", "sklearn"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
