"""Vectors and matrices as plain lists.

Shapes use the letters of the whole project: B rows of a batch, I inputs of a layer, O outputs of
a layer.  A matrix of shape (B, I) is a list of B lists of I floats.
"""

from collections.abc import Sequence

Vector = Sequence[float]
Matrix = Sequence[Sequence[float]]


def columns(matrix: Matrix) -> list[list[float]]:
    """Return the columns of a matrix, that is, its transpose.

    Parameters
    ----------
    matrix : matrix of shape (R, C)

    Returns
    -------
    list of C lists of R floats

    Examples
    --------
    >>> columns([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    [[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]
    """
    return [list(column) for column in zip(*matrix, strict=True)]
