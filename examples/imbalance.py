"""A lesson on rare classes: biases offset imbalance.

    pip install '.[cli]'
    python examples/imbalance.py

One payment in 200 is fraud. Networks learn to tell which, with and without what is said to help:
output biases that begin at the rate, class weights, focal loss, and class weights whose shift is
taken back in the output bias. Every number is measured here, over five seeds of data and networks;
the picture goes to imbalance.png.
"""

import importlib.util
import textwrap
from itertools import pairwise

import numpy as np
from imbalance_trainings import (
    BATCH,
    CORRECTED,
    FOCAL,
    PLAIN,
    PRIOR,
    RATE,
    ROWS,
    SEEDS,
    TRUTH,
    WAYS,
    WEIGHTED,
    WIDTHS,
    of_seed,
)

import wbcore as wb
from wbcore.inspect import Table

EDGES = (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1)  # of the probabilities that are told apart
FEW = 30  # payments, of which a share says little
PICTURE = "imbalance.png"

# ---- what was found, of all seeds


def scores(seeds, way, score):
    return np.array([found[way.name].scores[score] for found, _ in seeds])


def mean_and_spread(values, digits):
    """As text: the mean over the seeds, and their standard deviation."""
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def first_step(seeds, way):
    """The step from which on a way knows more than the rate, the median of the seeds.

    That is, its log loss stays below that of who knows the rate alone, where prior biases begin.
    """
    steps = []
    for found, _ in seeds:
        watched, rate_alone = found[way.name], found[PRIOR.name].losses[0]
        after = 1 + np.flatnonzero(np.array(watched.losses) >= rate_alone)[-1]
        steps.append(watched.steps[after] if after < len(watched.steps) else np.inf)
    return float(np.median(steps))


def in_bins(seeds, way):
    """Of all seeds together, per bin: how many payments, mean probability, share of fraud."""
    said = np.concatenate([found[way.name].said for found, _ in seeds])
    fraud = np.concatenate([y for _, y in seeds])
    bins = np.digitize(said, EDGES[1:-1])
    for k in range(len(EDGES) - 1):
        chosen = bins == k
        if chosen.any():
            yield int(chosen.sum()), said[chosen].mean(), fraud[chosen].mean()
        else:
            yield 0, np.nan, np.nan


def compared(seeds, way, other):
    """In words: the difference in average precision, seed by seed, and whether chance gives it."""
    difference = scores(seeds, way, "average_precision") - scores(seeds, other, "average_precision")
    mean, error = difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))
    chance = abs(mean) <= 2.78 * error  # Student's t of four degrees, one in twenty
    return f"{mean:+.3f} ± {error:.3f}, {'maybe' if chance else 'hardly'} by chance"


# ---- tables


def start(seeds):
    """Where each way starts, and when it knows more than the rate."""
    rows = []
    for way in WAYS:
        own, plain = (mean_and_spread(scores(seeds, way, s), 4) for s in ("own", "first"))
        step = first_step(seeds, way)
        rows.append((way.name, own, plain, f"{step:g}" if np.isfinite(step) else "never"))
    columns = ("trained with", "its own loss", "log loss", "knows more than the rate from step")
    return Table(columns, rows, "Table 1: step 0, on the payments it learns from")


def end(seeds):
    """How good each way is in the end."""
    columns = (
        ("average precision", "average_precision", 1, 3),
        ("log loss", "log_loss", 1, 4),
        ("1000 x Brier score", "brier", 1000, 2),
        ("mean probability / rate", "said", 1, 2),
    )
    rows = [
        (way.name, *(mean_and_spread(k * scores(seeds, way, s), n) for _, s, k, n in columns))
        for way in (*WAYS, CORRECTED, TRUTH)
    ]
    names = ("trained with", *(name for name, *_ in columns))
    return Table(names, rows, "Table 2: the end, on other payments")


def reliability(seeds):
    """Of the payments that are said to be fraud with such a probability, the share that is."""
    ways = (PRIOR, FOCAL, WEIGHTED, CORRECTED)
    shares = [
        [f"{share:.2%}" if n >= FEW else "few" for n, _, share in in_bins(seeds, way)]
        for way in ways
    ]
    said = [f"{low:.1%} to {high:.1%}" for low, high in pairwise(EDGES)]
    columns = ("probability", *(way.name for way in ways))
    title = "Table 3: of the payments given such a probability of fraud, so many were"
    return Table(columns, zip(said, *shares, strict=True), title)


# ---- sentences


