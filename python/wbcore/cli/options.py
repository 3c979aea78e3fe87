"""The arguments of ``wbcore train``: what each is called, and what its help says."""

from pathlib import Path
from typing import Annotated

import typer

DATA = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        show_default=False,
        help="The word 'digits' (8 x 8 images that come with scikit-learn), a CSV or Parquet file, "
        "or a folder with the four IDX files of MNIST or Fashion-MNIST.",
    ),
]

_DATA, _NETWORK, _TRAINING, _SEARCH, _ENDING, _FILES = (
    "Data", "Network", "Training", "Comparing settings", "When it ends", "Files"
)  # fmt: skip

Target = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column to predict; for a CSV or Parquet file. If it holds text, only an empty field "
        "is missing: NA, None and null are classes.",
        show_default=False,
        rich_help_panel=_DATA,
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        metavar="TASK",
        help="'classification' or 'regression'. By default the target's type decides: text, bools "
        "and integers with few distinct values are classes.",
        show_default=False,
        rich_help_panel=_DATA,
    ),
]
Ignore = Annotated[
    str,
    typer.Option(
        metavar="COLUMNS",
        help="Columns to leave out: a,b,c.",
        show_default=False,
        rich_help_panel=_DATA,
    ),
]
Categories = Annotated[
    str,
    typer.Option(
        metavar="COLUMNS",
        help="Columns of categories that look like numbers or dates, such as postal codes: a,b,c.",
        show_default=False,
        rich_help_panel=_DATA,
    ),
]
ClassWeight = Annotated[
    str | None,
    typer.Option(
        metavar="WEIGHTS",
        help="What a row of each class counts in the training and in the scores of its epochs: "
        "'balanced', so that all classes count alike, or 'no=1,yes=5'; others count 1. The test "
        "counts rows.",
        show_default=False,
        rich_help_panel=_DATA,
    ),
]
Test = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="CSV or Parquet file whose rows are the test: then all rows of DATA, a table too, are "
        "trained on.",
        show_default=False,
        rich_help_panel=_DATA,
    ),
]
TestFraction = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Share of the rows for the test, which are not trained on; 0 for no test. By default "
        "0.2; IDX folders have their own test files.",
        show_default=False,
        rich_help_panel=_DATA,
    ),
]

Hidden = Annotated[
    str | None,
    typer.Option(
        metavar="WIDTHS",
        help="Units of the hidden layers: 32 or 64,32; '' for none. By default 64,32, or 128 for "
        "IDX files.",
        show_default=False,
        rich_help_panel=_NETWORK,
    ),
]
Activation = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Activation of the hidden layers, with a number or without: relu, tanh, "
        "'leaky_relu(0.2)'.",
        rich_help_panel=_NETWORK,
    ),
]
Dropout = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Share of the hidden units left out, others in each step. By default 0.",
        show_default=False,
        rich_help_panel=_NETWORK,
    ),
]
BiasInit = Annotated[
    str | None,
    typer.Option(
        metavar="BEGIN",
        help="Biases of the outputs at the beginning: 'prior' is how often each class comes, or "
        "the mean; or 'zeros'. By default prior, and zeros for hinge losses.",
        show_default=False,
        rich_help_panel=_NETWORK,
    ),
]

