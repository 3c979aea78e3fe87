"""The picture of a training: the loss by epoch, and the weights of the first layer."""

import io
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wbcore.cli.data import Dataset
from wbcore.cli.fitting import Curves
from wbcore.cli.terminal import visible
from wbcore.cli.training import Trained, score_of, watched

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

__all__ = ["draw", "load_matplotlib"]

_MAX_FEATURES = 40  # more names than this do not fit beside a heat map
_TRAIN, _TEST = "#1f5fa8", "#d1622b"
_DIVERGING = "RdBu_r"  # white at 0, blue below and red above, also for the colour-blind
_UNDATED: dict[str, dict[str, Any]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
_GAP = "#c8c8c8"  # between the images; grey, since white is a weight of 0


def load_matplotlib() -> None:
    """Import what pictures are drawn with, where Ctrl-C is held back.

    One that came into the midst of that could end the process: extension modules of matplotlib turn
    it into an ImportError, and are left half made.
    """
    import matplotlib.backends.backend_agg
    import matplotlib.figure  # noqa: F401, imported for later


def draw(suffix: str, data: Dataset, trained: Trained) -> bytes:
    """Draw the loss curve, the score of other rows by epoch, and the first layer's weights.

    Parameters
    ----------
    suffix : {".png", ".jpg", ".jpeg", ".svg", ".pdf"}
        Of the file, whose format it names.
    data : Dataset
    trained : Trained

    Returns
    -------
    bytes
        The file's content: the same for the same training.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)  # inches
    figure = Figure(figsize=(13, 6.5), dpi=120, layout=layout)
    widths = " – ".join(map(str, trained.net.widths))
    figure.suptitle(
        f"{_plain(data.name)}: a network of {widths} units, trained on {len(data.X)} rows"
    )
    grid = figure.add_gridspec(1, 2, width_ratios=[1, 1.35])
    left, right = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    above, below = left.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
    of = watched(data, trained.settings)
    _draw_loss(above, trained.curves, trained.fitted.kept_epoch, of)
    score = score_of(data, trained.settings)
    rows = of.capitalize() + " weighted" * bool(trained.settings.class_weight)
    series = trained.curves[score if of == "training" else f"val_{score}"]
    _draw_score(below, series, trained.fitted.kept_epoch, rows, score)
    axes = right.subplots()
    if data.image_shape is not None:
        image = _draw_images(axes, np.asarray(trained.net[0].weights), data.image_shape)
    else:
        image = _draw_heat_map(axes, trained.unit_weights, data.features)
    label = "weight" if data.image_shape else "weight per standard deviation of the feature"
    right.colorbar(image, ax=axes, label=label, shrink=0.8, pad=0.02, extend="both")
    content = io.BytesIO()
    with rc_context({"svg.hashsalt": "wbcore"}), warnings.catch_warnings():
        # Without that salt the names in an SVG are drawn anew each time. Of a letter that the font
        # lacks there is a box, of which nobody at a terminal can do anything.
        warnings.filterwarnings("ignore", message="Glyph ")
        figure.savefig(content, format=suffix[1:], metadata=_UNDATED.get(suffix))
    return content.getvalue()


def _plain(text: str) -> str:
    """Return a text of a file so that it is drawn as it is: $ would begin a formula."""
    return visible(text).replace("$", r"\$")


def _draw_loss(axes: "Axes", curves: Curves, kept: int, rows: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    epochs = np.arange(1, len(curves["loss"]) + 1)
    axes.plot(epochs, curves["loss"], color=_TRAIN, label="training", marker=_marker(epochs))
    others = curves.get("val_loss", [])
    if others:
        axes.plot(epochs, others, color=_TEST, label=rows, marker=_marker(epochs))
    if min(*curves["loss"], *others, math.inf) > 0:  # that of poisson may be less
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("loss")
    axes.set_title("Loss by epoch", loc="left")
    if kept < len(epochs):
        axes.axvline(kept, color="0.5", linestyle=":", label="the epoch that is kept")
    axes.legend(frameon=False)
    _tidy(axes)


def _draw_score(axes: "Axes", series: list[float], kept: int, rows: str, metric: str) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    scores = np.asarray(series)
    epochs = np.arange(1, len(scores) + 1)
    color = _TRAIN if rows.startswith("Training") else _TEST
    axes.plot(epochs, scores, color=color, marker=_marker(epochs))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    at, score = ("at the end" if kept == len(scores) else f"in epoch {kept}"), scores[kept - 1]
    if metric == "accuracy":
        axes.set_title(f"{rows} accuracy: {score:.2%} {at}", loc="left")
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    elif metric == "loss":
        axes.set_title(f"{rows} loss: {score:.4g} {at}", loc="left")
    else:
        axes.set_title(f"{rows} R²: {score:.3f} {at}", loc="left")
    _tidy(axes)


def _marker(epochs: NDArray[np.int64]) -> str:
    return "o" if len(epochs) <= 12 else ""


def _tidy(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)


def _limit(weights: NDArray[np.floating]) -> float:
    """Return the end of a colour scale around 0 that a few extreme weights do not stretch."""
    return float(np.percentile(np.abs(weights), 99.5)) or 1.0


def _largest_first(weights: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the units in the order of the mean size of their weights (I, O)."""
    return np.argsort(-np.abs(weights).mean(axis=0), kind="stable")


def _draw_images(
    axes: "Axes", weights: NDArray[np.floating], shape: tuple[int, int]
) -> "AxesImage":
    """Draw each unit's weights (I,) as an image, the units with the largest weights first."""
    from matplotlib import colormaps

    (height, width), n_units = shape, weights.shape[1]
    n_shown = min(n_units, 64 if height <= 16 else 36)  # what can be made out at this size
    n_columns = int(np.ceil(np.sqrt(n_shown)))
    n_rows = -(-n_shown // n_columns)
    gap = max(1, height // 8)
    mosaic = np.full((n_rows * (height + gap) - gap, n_columns * (width + gap) - gap), np.nan)
    for place, unit in enumerate(_largest_first(weights)[:n_shown]):
        row, column = divmod(place, n_columns)
        top, left = row * (height + gap), column * (width + gap)
        mosaic[top : top + height, left : left + width] = weights[:, unit].reshape(shape)
    limit = _limit(weights)
    cmap = colormaps[_DIVERGING].with_extremes(bad=_GAP)
    image = axes.imshow(mosaic, cmap=cmap, vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set_axis_off()
    units = f"{n_units} units" if n_shown == n_units else f"{n_shown} of {n_units} units"
    axes.set_title(
        f"First layer: {units} as {height} x {width} images, largest weights first",
        loc="left",
    )
    return image


def _draw_heat_map(
    axes: "Axes", weights: NDArray[np.floating], features: tuple[str, ...]
) -> "AxesImage":
    """Draw the weights (I, O), a row a feature and a column a unit, largest units first."""
    from matplotlib.ticker import MaxNLocator

    rows = np.arange(len(features))
    title = "First layer: weights by feature and unit"
    if len(features) > _MAX_FEATURES:
        largest = np.argsort(-np.abs(weights).mean(axis=1), kind="stable")[:_MAX_FEATURES]
        rows = np.sort(largest)
        title += f" (the {_MAX_FEATURES} of {len(features)} features with the largest weights)"
    order = _largest_first(weights)
    limit = _limit(weights)
    image = axes.imshow(
        weights[np.ix_(rows, order)],
        cmap=_DIVERGING,
        vmin=-limit,
        vmax=limit,
        aspect="auto",
        interpolation="nearest",
    )
    names = [_plain(f if len(f) <= 28 else f[:27] + "…") for f in (features[i] for i in rows)]
    axes.set_yticks(range(len(rows)), names, fontsize=9 if len(rows) <= 32 else 7)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("unit, ordered by the mean size of its weights")
    axes.set_title(title, loc="left")
    return image
