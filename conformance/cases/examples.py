"""Example numbers of choices, by the name of the number: a new row needs only what is new here.

Where a row does not allow the examples of a name it has its own, under "row.number".
"""

from typing import TypeVar

from wbcore.reference.named import Choice, Table

C = TypeVar("C", bound=Choice)

EXAMPLES: dict[str, tuple[float, ...]] = {
    "alpha": (0.7, 1.3),
    "beta1": (0.8, 0.5),
    "beta2": (0.95, 0.99),
    "centered": (1.0, 0.0),
    "cosine.multiplier": (1.0, 1.0, 3.0),
    "cosine.restarts": (0.0, 1.0, 1.0),
    "cosine.steps": (10.0, 9.0, 7.0),
    "delta": (0.7, 0.1),
    "divisor": (10.0, 4.0),
    "end": (0.01, 0.0),
    "epsilon": (1e-3, 1e-6),
    "epsilon_hat": (0.0, 0.0, 1.0),
    "eta_minus": (0.4, 0.7),
    "eta_plus": (1.1, 1.5),
    "every": (3.0, 1.0),
    "factor": (0.5, 0.7),
    "final_divisor": (100.0, 7.0),
    "focal.alpha": (0.7, 0.4),
    "gain": (1.3,),
    "gamma": (0.5, 0.0),
    "high": (0.7,),
    "initial_sum": (0.3, 0.0),
    "k": (1.0, 2.0),
    "label": (1.0, 0.0),
    "label_smoothing": (0.1, 0.3),
    "inverse_scaling.power": (0.75, 2.0),
    "inverse_scaling.steps": (1.0, 5.0),
    "learning_rate": (0.1, 0.05),
    "low": (-0.3,),
    "max_step": (0.105, 3.0),
    "maximize": (0.0, 1.0),
    "mean": (0.3,),
    "min_delta": (0.0625, 0.0),
    "min_step": (0.05, 1e-5),
    "minimum": (0.0, 0.003),
    "momentum": (0.9, 0.3),
    "momentum_decay": (0.05, 25.0),
    "nadam.beta1": (0.8, 0.999),
    "nesterov": (1.0, 0.0),
    "q1": (0.1, 0.9),
    "q2": (0.5, 0.0),
    "q3": (0.9, 0.0),
    "q4": (0.0,),
    "q5": (0.0,),
    "q6": (0.0,),
    "q7": (0.0,),
    "q8": (0.0,),
    "q9": (0.0,),
    "one_cycle.steps": (24.0, 9.0, 2.0),
    "patience": (2.0, 1.0),
    "power": (1.0, 2.0, 0.7),
    "rate_decay": (0.1, 0.0),
    "rising": (0.3, 0.7, 0.0),
    "rmsprop.alpha": (0.7, 0.95),
    "slope": (0.2, 0.0),
    "std": (0.7,),
    "steps": (10.0, 7.0),
    "value": (0.1,),
    "weight_decay": (0.0, 0.3),
}


def examples_of(row: str, number: str) -> tuple[float, ...]:
    """Return the examples of a number of a row."""
    for name in (f"{row}.{number}", number):
        if name in EXAMPLES:
            return EXAMPLES[name]
    message = f"[examples] expected an example of {number!r}, a number of {row!r}"
    raise ValueError(message)


def examples(row: type[C]) -> list[C]:
    """Return a choice with each of its examples, the numbers taken in step."""
    numbers = [examples_of(row.name, number) for number in row.defaults()]
    count = max(map(len, numbers), default=0)
    return [row(*(of[i % len(of)] for of in numbers)) for i in range(count)]


def choices(table: Table[C]) -> list[C]:
    """All rows of a table, each with its default numbers and with its examples."""
    return [choice for row in table.values() for choice in (row(), *examples(row))]