Loss = Annotated[
    str | None,
    typer.Option(
        metavar="LOSS",
        help="'cross_entropy(0.1)' with label smoothing, hinge; for values 'huber(0.5)', mae, "
        "'quantile(0.9)', poisson. Values are scaled to standard deviation 1 before, but for "
        "poisson and gamma_deviance. By default cross_entropy or mse.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
OptimizerText = Annotated[
    str | None,
    typer.Option(
        "--optimizer",
        metavar="OPTIMIZER",
        help="adam, 'adamw(0.001)', 'sgd(0.02, 0.9)': its learning rate first. By default "
        "adam(0.01), or adam(0.003) for IDX files, with --l2.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
ScheduleText = Annotated[
    str | None,
    typer.Option(
        "--schedule",
        metavar="SCHEDULE",
        help="What becomes of the learning rate. A name (cosine, constant, one_cycle, 'cosine "
        "after warmup(100)') takes the rate of --optimizer or --learning-rate and lasts as long as "
        "the training; 'cosine(0.001, 5000)' says rate and steps itself, beside --optimizer adam. "
        "plateau takes a tenth of the rows to train on for validation. By default cosine: down to "
        "0 at the end.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        metavar="RATE",
        help="Size of a step, where --optimizer does not say it.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
Momentum = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Share of the last step kept in the next, of sgd and rmsprop.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
L2 = Annotated[
    float | None,
    typer.Option(
        "--l2",
        metavar="STRENGTH",
        help="Pull of the weights towards 0, in the gradient. By default 3 / rows for classes, "
        "8 / rows for values; 0 with --optimizer or --weight-decay.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
WeightDecay = Annotated[
    float | None,
    typer.Option(
        metavar="STRENGTH",
        help="The optimizer's own: of adamw and lion beside the gradient, of others like --l2. By "
        "default the optimizer's.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        metavar="ROWS",
        help="Rows for each change of the weights. By default 32, or 128 for IDX files.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        metavar="NUMBER",
        help="Decides the first weights, the rows for test and validation, the order of "
        "batches and what dropout leaves out.",
        rich_help_panel=_TRAINING,
    ),
]

Epochs = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        help="Passes over the data. By default 200, fewer for more than 6400 rows (some 40000 "
        "steps, but 20 passes), or 10 for IDX files.",
        show_default=False,
        rich_help_panel=_ENDING,
    ),
]
EarlyStopping = Annotated[
    str | None,
    typer.Option(
        metavar="[EPOCHS]",
        help="Take a tenth of the rows to train on for validation, end when their loss has not "
        "got better for so many epochs, by default 10, and keep the best epoch's weights; 0: do "
        "not. From 40000 rows on it is done unasked.",
        show_default=False,
        rich_help_panel=_ENDING,
    ),
]
TimeLimit = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="End after so many seconds, or 90s, 5min, 2h, with what was learned by then.",
        show_default=False,
        rich_help_panel=_ENDING,
    ),
]

Folds = Annotated[
    int | None,
    typer.Option(
        "--cv",
        metavar="FOLDS",
        help="Before the training: train on all but one of so many parts of the rows to train on, "
        "and test on that one, each in turn; shows each score, their mean and spread, and stores "
        "them with the model.",
        show_default=False,
        rich_help_panel=_SEARCH,
    ),
]
Search = Annotated[
    int | None,
    typer.Option(
        "--search",
        metavar="NUMBER",
        help="Compare so many settings by --cv (5 folds if it is not said): those given, and "
        "others drawn by the seed of widths, rate, l2, dropout, batches, activation, each unless "
        "its option says it. The best third goes on to three times as many epochs, and so on. The "
        "model is trained by the best; after Ctrl-C --resume goes on with the comparison.",
        show_default=False,
        rich_help_panel=_SEARCH,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        metavar="NUMBER",
        help="Fits of --cv and --search at once, on threads. By default as many as processors; no "
        "result depends on it.",
        show_default=False,
        rich_help_panel=_SEARCH,
    ),
]

Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with a training that Ctrl-C, a time limit or a kill ended, from the checkpoint "
        "beside the model file (its name + .ckpt, written every 30 s), with the same data and "
        "settings: to the bit as if nothing had ended it. Without a checkpoint it begins.",
        show_default=False,
        rich_help_panel=_ENDING,
    ),
]

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Model file. By default DATA's name + .safetensors.",
        show_default=False,
        rich_help_panel=_FILES,
    ),
]
Table = Annotated[
    Path | None,
    typer.Option(
        "--table",
        metavar="FILE",
        help="CSV or Parquet file for all that --search compares: settings, each fold's score. By "
        "default the model's name + .search.csv.",
        show_default=False,
        rich_help_panel=_FILES,
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Picture file: .png, .jpg, .svg or .pdf. By default the model's name + .png.",
        show_default=False,
        rich_help_panel=_FILES,
    ),
]
