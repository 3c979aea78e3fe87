"""How much memory a training takes, estimated before it begins."""

import itertools
import os

__all__ = ["check_size", "training_bytes"]

# Measured peaks, rounded up. A parameter is there as the network's, the two states of its
# optimizer, packed for the kernels as it is and transposed, and in float64 when it is drawn and
# when scaling is folded in. A unit has its values for the rows of a batch and their gradients, and
# those of a prediction's block of rows; and what its few weights are padded to. Whatever the
# network, modules are read and threads started.
_BYTES_A_PARAMETER, _BYTES_A_UNIT, _BYTES_A_UNIT_AND_ROW = 34, 2300, 8
_BYTES_A_TRAINING = 8_000_000


def check_size(widths: tuple[int, ...], batch_size: int) -> None:
    """Refuse a network that this machine has not the memory to train.

    Where the system promises more memory than it has, it would be killed in mid-training.
    """
    n_parameters = sum((i + 1) * o for i, o in itertools.pairwise(widths))
    needed, there = training_bytes(widths, batch_size), _memory()
    if needed > there:
        raise ValueError(
            f"--hidden: a network of {' - '.join(map(str, widths))} has {n_parameters} parameters; "
            f"expected one whose training in batches of {batch_size} fits the {there / 1e9:.3g} GB "
            f"of this machine, got about {needed / 1e9:.3g} GB"
        )


def training_bytes(widths: tuple[int, ...], batch_size: int) -> int:
    """Return about how much memory a training takes beside its data."""
    n_parameters = sum((i + 1) * o for i, o in itertools.pairwise(widths))
    a_unit = _BYTES_A_UNIT + _BYTES_A_UNIT_AND_ROW * batch_size
    return _BYTES_A_TRAINING + n_parameters * _BYTES_A_PARAMETER + sum(widths) * a_unit


def _memory() -> int:
    """Return the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
