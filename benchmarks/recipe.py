"""The recipe for tables beside others that differ from it in one thing, on tables of many kinds."""

import time

import fresh
import numpy as np
import recipes
import report
import tables
import verdicts

SEEDS = range(5)
CAPTION = f"""
What the estimators for tables and `wbcore train` do when nothing is said is `wbcore.recipe`. Here
it is beside trainings that differ from it in one thing each, on {{n_tables}} tables, {{n_seeds}}
seeds each: of the initial weights, of the order of rows, and of the data, which are other draws
or, where they are there, other splits with {tables.TEST_SHARE:.0%} of the rows for the test
(stratified by class; drawn tables have {tables.TEST_ROWS} rows for it). The recipe was chosen by
seeds from 1000 on, none of these. `error` is the share of the rows that is wrong (1 - accuracy),
or of the variance that is not explained (1 - R2), `loss` the cross-entropy or the mean squared
error, each of the test's rows and meaned over the seeds, by that of the recipe: the geometric mean
over the tables, in per cent more (+) or less (-). Half a row more is counted wrong, so that no
error is 0. `+-` is the deviation over the seeds, each taken alone. `better` and `worse`: on how
many tables the mean of the seeds' paired differences of errors lies beyond 95 % of Student's t, as
by chance alone one in twenty does. `p`: of Wilcoxon's signed ranks over the tables. `rank`: among
all of these by the error, 1 being the best, the mean over the tables. `seconds`: of all trainings
together, by those of the recipe.
"""
HEADINGS = ["differs in", "error %", "+-", "loss %", "better", "worse", "p", "rank", "seconds"]
SCORES_CAPTION = """
Accuracy or R2 (the outputs' mean), mean over the seeds: of the recipe, its deviation over the
seeds, and how much more or less it is with each difference.
"""
SHORT_TABLES = ("wine", "diabetes")
SHORT_RECIPES = ("the recipe", "glorot_uniform", "stopping, 10")


def measure(name, seeds, names):
    """Errors, losses and seconds, (3, V, S), whether the table has classes, and its test's rows."""
    variants = recipes.variants()
    found = np.empty((3, len(names), len(seeds)))
    for s, seed in enumerate(seeds):
        table = tables.table(name, seed)
        for v, variant in enumerate(names):
            trained = recipes.Trained(variants[variant], table, seed)
            began = time.perf_counter()
            trained.fit()
            seconds = time.perf_counter() - began
            found[:, v, s] = *trained.errors(), seconds
    return found.tolist(), table.classifies, len(table.y_test)


def lines_of(names, errors, losses, seconds):
    """A line for each recipe, over all tables."""
    columns = (
        *(verdicts.more(errors), verdicts.spread(errors), verdicts.more(losses)),
        *(*verdicts.beyond_chance(errors), verdicts.p_values(errors), verdicts.ranks(errors)),
        seconds.sum(axis=(1, 2)) / seconds[0].sum(),
    )
    formats = ("+.1f", ".1f", "+.1f", "d", "d", ".3f", ".1f", ".2f")
    for name, *values in zip(names, *columns, strict=True):
        yield [name, *(format(value, f) for value, f in zip(values, formats, strict=True))]


def scores_of(names, errors):
    """A line for the recipe, its spread, and for what the others are more, by table."""
    scores = 1 - errors
    yield [names[0], *(f"{score:.4f}" for score in scores[0].mean(axis=1))]
    yield ["+-", *(f"{spread:.4f}" for spread in scores[0].std(axis=1))]
    for name, score in zip(names[1:], scores[1:], strict=True):
        yield [name, *(f"{more:+.4f}" for more in (score - scores[0]).mean(axis=1))]


def section(options):
    chosen = SHORT_TABLES if options["short"] else tuple(tables.KINDS)
    names = SHORT_RECIPES if options["short"] else tuple(recipes.variants())
    seeds = list(SEEDS)[: options["rounds"]]
    found = {}
    for name in chosen:
        report.progress([name, *(f"seed {seed}" for seed in seeds)])
        found[name] = fresh.call("recipe.measure", name, seeds, names, threads=1)
    values = np.array([measured for measured, _, _ in found.values()])  # (T, 3, V, S)
    errors, losses, seconds = values.transpose(1, 2, 0, 3)
    classifies = np.array([kind for _, kind, _ in found.values()])
    half_rows = np.array([0.5 / rows if kind else 0.0 for _, kind, rows in found.values()])
    caption = CAPTION.format(n_tables=len(chosen), n_seeds=len(seeds))
    parts = [
        report.section(
            "The recipe for tables",
            caption,
            HEADINGS,
            lines_of(names, errors + half_rows[:, None], losses, seconds),
        )
    ]
    for title, those in (("classes", classifies), ("values", ~classifies)):
        columns = [name for name, chosen in zip(found, those, strict=True) if chosen]
        parts.append(
            report.section(
                f"The recipe for tables, {title}",
                SCORES_CAPTION,
                ["", *columns],
                scores_of(names, errors[:, those]),
            )
        )
    return "\n".join(parts)
