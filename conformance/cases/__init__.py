"""What is asked: directed cases for every section of the contract, each a list of words.

Random cases are blind to what happens once in 2^20 numbers; so these go to the places where an
algorithm changes its way, one unit in the last place to both sides.
"""

from collections.abc import Callable, Iterator

from .formats import Asked
from .functions import activations, functions, quantiles
from .fused import fma
from .layers import layers, sums
from .losses import evaluations, losses
from .streams import initializers, random
from .training import trainings, updates

FILES: dict[str, Callable[[], Iterator[Asked]]] = {
    "fma": fma,
    "functions": functions,
    "activations": activations,
    "sums": sums,
    "layers": layers,
    "random": random,
    "quantile": quantiles,
    "initializers": initializers,
    "losses": losses,
    "evaluations": evaluations,
    "updates": updates,
    "trainings": trainings,
}
