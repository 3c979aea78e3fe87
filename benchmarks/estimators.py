"""The estimators beside scikit-learn's, each class with its own defaults: time, memory, scores."""

import time
import warnings
from statistics import mean, median, stdev

import fresh
import learners
import memory
import numpy as np
import report
import timing
from contestants import installed

SEEDS = 5
OURS, THEIRS = "wbcore MLP", "scikit-learn"
AIM_FOR_ONE_ROW = 20

FITS = """
MLPClassifier and MLPRegressor of wbcore.sklearn and of scikit-learn, and wbcore's estimators for
tables, each as its constructor makes it, but for the seed; one thread. All are given the same
arrays: a quarter of the rows is for the test, another one for each seed, and the columns are scaled
by the others, as a StandardScaler does; values that are predicted are as they are. Fashion-MNIST
is its own train and test, pixels from 0 to 1 in float32, and all have {epochs} epochs there. What
early stopping holds out, and when a training ends, is each class's default. Seconds are of the
seeds, in turn; `x wbcore` is how many times longer than wbcore's MLP, the median over the seeds,
each of which times all; the score is accuracy or R2, and `margin` how much more it is than that
of scikit-learn, with the deviation of the seeds' differences. wbcore's MLP draws what
scikit-learn's draws, so that both do the same steps.
""".format(epochs=learners.FASHION_EPOCHS)
PREDICTIONS = f"""
`predict` of what was trained with the first seed, for all rows of the test and for one, in turn;
medians, and the median over the rounds of how many times longer it takes than wbcore's MLP. Before
anything is timed, wbcore's MLP is given scikit-learn's weights and must predict as it does,
to {learners.TOLERANCE:g}.
"""
MEMORY = """
MiB; in a fresh process that has imported the estimator and made the data: the peak resident memory
(ru_maxrss) after a fit, less the one before.
"""
GRID = f"""
`GridSearchCV` over {learners.N_CANDIDATES} candidates and five folds of digits, one process, one
thread: all fits, their predictions and the last fit of the best. The deviation is that over the
candidates of how many times longer a fit takes. Both must find the same scores within
the folds' spread.
"""


def measure(name, folder, names, seeds, rounds):
    """By contestant: seconds and scores of fits, epochs, and seconds of both predictions."""
    problem = learners.PROBLEMS[name]
    found = {who: {"fit": [], "score": [], "epochs": []} for who in names}
    runs = {}
    for seed in range(seeds):
        X, y, X_test, y_test = problem.split(folder, seed)
        if seed == 0:
            learners.assert_same_predictions(names, problem, X, y, X_test)
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
                runs[who] = model
    X_test = problem.split(folder, 0)[2]
    for what, rows in (("all", X_test), ("one", X_test[:1])):
        calls = {who: lambda m=model, r=rows: m.predict(r) for who, model in runs.items()}
        for who, times in timing.alternating(calls, rounds).items():
            found[who][what] = times
    return found, X.shape, len(X_test)


def fitted(model, X, y):
    """Fit it; that it stops where it was told to is no news."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def growth(name, folder, who):
    """MiB of the data, and of the peak before and after a fit in this process, which is fresh."""
    problem = learners.PROBLEMS[name]
    X, y, _, _ = problem.split(folder, 0)
    model = learners.made(who, problem, 0)
    before = memory.peak()
    fitted(model, X, y)
    return (X.nbytes + y.nbytes) / 2**20, before, memory.peak() - before


def grid(names, n_candidates):
    """By contestant: seconds, the best score, and each candidate's seconds and scores."""
    found = {}
    for who in names:
        search, X, y = learners.grid_search(who, n_candidates)
        began = time.perf_counter()
        fitted(search, X, y)
        seconds = time.perf_counter() - began
        results = search.cv_results_
        columns = ("mean_fit_time", "mean_test_score", "std_test_score")
        found[who] = (seconds, *(results[column].tolist() for column in columns))
    return found


def require_same_scores(name, scores):
    """Refuse means of our MLP and scikit-learn's that differ by more than the seeds do."""
    if not {OURS, THEIRS} <= scores.keys():
        return
    ours, theirs = (np.asarray(scores[who]) for who in (OURS, THEIRS))
    allowed = max(ours.std(), theirs.std(), 0.01)
    if abs(ours.mean() - theirs.mean()) > allowed:
        raise AssertionError(
            f"{name}: scores of {ours.mean():.4f} and {theirs.mean():.4f} differ by more than "
            f"{allowed:.4f}"
        )


