"""Who imports whom within the package: no circles, and few imports inside functions."""

import ast
import graphlib
from pathlib import Path

import pytest

import wbcore as wb

FOLDER = Path(wb.__file__).parent

# What comes with the extras, and is imported where it is used.
OPTIONAL = {
    "cloudpickle",
    "joblib",
    "matplotlib",
    "pandas",
    "pyarrow",
    "rich",
    "scipy",
    "sklearn",
    "threadpoolctl",
    "typer",
}

# Of what is always there: imported within a function for the time that it takes, or by chance.
LATE = {
    ("wbcore._distribution", "importlib"): "importlib.metadata, for a message",
    ("wbcore._foreign", "difflib"): "for a message",
    ("wbcore.schedules.reading", "wbcore.schedules.texts"): "the classes of all schedules",
    ("wbcore.training.fit", "wbcore.training.plan"): "not for `import wbcore`",
    ("wbcore.training.fit", "wbcore.training.run"): "the same",
    ("wbcore.threads", "wbcore._threadpoolctl"): "imports threadpoolctl, which may not be there",
    ("wbcore.history", "wbcore._history_json"): "json: not for `import wbcore`",
    ("wbcore.history", "wbcore.parameter_history"): "tables: not for `import wbcore`",
    ("wbcore.io.saving", "wbcore.io.model"): "json, hashlib, shutil: not for `import wbcore`",
    ("wbcore.loading", "wbcore.io.model"): "the same",
    ("wbcore.training.run", "wbcore.training.session"): "the same",
    ("wbcore.training.run", "wbcore.training.recording"): "for fits with track alone",
    ("wbcore.training.again", "wbcore.training.beginning"): "not for `import wbcore`",
    ("wbcore.training.again", "wbcore.training.nonfinite"): "the same",
    ("wbcore.training.again", "wbcore.training.replay_places"): "the same",
    ("wbcore.training.again", "wbcore.training.replaying"): "the same",
    ("wbcore.training.nonfinite_step", "wbcore.reference"): "for losses of wbcore's own alone",
    ("wbcore.training.nonfinite_step", "wbcore.reference.losses"): "the same",
    ("wbcore.training.batches", "wbcore.reference"): "the same",
    ("wbcore._view", "wbcore._sparse"): "for sparse matrices alone",
    ("wbcore.inspect.findings.names", "wbcore.tables.metadata"): "for networks with names alone",
    ("wbcore.priors", "wbcore._inverses"): "for fits that begin at a prior alone",
    ("wbcore.priors", "wbcore._target_sums"): "the same",
    ("wbcore.priors", "wbcore.losses.reading"): "the same",
    ("wbcore.searching.fits", "wbcore.sklearn.tabular"): "for estimators that it is of alone",
    ("wbcore.cli", "wbcore.cli.app"): "imports typer; without it there is a message",
    ("wbcore.cli", "wbcore.cli.terminal"): "the same",
    ("wbcore.cli.app", "wbcore.cli.commands"): "pandas and others, not for `wbcore --help`",
    ("wbcore.cli.app", "wbcore.cli.comparison"): "the same",
    ("wbcore.cli.app", "wbcore.cli.findings"): "the same",
    ("wbcore.cli.app", "wbcore.cli.metadata"): "the same",
    ("wbcore.cli.comparison", "wbcore.cli.searching"): "scikit-learn, for a comparison alone",
    ("wbcore.cli.app", "wbcore.cli.description"): "the same",
    ("wbcore.cli.app", "wbcore.cli.outputs"): "the same",
    ("wbcore.cli.app", "wbcore.cli.prediction"): "the same",
    ("wbcore.cli.app", "wbcore.cli.report"): "the same",
    ("wbcore.cli.app", "wbcore.inspect"): "the same",
}


def module_of(path):
    parts = ["wbcore", *path.relative_to(FOLDER).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_of(path): ast.parse(path.read_text("utf-8")) for path in FOLDER.rglob("*.py")}
MODULES = {*TREES, "wbcore._core"}
PACKAGES = {module_of(path) for path in FOLDER.rglob("__init__.py")}


def children(node):
    """Of a node, but not what only type checkers see."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return node.orelse
    return ast.iter_child_nodes(node)


def imports(module):
    """(name of a module, whether within a function), of everything imported anywhere in it."""

    def visit(node, within):
        if isinstance(node, ast.Import):
            yield from ((name.name, within) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            if module in PACKAGES:
                parts.append("")
            origin = [*parts[: -node.level], node.module] if node.level else [node.module]
            origin = ".".join(filter(None, origin))
            for name in node.names:
                whole = f"{origin}.{name.name}"
                yield (whole if whole in MODULES else origin), within
        within = within or isinstance(node, (ast.FunctionDef, ast.Lambda))
        for child in children(node):
            yield from visit(child, within)

    return list(visit(TREES[module], False))


def lazy_names(module):
    """Modules that a package gives names of when they are asked for: `_lazy.lazy`."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("lazy", "_lazy"):
            yield from ast.literal_eval(node.args[1]).values()


def graph():
    """For each module those that it imports; the root, which users import, is not one of them."""
    edges = {name: {found for found, _ in imports(name)} & MODULES - {"wbcore"} for name in TREES}
    for package in TREES.keys() - {"wbcore"}:
        edges[package] |= set(lazy_names(package))
    return edges


def test_no_module_imports_itself_by_way_of_others():
    edges = graph()
    assert "wbcore.training.fit" in edges["wbcore.network"]
    assert "wbcore.io.model" in edges["wbcore.io.saving"]  # within a function
    assert "wbcore.loading" in edges["wbcore.io"]  # when it is asked for
    assert "wbcore.network" not in edges["wbcore.training.fit"]  # for type checkers alone
    assert "wbcore.reference.fma" in edges["wbcore.reference.arithmetic"]  # from .fma
    list(graphlib.TopologicalSorter(edges).static_order())


@pytest.mark.parametrize("back", ["wbcore.optimizers", "wbcore.io.model", "wbcore.inspect.summary"])
def test_a_circle_would_be_found(back):
    edges = graph()
    edges[back].add("wbcore.network")
    with pytest.raises(graphlib.CycleError):
        list(graphlib.TopologicalSorter(edges).static_order())


def test_the_root_is_for_users_and_the_command_line():
    importers = {name for name in TREES if "wbcore" in {found for found, _ in imports(name)}}
    assert all(name.startswith("wbcore.cli.") for name in importers), importers


def test_files_know_no_network():
    edges = graph()
    for name in edges:
        if name.startswith("wbcore.io."):
            assert "wbcore.network" not in edges[name], name


def test_imports_within_functions_have_a_reason():
    found = {
        (module, name)
        for module in TREES
        for name, within in imports(module)
        if within and name.partition(".")[0] not in OPTIONAL
    }
    assert found == LATE.keys()


def test_modules_are_imported_by_name_in_one_place():
    callers = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "import_module"
    }
    # the latter: pandas, pyarrow; tqdm
    assert callers == {"wbcore._lazy", "wbcore.io.frame", "wbcore.callbacks.progress"}
