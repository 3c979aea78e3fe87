"""Completes docstrings with what they have in common."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

__all__ = ["ENTRIES", "with_parameters", "with_sections"]

Function = TypeVar("Function", bound=Callable[..., object])  # or a class

#: In a docstring, a line {X} stands for the whole entry of X.
ENTRIES = {
    "X": """
        X : array-like or sparse matrix of shape (B, I)
            Finite real numbers of any dtype and memory layout, or a `Scaled` or `Standardized` of
            such. Rows are gathered and converted batch by batch: a large or memory-mapped X is
            never copied whole, nor is one of `scipy.sparse` made an array of (another format than
            CSR is converted to that).
        """,
    "X or source": """
        X : array-like or sparse matrix of shape (B, I), or a source
            Finite real numbers of any dtype and memory layout, or a `Scaled` or `Standardized` of
            such. Rows are gathered and converted batch by batch: a large or memory-mapped X is
            never copied whole, nor is one of `scipy.sparse` made an array of (another format than
            CSR is converted to that). Or a source of blocks, such as one of `wbcore.data` or a list
            of pairs (X, y), which has y in it.
        """,
    "y": """
        y : array-like of shape (B,) or (B, O)
            For cross_entropy and kl_divergence, labels (B,), whole numbers of any type from 0 to
            O - 1, or shares (B, O), which are at least 0 and sum to 1 in each row. For the others
            (B, O), or (B,) when O is 1; for binary_cross_entropy and focal from 0 to 1. Each loss
            says in its docstring what it takes. For a function, any array of real numbers with a
            row for each of X.
        """,
    "weights": """
        sample_weight : array-like of shape (B,), optional
            How much each row counts in the loss and in metrics: from 0 to 1e18, not 0 for all. The
            loss is the mean by these weights, so that a weight of 2 is that row twice in the same
            batch, up to rounding, and one of 0 no row. Rows of weight 0 are read, and must be
            finite, too. A function as loss gets those of its rows as `sample_weight`, and must have
            a parameter of that name. A source has weights in its blocks, (X, y, sample_weight), and
            takes neither of these two.
        class_weight : dict or "balanced", optional
            For integer labels, or targets of 0 and 1 (for hinges also of -1 and 1) of a single
            output: a weight for each label, 1 for those that the dict does not name. "balanced"
            makes all classes count the same: n / (classes * count), counted by sample_weight over
            all rows that are given, those that validation_fraction holds out too. It is multiplied
            with sample_weight: what a row counts is that of its own label, whatever label smoothing
            makes of its target.
        """,
    "loss": """
        loss : Loss, str or callable
            One of `wbcore.losses`, such as `Huber(delta=0.5)`, or its text: "mse", "huber(0.5)".
            cross_entropy wants the last activation to be identity or softmax, binary_cross_entropy
            and focal identity or sigmoid, poisson identity or exp; they are computed from the
            values before it. Or a function `(outputs, targets) -> (value, gradient)` of outputs
            (B, O) after the last activation, and the rows of y for them, as they were given: the
            mean loss of these rows, and its gradient (B, O) by the outputs.
        """,
    "step": """
        step : int, optional
            The number of a step of a training, from 1: layers with `dropout` leave out what they do
            in that step of a `fit` with this seed, which counts its steps by those of its optimizer
            (`optimizer.state(net).steps` + 1). Default: nothing is left out.
        seed : int, default 0
            Of the fit, where a step is given.
        """,
    "options": """
        decay_biases : bool, default False
            Whether biases decay like weights.
        l1, l2 : float, default 0
        penalty_of_sum : bool, default False
        clip_norm, clip_value, max_norm : float or None
            By name alone: what stands before and after the rule, as `Optimizer` has it.

        Attributes
        ----------
        learning_rate, ..., weight_decay, decay_biases, l1, ...
            All of them. May be changed between steps, between fits and in a callback of `fit`,
            which goes on with it from the next batch; a value assigned is checked at once.

        Raises
        ------
        TypeError, ValueError
            When an argument is of the wrong kind or out of range.
        """,
    "n_threads": """
        n_threads : int, optional
            At least 1; the result does not depend on it. Default: as many as are worth their while,
            at most `get_num_threads()`.
        """,
}


def with_parameters(function: Function) -> Function:
    """Puts the entries that several docstrings have where this one names them in braces."""
    text = inspect.cleandoc(function.__doc__ or "")
    for name, entry in ENTRIES.items():
        text = text.replace(f"\n{{{name}}}\n", f"\n{inspect.cleandoc(entry)}\n")
    function.__doc__ = f"{text}\n"
    return function


def with_sections(sections: str) -> Callable[[Function], Function]:
    """Puts the sections before the heading Examples."""

    def complete(function: Function) -> Function:
        summary, heading, examples = inspect.cleandoc(function.__doc__ or "").partition(
            "Examples\n---"
        )
        function.__doc__ = f"{summary}{inspect.cleandoc(sections)}\n\n{heading}{examples}\n"
        return function

    return complete
