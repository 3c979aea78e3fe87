"""What errors on many tables, of several seeds each, say about one recipe beside another.

Everywhere `errors` are of shape (V, T, S): recipes, the first of which the others are compared
with, tables, seeds.
"""

import numpy as np


def ratios(errors):
    """Of the mean over seeds, by that of the first recipe, (V, T)."""
    means = errors.mean(axis=2)
    return means / means[0]


def more(errors):
    """The geometric mean over tables of the ratios, in per cent more than the first, (V,)."""
    return 100 * np.expm1(np.log(ratios(errors)).mean(axis=1))


def spread(errors):
    """The deviation over seeds of `more`, each taken alone, (V,)."""
    by_seed = [more(errors[:, :, s : s + 1]) for s in range(errors.shape[2])]
    return np.std(by_seed, axis=0, ddof=1) if len(by_seed) > 1 else np.zeros(len(errors))


def beyond_chance(errors):
    """On how many tables each is better, and on how many worse, than the first, two of (V,)."""
    from scipy.stats import t

    n_seeds = errors.shape[2]
    differences = errors - errors[0]
    if n_seeds < 2:
        return np.zeros(len(errors), int), np.zeros(len(errors), int)
    mean, deviation = differences.mean(axis=2), differences.std(axis=2, ddof=1)
    limit = t.ppf(0.975, n_seeds - 1) * deviation / np.sqrt(n_seeds)
    return (mean < -limit).sum(axis=1), (mean > limit).sum(axis=1)


def p_values(errors):
    """Of Wilcoxon's signed ranks over tables, 1 of the first, (V,)."""
    from scipy.stats import wilcoxon

    logs = np.log(ratios(errors))
    return np.array([wilcoxon(row).pvalue if row.any() else 1.0 for row in logs])


def ranks(errors):
    """Among all recipes by the mean error, 1 being the best, the mean over tables, (V,)."""
    from scipy.stats import rankdata

    return rankdata(errors.mean(axis=2), axis=0).mean(axis=1)
