"""The estimators beside scikit-learn's, each class with its own defaults: time, memory, scores."""

import time
from statistics import mean, median, stdev

import fresh
import learners
import memory
import numpy as np
import report
import timing
from contestants import installed
from learners import OURS, THEIRS, fitted

SEEDS = 5
AIM_FOR_ONE_ROW = 20
FITS = f"""
MLPClassifier and MLPRegressor of wbcore.sklearn and of scikit-learn, and wbcore's estimators for
tables: each as its constructor makes it but for the seed, one thread, the same arrays. A quarter of
the rows is for the test, another one for each seed; the columns are scaled as a StandardScaler
does, values that are predicted are as they are. Fashion-MNIST has its own test, pixels from 0 to 1
in float32, and {learners.FASHION_EPOCHS} epochs for all; otherwise when a training ends is each
class's default. Seconds are those of the seeds, in turn; `x wbcore`: how many times longer than
wbcore's MLP, the median over the seeds, each of which times all. The score is accuracy or R2,
`margin` how much more it is than scikit-learn's, with the deviation of the seeds' differences.
wbcore's MLP draws what scikit-learn's draws, so both do the same steps; that their scores agree
within the spread is required.
"""
PREDICTIONS = f"""
`predict` of what was trained with the first seed, of all rows of the test and of one, in turn:
medians, and the median over the rounds of how many times longer than wbcore's MLP. Before anything
is timed wbcore's MLP is given scikit-learn's weights, and must predict in float64 what it predicts,
to {learners.TOLERANCE:g} of the largest.
"""
MEMORY = """
MiB; in a fresh process that has imported the estimator and made the data: the peak resident memory
(ru_maxrss) after a fit, less the one before.
"""
GRID = f"""
`GridSearchCV` over {learners.N_CANDIDATES} candidates (widths, alpha, rates) and {learners.FOLDS}
folds of digits, in one process and thread, the last fit of the best included. By candidate: how
many times longer its fits take, median and deviation. That the scores of each candidate agree
within the folds' spread is required.
"""


def measure(name, folder, names, seeds, rounds):
    """By contestant: seconds and scores of fits, epochs, and seconds of both predictions."""
    problem = learners.PROBLEMS[name]
    found = {who: {"fit": [], "score": [], "epochs": []} for who in names}
    runs = {}
    for seed in range(seeds):
        X, y, X_test, y_test = problem.split(folder, seed)
        if seed == 0:
            learners.require_same_predictions(names, problem, X, y, X_test)
            for who in names:
                fitted(learners.made(who, problem, seed), X[:200], y[:200])  # imported and warm
        for who in names:
            model = learners.made(who, problem, seed)
            began = time.perf_counter()
            fitted(model, X, y)
            found[who]["fit"].append(time.perf_counter() - began)
            found[who]["score"].append(model.score(X_test, y_test))
            found[who]["epochs"].append(learners.epochs_of(model))
            if seed == 0:
                runs[who] = {
                    "all": lambda m=model, rows=X_test: m.predict(rows),
                    "one": lambda m=model, rows=X_test[:1]: m.predict(rows),
                }
    for what in ("all", "one"):
        times = timing.alternating({who: run[what] for who, run in runs.items()}, rounds)
        for who in names:
            found[who][what] = times[who]
    return found, X.shape, len(X_test)


def growth(name, folder, who):
    """MiB of the data, and of the peak before and after a fit in this process, which is fresh."""
    problem = learners.PROBLEMS[name]
    X, y, _, _ = problem.split(folder, 0)
    model = learners.made(who, problem, 0)
    before = memory.peak()
    fitted(model, X, y)
    return (X.nbytes + y.nbytes) / 2**20, before, memory.peak() - before


def grid(names, n_candidates):
    """By contestant: seconds, and each candidate's seconds, scores and spreads over the folds."""
    found = {}
    for who in names:
        search, X, y = learners.grid_search(who, n_candidates)
        began = time.perf_counter()
        fitted(search, X, y)
        seconds = time.perf_counter() - began
        columns = ("mean_fit_time", "mean_test_score", "std_test_score")
        found[who] = (seconds, *(search.cv_results_[column].tolist() for column in columns))
    return found


