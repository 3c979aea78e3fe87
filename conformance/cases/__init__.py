"""What is asked: directed cases for every section of the contract, each a list of words.

Random cases are blind to what happens once in 2^20 numbers; so these go to the places where an
algorithm changes its way, one unit in the last place to both sides.
"""

from collections.abc import Callable, Iterator
from itertools import chain

from .dropout import left, masks, priors, with_dropout
from .formats import Asked
from .functions import activations, functions, quantiles
from .fused import fma
from .layers import layers, sums
from .losses import evaluations, losses
from .metrics import metrics, weighted, with_weights
from .schedules import observations, rates, with_schedules
from .streams import initializers, random, starts
from .training import (
    trainings,
    updates,
    with_activations,
    with_losses,
    with_optimizers,
    with_penalties,
)

Cases = Callable[[], Iterator[Asked]]

FILES: dict[str, tuple[str, tuple[Cases, ...]]] = {
    "fma": (
        "Halfway plus and minus a tiny, the edge of overflow, subnormal results, signs of zero.",
        (fma,),
    ),
    "functions": ("Elementary functions around their thresholds, and square roots.", (functions,)),
    "activations": (
        "Activations around their thresholds, with other numbers, in starts and in trainings.",
        (
            activations,
            starts,
            with_activations,
        ),
    ),
    "sums": ("Lengths around the ends of leaves, and of the trees above them.", (sums,)),
    "layers": (
        "Inputs of a factor; products and their gradients, of widths around those of vectors.",
        (layers,),
    ),
    "random": ("Blocks, streams, draws of the quantile's switch and tail, shuffles.", (random,)),
    "quantile": ("Both sides of each switch, both tails, and the centre.", (quantiles,)),
    "initializers": (
        "Each initializer, with its default numbers and with others; both shapes of orthogonal.",
        (initializers,),
    ),
    "losses": (
        "Each loss and its gradient, evaluations with their metrics, trainings.",
        (
            losses,
            evaluations,
            with_losses,
        ),
    ),
    "dropout": (
        "What dropout leaves out, trainings with it, and biases from targets.",
        (masks, left, with_dropout, priors),
    ),
    "metrics": (
        "Each metric; losses and trainings of rows with weights.",
        (
            metrics,
            weighted,
            with_weights,
        ),
    ),
    "optimizers": (
        "Each optimizer: updates, and trainings.",
        (
            updates,
            with_optimizers,
            with_penalties,
        ),
    ),
    "schedules": (
        "Each schedule, alone and behind warm-ups; what a plateau observes; trainings.",
        (
            rates,
            observations,
            with_schedules,
        ),
    ),
    "trainings": (
        "Whole trainings: every option and structure, batches of many leaves.",
        (trainings,),
    ),
}
"""By the file, what stands above its lines, and what is asked. A choice is asked in one file."""


def cases(name: str) -> Iterator[Asked]:
    """What is asked in a file, each question once."""
    return iter(dict.fromkeys(chain.from_iterable(part() for part in FILES[name][1])))
