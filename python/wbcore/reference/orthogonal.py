"""Matrices with orthonormal columns or rows (section 9.3), in binary64."""

from .arithmetic import FLOAT64
from .arrays import Matrix, columns


def orthogonal(draws: Matrix, gain: float = 1.0) -> list[list[float]]:
    """Orthonormal columns, or rows where there are fewer of them, times a gain.

    Modified Gram-Schmidt twice over: the second pass removes what the rounding errors of the
    first left (L. Giraud, J. Langou, M. Rozloznik, "The loss of orthogonality in the Gram-Schmidt
    orthogonalization process", Computers and Mathematics with Applications 50, 2005).

    Parameters
    ----------
    draws : matrix of shape (I, O)
        Standard normal draws.

    Returns
    -------
    matrix of shape (I, O)

    Examples
    --------
    >>> orthogonal([[3.0], [4.0]], gain=10.0)
    [[6.0], [8.0]]
    """
    wide = len(draws) < len(draws[0])
    vectors = [list(row) for row in draws] if wide else columns(draws)
    for _ in range(2):
        _gram_schmidt(vectors)
    result = vectors if wide else columns(vectors)
    return [[element * gain for element in row] for row in result]


def _gram_schmidt(vectors: list[list[float]]) -> None:
    """Make the columns of M, given as C vectors of R numbers, orthonormal in place."""
    for j, column in enumerate(vectors):
        norm = FLOAT64.sqrt(FLOAT64.feature_sum(0.0, column, column))
        unit = vectors[j] = [FLOAT64.divide(element, norm) for element in column]
        for c in range(j + 1, len(vectors)):
            d = FLOAT64.feature_sum(0.0, unit, vectors[c])
            vectors[c] = [
                FLOAT64.fma(-d, u, element) for u, element in zip(unit, vectors[c], strict=True)
            ]