def sentences(seeds):
    """What the tables show."""

    def mean(way, score):
        return scores(seeds, way, score).mean()

    rate_alone = mean(PRIOR, "entropy")
    yield (
        f"Who knows nothing but the rate has a log loss of {rate_alone:.4f}. At step 0 a network "
        f"with output biases of 0 has {mean(PLAIN, 'first'):.3f}, "
        f"{mean(PLAIN, 'first') / rate_alone:.0f} times that; with prior biases it has "
        f"{mean(PRIOR, 'first'):.4f}. The one knows more than the rate from step "
        f"{first_step(seeds, PLAIN):g} on, the other from step {first_step(seeds, PRIOR):g}."
    )
    yield (
        f"Average precision asks for the order alone. Beside that of biases of 0, "
        f"{mean(PLAIN, 'average_precision'):.3f}, it is, seed by seed, with prior biases "
        f"{compared(seeds, PRIOR, PLAIN)}; with focal loss {compared(seeds, FOCAL, PLAIN)}; "
        f"with class weights {compared(seeds, WEIGHTED, PLAIN)}."
    )
    yield (
        f"Class weights make fraud as common as the rest, and the network says so: its mean "
        f"probability is {mean(WEIGHTED, 'said'):.3g} times the rate. One number offsets that, "
        f"{np.log(RATE / (1 - RATE)):.2f} on the output bias, net.with_priors(0.5, {RATE}): the "
        f"average precision goes from {mean(WEIGHTED, 'average_precision'):.3f} to "
        f"{mean(CORRECTED, 'average_precision'):.3f}, the mean probability to "
        f"{mean(CORRECTED, 'said'):.2f} times the rate, and the Brier score from "
        f"{mean(WEIGHTED, 'brier'):.4f} to {mean(CORRECTED, 'brier'):.4f}; without class weights, "
        f"with prior biases, it is {mean(PRIOR, 'brier'):.4f}."
    )
    yield (
        f"With focal loss the mean probability is {mean(FOCAL, 'said'):.3g} times the rate, and "
        f"the Brier score {mean(FOCAL, 'brier'):.4f}; to give each payment the rate has "
        f"{RATE * (1 - RATE):.4f}."
    )


# ---- the picture


def draw(seeds, file):
    """Log loss by step, what was found beside what was said, average precision by seed."""
    from matplotlib.figure import Figure  # without pyplot: no window system

    figure = Figure(figsize=(15, 5.8), dpi=120, layout="constrained")
    figure.suptitle(
        f"Fraud in {RATE:.1%} of {ROWS:,} payments, as networks of {'-'.join(map(str, WIDTHS))} "
        f"find it: {SEEDS} seeds of data and networks"
    )
    losses, calibration, precision = figure.subplots(1, 3, width_ratios=[1, 1, 0.9])
    draw_losses(losses, seeds)
    draw_calibration(calibration, seeds)
    draw_precision(precision, seeds)
    for axes in (losses, calibration, precision):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    handles, labels = calibration.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(file)


def draw_losses(axes, seeds):
    for way in WAYS:
        steps = seeds[0][0][way.name].steps
        mean = np.mean([found[way.name].losses for found, _ in seeds], axis=0)
        axes.plot(steps, mean, color=way.color, marker=way.marker, markersize=4)
    rate_alone = np.mean([found[PRIOR.name].losses[0] for found, _ in seeds])
    axes.axhline(rate_alone, color="0.4", linestyle="--")
    axes.text(0, 0.95 * rate_alone, "who knows the rate alone", color="0.3", va="top", size=9)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(-0.1, 1.2 * max(steps))
    axes.set_yscale("log")
    plain_numbers(axes.xaxis, (0, 1, 10, 100, 1000), "{:,}".format)
    plain_numbers(axes.yaxis, (0.02, 0.05, 0.1, 0.2, 0.5), str)
    axes.set(xlabel=f"steps of {BATCH} payments", ylabel="log loss in nats")
    axes.set_title("Log loss while it learns", loc="left")


def draw_calibration(axes, seeds):
    for way in (*WAYS, CORRECTED):
        bins = [(said, share) for n, said, share in in_bins(seeds, way) if n >= FEW and share > 0]
        said, share = np.array(bins).T
        axes.plot(said, share, color=way.color, marker=way.marker, label=way.name)
    axes.plot([1e-5, 1], [1e-5, 1], color="0.4", linestyle="--", zorder=0)
    axes.text(0.028, 0.014, "calibrated", color="0.3", size=9)
    axes.set(xscale="log", yscale="log", xlim=(1e-4, 1), ylim=(1e-5, 1))
    for axis, shown in (
        (axes.xaxis, "probability that it says"),
        (axes.yaxis, "share that is fraud"),
    ):
        plain_numbers(axis, (1e-5, 1e-4, 1e-3, 0.01, 0.1, 1), lambda share: f"{100 * share:g} %")
        axis.set_label_text(shown)
    axes.set_title("What it says, and what is found", loc="left")


def plain_numbers(axis, ticks, form):
    low, high = sorted(axis.get_view_interval())
    shown = [tick for tick in ticks if low <= tick <= high]
    axis.set_ticks(shown, [form(tick) for tick in shown])
    axis.set_ticks([], minor=True)


def draw_precision(axes, seeds):
    ways = (*WAYS, CORRECTED, TRUTH)
    for place, way in enumerate(ways):
        found = scores(seeds, way, "average_precision")
        axes.plot(found, np.full(len(found), place), way.marker, color=way.color, alpha=0.5)
        axes.plot(found.mean(), place, "|", color=way.color, markersize=26, markeredgewidth=3)
    axes.set_yticks(range(len(ways)), [way.name for way in ways])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("average precision, by seed; bars: means")
    axes.set_title("How well it sorts", loc="left")


def main():
    wb.set_num_threads(1)  # the fastest for networks this small
    seeds = [of_seed(seed) for seed in range(SEEDS)]
    print(f"Means and spreads of {SEEDS} seeds, each of {ROWS:,} payments to learn from.\n")
    for table in (start, end, reliability):
        print(table(seeds), end="\n\n")
    for sentence in sentences(seeds):
        print(textwrap.fill(sentence, 100), end="\n\n")
    if importlib.util.find_spec("matplotlib") is None:
        print(f"No {PICTURE}: it takes matplotlib, which is not installed; pip install matplotlib")
        return
    draw(seeds, PICTURE)
    print(f"The same as a picture: {PICTURE}")


if __name__ == "__main__":
    main()
