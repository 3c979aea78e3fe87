"""The names that users rely on: exports, signatures, lean imports, documentation."""

import doctest
import importlib
import importlib.metadata
import inspect
import pickle
import pkgutil
import pydoc
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import wbcore as wb
from wbcore._docstrings import ENTRIES

PACKAGE = Path(wb.__file__).parent
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(wb.__path__, "wbcore.")
    if not module.name.endswith("__main__") and module.name != "wbcore._core"
)

SIGNATURES = {
    "Dense": "(inputs, outputs, activation='identity', initializer=None, bias_initializer='zeros', "
    "*, bias=True, trainable=True, dropout=0.0)",
    "Network": "(layers, seed=0, dtype='float32')",
    "Network.mlp": "(widths, activation='relu', *, output_activation='identity', initializer=None, "
    "dropout=0.0, seed=0, dtype='float32')",
    "Network.predict": "(self, X, out=None, n_threads=None)",
    "Network.predict_proba": "(self, X, *, loss=None, n_threads=None)",
    "Network.activations": "(self, X, *, n_threads=None)",
    "Network.forward": "(self, X, *, step=None, seed=0)",
    "Network.backward": "(self, dY)",
    "Network.loss_and_gradients": "(self, X, y, loss, *, step=None, seed=0, sample_weight=None, "
    "class_weight=None)",
    "Network.start_at_prior": "(self, y, *, loss, sample_weight=None, class_weight=None)",
    "Network.with_priors": "(self, old, new, *, independent=None)",
    "Network.fold_inputs": "(self, mean, scale, *, dtype=None)",
    "Network.fold_outputs": "(self, mean, scale, *, dtype=None)",
    "Network.evaluate": "(self, X, y=None, *, loss, sample_weight=None, class_weight=None, "
    "metrics=(), n_threads=None)",
    "Network.fit": "(self, X, y=None, *, loss, optimizer=None, epochs=1, batch_size=32, "
    "sample_weight=None, class_weight=None, bias_init=None, validation_data=None, "
    "validation_fraction=None, metrics=(), progress=False, shuffle=True, shuffle_window=8, seed=0, "
    "n_threads=None, callback=None, callbacks=(), track=None, first_epoch=None, "
    "checkpoint=None, checkpoint_every='1 epoch', resume=None)",
    "Network.partial_fit": "(self, X, y, *, loss, optimizer=None, sample_weight=None, "
    "class_weight=None, seed=0)",
    "Network.statistics": "(self)",
    "Network.summary": "(self)",
    "Network.copy": "(self)",
    "Network.save": "(self, path)",
    "SGD": "(learning_rate=0.01, momentum=0.0, nesterov=False, weight_decay=0.0, "
    "decay_biases=False, *, "
    "l1=0.0, l2=0.0, penalty_of_sum=False, clip_norm=None, clip_value=None, max_norm=None)",
    "Adam": "(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, *, "
    "weight_decay=0.0, epsilon_hat=False, decay_biases=False, "
    "l1=0.0, l2=0.0, penalty_of_sum=False, clip_norm=None, clip_value=None, max_norm=None)",
    "AdamW": "(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, *, "
    "weight_decay=0.01, epsilon_hat=False, decay_biases=False, "
    "l1=0.0, l2=0.0, penalty_of_sum=False, clip_norm=None, clip_value=None, max_norm=None)",
    "NAdam": "(learning_rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-08, "
    "momentum_decay=0.004, *, "
    "weight_decay=0.0, decay_biases=False, "
    "l1=0.0, l2=0.0, penalty_of_sum=False, clip_norm=None, clip_value=None, max_norm=None)",
    "RMSprop": "(learning_rate=0.01, alpha=0.99, epsilon=1e-08, momentum=0.0, centered=False, *, "
    "weight_decay=0.0, decay_biases=False, "
    "l1=0.0, l2=0.0, penalty_of_sum=False, clip_norm=None, clip_value=None, max_norm=None)",
    "Adagrad": "(learning_rate=0.01, rate_decay=0.0, initial_sum=0.0, epsilon=1e-10, *, "
    "weight_decay=0.0, decay_biases=False, "
    "l1=0.0, l2=0.0, penalty_of_sum=False, clip_norm=None, clip_value=None, max_norm=None)",
    "Rprop": "(learning_rate=0.01, eta_minus=0.5, eta_plus=1.2, min_step=1e-06, max_step=50.0, *, "
    "weight_decay=0.0, decay_biases=False, "
    "l1=0.0, l2=0.0, penalty_of_sum=False, clip_norm=None, clip_value=None, max_norm=None)",
    "Lion": "(learning_rate=0.0001, beta1=0.9, beta2=0.99, *, "
    "weight_decay=0.0, decay_biases=False, "
    "l1=0.0, l2=0.0, penalty_of_sum=False, clip_norm=None, clip_value=None, max_norm=None)",
    "SGD.step": "(self, network, gradients)",
    "SGD.reset": "(self)",
    "SGD.observe": "(self, network, value)",
    "LBFGS": "(max_iterations=None, tolerance=1e-05, history_size=10, *, loss_tolerance=1e-09, "
    "max_evaluations=None, l2=0.0, decay_biases=False, penalty_of_sum=False)",
    "schedules.Cosine": "(learning_rate, steps, minimum=0.0, restarts=False, multiplier=1)",
    "schedules.Cosine.after_warmup": "(self, steps, start=0.0)",
    "schedules.Plateau": "(learning_rate, monitor='val_loss', factor=0.1, patience=10, "
    "min_delta=0.0001, minimum=0.0, mode='auto')",
    "schedules.count_steps": "(rows, batch_size, epochs=1)",
    "History.to_dict": "(self)",
    "History.to_pandas": "(self)",
    "History.to_json": "(self)",
    "History.from_json": "(text)",
    "History.set_beginning": "(self, network)",
    "callbacks.EarlyStopping": "(monitor='val_loss', patience=10, min_delta=0.0, mode='auto', *, "
    "restore_best=True, min_epochs=0)",
    "callbacks.Checkpoint": "(path, monitor=None, *, best_only=False, mode='auto', every=1)",
    "callbacks.CSVLogger": "(path, *, append=False)",
    "callbacks.TensorBoard": "(writer, prefix='', *, every=None)",
    "callbacks.Progress": "(bar=None)",
    "callbacks.TimeLimit": "(seconds)",
    "load": "(path)",
    "search": "(estimator, space, X, y=None, *, n_candidates=None, cv=5, scoring=None, "
    "groups=None, sample_weight=None, halving=3, min_epochs=5, seed=0, n_jobs=None, "
    "executor=None, folder=None, refit=True, progress=False)",
    "searching.LogUniform": "(low, high)",
    "searching.distribution": "(text)",
    "dense": "(x, weights, biases)",
    "sigmoid": "(z)",
    "softmax": "(z)",
    "initializers.xavier": "(fan_in, fan_out, *, seed=0, layer=0, dtype='float64')",
    "losses.Huber": "(delta=1.0, *, output_weights=None)",
    "random.dropout_mask": "(rows, units, dropout, *, layer=0, step=1, seed=0)",
    "random.permutation": "(n, seed=0, epoch=0)",
    "random.held_out_rows": "(n, fraction, seed=0, classes=None)",
    "random.philox_words": "(key0, key1, start, count)",
    "io.save_network": "(network, path)",
    "io.load_network": "(path)",
}


