"""Options of `wbcore train` that are not sound, or say two things, are refused before the work."""

import pytest
from cli_options import write_data
from cli_runner import fail

import wbcore as wb


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Holds data.csv."""
    return write_data(tmp_path_factory.mktemp("options"))


@pytest.fixture
def no_work(tmp_path, monkeypatch):
    """Fails the test when a training begins, or a file is left."""
    monkeypatch.setattr(wb.Network, "fit", lambda *_, **__: pytest.fail("the work has begun"))
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.iterdir())


REFUSED = [
    ("k", "--optimizer adamm", "--optimizer: expected one of sgd("),
    ("k", "--optimizer adam(-1)", "--optimizer: expected learning_rate of adam to be a finite"),
    ("k", "--optimizer lbfgs", "--optimizer: expected one that takes batches (sgd, adam"),
    ("k", "--schedule cosin", "--schedule: expected one of constant(learning_rate), step("),
    ("k", "--schedule step", "--schedule: expected step(learning_rate, every, factor) with its"),
    ("k", "--schedule cosine(0.1,0)", "--schedule: expected steps of cosine to be an integer"),
    ("k", "--schedule", "Option '--schedule' requires an argument"),
    (
        "k",
        "--schedule cosine(0.1,50) --learning-rate 0.2",
        (
            "--schedule: expected a name alone, such as cosine, beside the learning rate of "
            "--learning-rate 0.2, got cosine(0.1,50), which has its own"
        ),
    ),
    (
        "k",
        "--schedule cosine(0.1,50) --optimizer sgd(0.1)",
        "beside the learning rate of --optimizer sgd(0.1), got cosine(0.1,50), which has its own",
    ),
    (
        "k",
        "--schedule cosine --optimizer adam(cosine(0.1,50))",
        "--schedule: expected none beside the one of --optimizer adam(cosine(0.1,50)), got cosine",
    ),
    (
        "k",
        "--learning-rate 0.1 --optimizer adam(0.1)",
        "--learning-rate: expected it once, got 0.1 beside that of --optimizer adam(0.1)",
    ),
    (
        "k",
        "--momentum 0.9",
        "--momentum: expected an optimizer that has it, such as --optimizer sgd, got adam",
    ),
    ("k", "--momentum 0.9 --optimizer sgd(0.1,0.5)", "--momentum: expected it once, got 0.9"),
    ("k", "--l2 -1", "--l2: expected a finite number of at least 0, got -1"),
    ("k", "--dropout 1", "--dropout: expected a share of the units from 0 to below 1, got 1.0"),
    ("k", "--dropout 0.1 --hidden=", "--dropout: expected --hidden to have units to leave out"),
    ("k", "--loss mse", "--loss: expected one of cross_entropy, hinge, squared_hinge, "),
    ("v", "--loss hinge", "--loss: expected one of mse, mae, huber, quantile, "),
    ("v", "--loss hubber", "--loss: expected one of mse, mae, huber(delta)"),
    ("v", "--loss quantile(0.1,0.9)", "--loss: expected one quantile for the one target, got"),
    ("v", "--loss mse[2]", "--loss: expected no weights of outputs, got mse[2]"),
    ("b", "--loss poisson", "--loss: expected values of at least 0 in column 'b' for poisson, got"),
    ("n", "--loss gamma_deviance", "--loss: expected values above 0 in column 'n' for gamma_"),
    ("k", "--bias-init ones", "--bias-init: expected prior or zeros, got ones"),
    ("k", "--bias-init prior --loss hinge", "--bias-init: expected zeros with the loss hinge, got"),
    ("k", "--class-weight even", "--class-weight: expected 'balanced', or pairs like no=1,yes=5"),
    ("k", "--class-weight yes=-1", "with weights from 0 to 1e18, got 'yes=-1'"),
    ("k", "--class-weight maybe=2", "--class-weight: expected classes among no, yes, got 'maybe'"),
    ("k", "--class-weight yes=1,yes=2", "--class-weight: expected each class once, got 'yes'"),
    ("k", "--class-weight yes=0", "--class-weight: expected a weight above 0, got 'yes=0'"),
    ("v", "--class-weight balanced", "--class-weight: expected a target of classes, got values of"),
    ("k", "--early-stopping -1", "--early-stopping: expected a patience of at least 1, or 0 for"),
    ("k", "--early-stopping 2.5", "--early-stopping: expected a whole number of epochs, got 2.5"),
    ("k", "--time-limit 0", "--time-limit: expected seconds above 0, or a time such as 90s, 5min"),
    ("k", "--time-limit 5parsecs", "--time-limit: expected seconds above 0"),
    ("k", "--time-limit ..5", "--time-limit: expected seconds above 0"),
]


@pytest.mark.parametrize(("target", "words", "message"), REFUSED)
@pytest.mark.usefixtures("no_work")
def test_bad_values_and_conflicts_are_refused_before_the_work(folder, target, words, message):
    others = ",".join({"k", "v", "n"} - {target})
    task = [] if target == "k" else ["--task", "regression"]
    options = ["--target", target, "--ignore", others, *task]
    assert message in fail("train", folder / "data.csv", *options, *words.split(" "))