def times_longer(found, what, who):
    times = {name: values[what] for name, values in found.items()}
    return f"{timing.ratio(times, who, OURS):.2f}"


def rows_of_fits(measured):
    for name, (found, (n_rows, n_columns), _) in measured.items():
        scores = {who: np.array(values["score"]) for who, values in found.items()}
        learners.require_same_scores(name, scores)
        for who, values in found.items():
            margin, aim = "", learners.PROBLEMS[name].at_least if who == THEIRS else None
            if who != THEIRS and THEIRS in scores:
                differences = scores[who] - scores[THEIRS]
                margin = f"{differences.mean():+.4f} ± {differences.std():.4f}"
            yield [
                *((name, str(n_rows), str(n_columns)) if who == OURS else ("", "", "")),
                who,
                f"{min(values['fit']):.4f}",
                f"{median(values['fit']):.4f}",
                times_longer(found, "fit", who),
                f"{aim:.1f}" if aim else "",
                f"{mean(values['epochs']):.0f}",
                f"{scores[who].mean():.4f}",
                f"{stdev(scores[who]) if len(scores[who]) > 1 else 0:.4f}",
                margin,
            ]


def rows_of_predictions(measured):
    for name, (found, _, n_rows) in measured.items():
        for who, values in found.items():
            yield [
                *((name, str(n_rows)) if who == OURS else ("", "")),
                who,
                f"{median(values['all']) * 1e6:.1f}",
                times_longer(found, "all", who),
                f"{median(values['one']) * 1e6:.1f}",
                times_longer(found, "one", who),
                f"{AIM_FOR_ONE_ROW:.1f}" if who == THEIRS else "",
            ]


def rows_of_memory(chosen, folder, names):
    for name in chosen:
        for who in names:
            measured = fresh.call("estimators.growth", name, folder, who, threads=1)
            yield [
                name if who == names[0] else "",
                who,
                *(f"{value:.1f}" for value in measured),
            ]


def rows_of_grids(names, n_candidates):
    alike = [who for who in names if who in (OURS, THEIRS)]  # the others' parameters are others
    found = fresh.call("estimators.grid", alike, n_candidates, threads=1)
    ours = found[OURS]
    for who, (seconds, by_candidate, scores, spreads) in found.items():
        if who == THEIRS:
            learners.require_same_grids(scores, ours[2], spreads)
        ratios = np.divide(by_candidate, ours[1])
        yield [
            who,
            f"{seconds:.2f}",
            f"{seconds / ours[0]:.2f}",
            f"{np.median(ratios):.2f}",
            f"{ratios.std():.2f}",
            f"{max(scores):.4f}",
        ]


def section(options):
    folder, short = options["fashion"], options["short"]
    seeds = min(2 if short else SEEDS, options["rounds"])
    names = installed(options["peers"], learners.CONTESTANTS)
    chosen = learners.chosen(folder, short=short)
    measured = {}
    for name in chosen:
        report.progress([name, "fits and predictions"])
        measured[name] = fresh.call(
            "estimators.measure", name, folder, names, seeds, options["rounds"], threads=1
        )
    left_out = "" if folder else "Fashion-MNIST is left out: `--fashion` says where it is."
    fits = ["data", "rows", "columns", "", "best s", "median s", "x wbcore", "at least", "epochs"]
    parts = [
        report.section(
            "Estimators: fits",
            FITS + left_out,
            [*fits, "score", "+-", "margin"],
            rows_of_fits(measured),
        ),
        report.section(
            "Estimators: predictions",
            PREDICTIONS,
            ["data", "rows", "", "all, us", "x wbcore", "one, us", "x wbcore", "at least"],
            rows_of_predictions(measured),
        ),
        report.section(
            "Estimators: memory of a fit",
            MEMORY,
            ["data", "", "arrays", "peak before", "growth"],
            rows_of_memory(chosen, folder, names),
            texts=2,
        ),
        report.section(
            "Estimators: a grid search",
            GRID,
            ["", "s", "x wbcore", "x wbcore, by candidate", "+-", "best score"],
            rows_of_grids(names, 1 if short else learners.N_CANDIDATES),
        ),
    ]
    return "\n".join(parts)