def resolve(name):
    value = wb
    for part in name.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name):
    signature = inspect.signature(resolve(name))
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    assert str(inspect.Signature(bare)) == SIGNATURES[name]


def test_exports():
    assert len(wb.__all__) == len(set(wb.__all__))
    for name in wb.__all__:
        assert hasattr(wb, name)
    assert set(wb.__all__) <= set(dir(wb))
    assert set(wb.io.__all__) <= set(dir(wb.io))
    public = {
        name
        for name, value in vars(wb).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert public - {"annotations", "TYPE_CHECKING"} <= set(wb.__all__)


def test_unknown_names():
    with pytest.raises(AttributeError, match="module 'wbcore' has no attribute 'Denze'"):
        _ = wb.Denze
    with pytest.raises(AttributeError, match=r"module 'wbcore.io' has no attribute 'read'"):
        _ = wb.io.read


def test_version_has_one_source():
    assert wb.__version__ == importlib.metadata.version("wbcore-nn")


def test_contract_has_one_source():
    header = Path(wb.get_include(), "wbcore", "version.hpp").read_text(encoding="utf-8")
    assert re.findall(r"^#define WBCORE_CONTRACT (\d+)$", header, re.MULTILINE) == [
        str(wb.CONTRACT)
    ]
    assert wb.CONTRACT == 1


def test_paths_of_the_cpp_package():
    assert Path(wb.get_include(), "wbcore", "version.hpp").is_file()
    assert Path(wb.get_cmake_dir(), "wbcoreConfig.cmake").is_file()
    assert Path(wb.get_include(), "wbcore", "c_api.h").is_file()
    assert Path(wb.get_library()).is_file()


def test_instruction_sets():
    assert wb.isa() in wb.available_isas()
    assert "plain" in wb.available_isas()


def python(program, **options):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.uninstrumented
def test_import_is_lean():
    program = """
import sys, numpy
before = set(sys.modules)
import wbcore
print(*sorted(name.partition(".")[0] for name in set(sys.modules) - before))
print(*sorted(name for name in sys.modules if name.startswith("wbcore.")))
"""
    first, second = python(program).splitlines()
    assert set(first.split()) <= {"wbcore", *sys.stdlib_module_names}
    heavy = {"asyncio", "unittest", "email", "http", "logging", "subprocess", "json", "hashlib"}
    assert not heavy & set(first.split())
    found = set(second.split())
    assert not {"wbcore.reference", "wbcore.cli", "wbcore._paths"} & found
    # of files and inspections, what holds methods of Network
    methods = {"inspect", "inspect.summary", "io", "io.saving"}
    assert {name for name in found if name.startswith(("wbcore.inspect", "wbcore.io"))} == {
        f"wbcore.{name}" for name in methods
    }


@pytest.mark.uninstrumented
def test_numpy_random_is_not_needed_for_an_integer_seed():
    program = """
import sys, wbcore
loaded = "numpy.random" in sys.modules  # older versions of NumPy always load it
wbcore.Network.mlp([3, 2])
assert ("numpy.random" in sys.modules) == loaded
"""
    python(program)


@pytest.mark.uninstrumented
def test_submodules_are_loaded_when_used(tmp_path):
    program = """
import sys, wbcore
for name in ("inspect", "io", "reference", "searching"):
    assert getattr(wbcore, name) is sys.modules["wbcore." + name]
assert "wbcore.io.model" not in sys.modules
assert "wbcore.inspect.table" not in sys.modules
wbcore.io.load_network
assert "wbcore.io.model" not in sys.modules
wbcore.Network.mlp([1, 1]).save("net")
assert "wbcore.io.model" in sys.modules
assert "pandas" not in sys.modules
"""
    python(program, cwd=tmp_path)


@pytest.mark.uninstrumented
@pytest.mark.parametrize(
    ("core", "expected"),
    [
        (None, "It has not been built in"),
        (
            "_core.so",
            "sources, with `python -m pip install --force-reinstall WHEEL_OR_FOLDER`.",
        ),
    ],
)
def test_missing_core_says_what_to_do(tmp_path, core, expected):
    shutil.copytree(
        PACKAGE, tmp_path / "wbcore", ignore=shutil.ignore_patterns("_core*.so", "__pycache__")
    )
    if core:
        (tmp_path / "wbcore" / core).write_text("no library")
    program = """
try:
    import wbcore
except ImportError as error:
    print(error)
"""
    # No site-packages: an editable or installed wbcore must not step in. NumPy is not reached.
    message = python(program, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    assert message.startswith("wbcore's extension module could not be loaded (")
    assert expected in message


# Documentation


@pytest.mark.parametrize("name", ["wbcore", *MODULES])
def test_examples_in_docstrings(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


# Classes that users get from others, and do not construct.
GIVEN = (
    wb.Gradients,
    wb.History,
    wb.Layer,
    wb.Optimizer,
    wb.OptimizerState,
    wb.schedules.Schedule,
    wb.searching.Distribution,
    wb.searching.SearchInterrupted,
    wb.searching.SearchResult,
)


def documented():
    for module in (
        wb,
        wb.activations,
        wb.initializers,
        wb.losses,
        wb.metrics,
        wb.optimizers,
        wb.random,
        wb.searching,
        wb.io,
        wb.schedules,
    ):
        for name in module.__all__:
            value = getattr(module, name)
            if value in (wb.io.read_table, wb.io.read_idx):
                continue  # their examples need files; their own tests have them
            if inspect.isfunction(value) or inspect.isclass(value):
                yield value
    for kind in (wb.Network, wb.Optimizer):
        for name in vars(kind):
            if not name.startswith("_") and callable(getattr(kind, name)):
                yield getattr(kind, name)


@pytest.mark.parametrize(
    "value", {v.__qualname__: v for v in documented()}.values(), ids=lambda v: v.__qualname__
)
def test_docstring_is_complete(value):
    text = inspect.getdoc(value)
    first, _, rest = text.partition("\n")
    assert first.endswith(".")
    assert len(first) < 100
    if value is wb.LayerGradients:
        return  # a named tuple, whose fields have a line each
    assert ">>> " in rest or "See Also" in rest
    if value in GIVEN or (inspect.isclass(value) and issubclass(value, Exception)):
        return
    parameters = [name for name in inspect.signature(value).parameters if name != "self"]
    assert ("\nParameters\n----------\n" in rest) == bool(parameters)
    for name in parameters:
        assert re.search(rf"^(\w+, )*{name}(, \w+)*( :|$)", rest, re.MULTILINE), name


ASSIGNED = {
    "activations": "wbcore.prediction",
    "backward": "wbcore.training.backpropagation",
    "evaluate": "wbcore.training.evaluation",
    "fit": "wbcore.training.fit",
    "fold_inputs": "wbcore.folding",
    "fold_outputs": "wbcore.folding",
    "forward": "wbcore.training.backpropagation",
    "freeze": "wbcore.prediction",
    "loss_and_gradients": "wbcore.training.backpropagation",
    "partial_fit": "wbcore.training.partial_fit",
    "predict": "wbcore.prediction",
    "predict_proba": "wbcore.prediction",
    "save": "wbcore.io.saving",
    "start_at_prior": "wbcore.priors",
    "statistics": "wbcore.inspect.summary",
    "summary": "wbcore.inspect.summary",
    "with_priors": "wbcore.base_rates",
}


def test_methods_written_elsewhere_are_known():
    found = {
        name: written
        for name, value in vars(wb.Network).items()
        if inspect.isfunction(value)
        and (written := inspect.unwrap(value).__globals__["__name__"]) != "wbcore.network"
    }
    assert found == ASSIGNED


@pytest.mark.parametrize("name", ASSIGNED)
def test_a_method_written_elsewhere_is_one_of_the_class(name):
    method = getattr(wb.Network, name)
    assert (method.__module__, method.__qualname__) == ("wbcore.network", f"Network.{name}")
    assert method is getattr(importlib.import_module(ASSIGNED[name]), name)  # written once
    assert pickle.loads(pickle.dumps(method)) is method
    net = wb.Network.mlp([2, 1])
    bound = pickle.loads(pickle.dumps(getattr(net, name)))
    assert bound.__func__ is method
    assert bound.__self__ == net
    text = pydoc.render_doc(method, renderer=pydoc.plaintext)
    assert text.startswith(
        f"Python Library Documentation: function {name} in module wbcore.network"
    )
    assert f"{name}(self: " in text
    assert not re.search(r"^ *\{\w+\}$", text, re.MULTILINE)  # parameters not filled in


def test_shared_parameters_are_used_and_complete():
    optimizers = [getattr(wb, name) for name in wb.optimizers.__all__]
    for name, entry in ENTRIES.items():
        users = [*(getattr(wb.Network, method) for method in ASSIGNED), *optimizers]
        texts = [inspect.getdoc(user) for user in users]
        assert sum(inspect.cleandoc(entry) in text for text in texts) >= 2, name


def test_a_subclass_may_override_and_call_what_is_written_elsewhere():
    class Mine(wb.Network):
        def fit(self, *data, **options):
            return super().fit(*data, loss="mse", **options)

    assert len(Mine([wb.Dense(1, 1)]).fit([[1.0]], [1.0], epochs=2)) == 2


def test_the_example_of_the_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    y = np.arange(200) % 10
    X = (rng.random((200, 64)) + (np.arange(64) % 10 == y[:, None])) / 2
    X_val, y_val = X[150:], y[150:]

    z = wb.dense([0.5, 0.3], weights=[[0.8], [0.6]], biases=[0.2])
    assert z.tolist() == [0.78]
    assert wb.sigmoid(z).tolist() == [0.6856801139382539]
    W1 = wb.initializers.xavier(3, 4, seed=0)
    assert W1.shape == (3, 4)
    net = wb.Network([wb.Dense(64, 32, "relu"), wb.Dense(32, 10)], seed=0)
    assert net == wb.Network.mlp([64, 32, 10], activation="relu", seed=0)
    history = net.fit(
        X,
        y,
        loss="cross_entropy",
        optimizer=wb.SGD(learning_rate=0.1, momentum=0.9),
        epochs=20,
        batch_size=32,
        validation_data=(X_val, y_val),
        metrics=["accuracy"],
        progress=True,
    )
    assert len(history.loss) == 20
    assert history.to_dict()["val_accuracy"][-1] == 1
    assert net.predict(X).shape == (200, 10)
    assert (net[0].weights.shape, net[0].biases.shape) == ((64, 32), (32,))
    loss, grads = net.loss_and_gradients(X, y, loss="cross_entropy")
    assert loss < history.loss[0]
    assert (grads[0].weights.shape, grads[0].biases.shape) == ((64, 32), (32,))
    assert "total" in net.summary()
    net.save("digits.safetensors")
    assert wb.load("digits.safetensors") == net