def ratio_of(found, what, who):
    return timing.ratio({w: values[what] for w, values in found.items()}, who, OURS)


def fit_rows(name, measured):
    found, (n_rows, n_columns), _ = measured
    problem = learners.PROBLEMS[name]
    require_same_scores(name, {who: values["score"] for who, values in found.items()})
    for who, values in found.items():
        scores, margin = np.asarray(values["score"]), ""
        if who != THEIRS and THEIRS in found:
            differences = scores - found[THEIRS]["score"]
            margin = f"{differences.mean():+.4f} ± {differences.std():.4f}"
        yield [
            *((name, str(n_rows), str(n_columns)) if who == OURS else ("", "", "")),
            who,
            f"{min(values['fit']):.4f}",
            f"{median(values['fit']):.4f}",
            f"{ratio_of(found, 'fit', who):.2f}",
            f"{problem.at_least:g}" if who == THEIRS and problem.at_least else "",
            f"{mean(values['epochs']):.0f}",
            f"{scores.mean():.4f}",
            f"{stdev(scores) if len(scores) > 1 else 0:.4f}",
            margin,
        ]


def prediction_rows(name, measured):
    found, _, n_rows = measured
    for who, values in found.items():
        yield [
            *((name, str(n_rows)) if who == OURS else ("", "")),
            who,
            f"{median(values['all']) * 1e3:.3f}",
            f"{ratio_of(found, 'all', who):.2f}",
            f"{median(values['one']) * 1e6:.1f}",
            f"{ratio_of(found, 'one', who):.2f}",
            f"{AIM_FOR_ONE_ROW}" if who == THEIRS else "",
        ]


def memory_rows(chosen, folder, names):
    for name in chosen:
        for who in names:
            measured = fresh.call("estimators.growth", name, folder, who, threads=1)
            cells = [f"{value:.1f}" for value in measured]
            yield [name if who == names[0] else "", who, *cells]


def grid_rows(found):
    scores = {who: values[2] for who, values in found.items()}
    for who, (seconds, times, means, deviations) in found.items():
        if who == THEIRS:
            differences = np.abs(np.subtract(scores[OURS], means))
            worst = int(np.argmax(differences - deviations))
            if differences[worst] > max(deviations[worst], 0.01):
                raise AssertionError(f"GridSearchCV: candidate {worst} has another score")
        times_ours = np.asarray(found[OURS][1])
        ratios = np.asarray(times) / times_ours
        yield [
            who,
            f"{seconds:.2f}",
            f"{seconds / found[OURS][0]:.2f}",
            f"{np.median(ratios):.2f}",
            f"{ratios.std():.2f}",
            f"{max(means):.4f}",
        ]


def section(options):
    folder = options["fashion"]
    seeds = min(2 if options["short"] else SEEDS, options["rounds"])
    names = installed([*options["peers"]], learners.CONTESTANTS)
    chosen = learners.chosen(folder, short=options["short"])
    measured = {}
    for name in chosen:
        report.progress([name, "fits and predictions"])
        measured[name] = fresh.call(
            "estimators.measure", name, folder, names, seeds, options["rounds"], threads=1
        )
    caption = FITS if folder else f"{FITS}Fashion-MNIST is left out: `--fashion` says where it is."
    fits = ["data", "rows", "columns", "", "best s", "median s", "x wbcore", "at least", "epochs"]
    fits += ["score", "+-", "margin"]
    predictions = ["data", "rows", "", "all, ms", "x wbcore", "one, us", "x wbcore", "at least"]
    grids = ["", "s", "x wbcore", "x wbcore, by candidate", "+-", "best score"]
    n_candidates = 2 if options["short"] else learners.N_CANDIDATES
    searched = fresh.call("estimators.grid", names, n_candidates, threads=1)
    parts = (
        (FITS_TITLE, caption, fits, (r for n in chosen for r in fit_rows(n, measured[n]))),
        (
            "Estimators: predictions",
            PREDICTIONS,
            predictions,
            (r for n in chosen for r in prediction_rows(n, measured[n])),
        ),
        (
            "Estimators: memory",
            MEMORY,
            ["data", "", "data", "peak before", "growth"],
            memory_rows(chosen, folder, names),
        ),
        ("Estimators: a grid search", GRID, grids, grid_rows(searched)),
    )
    return "\n".join(report.section(*part) for part in parts)


FITS_TITLE = "Estimators: fits"
