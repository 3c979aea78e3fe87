"""What several test files share."""

import itertools

from hypothesis import settings


def examples(n):
    """So many of hypothesis, or as many fewer as the profile in use has than its usual hundred."""
    return max(1, n * settings.default.max_examples // 100)


# ---- every pair of choices, in place of every product


def pairs(choices, possible=lambda _: True):
    """Few cases, each a dict, that together have every two values of any two choices.

    ``choices`` has a list of values for each name. ``possible`` says of a case, also of one that is
    not complete, whether its values may stand together; a pair that no possible case has is left
    out. Greedy: a case starts from the first pair that is missing and takes, choice by choice,
    the value that adds most of those that are.
    """
    names = list(choices)
    missing = {
        frozenset([(a, i), (b, j)]): None  # a dict keeps their order
        for a, b in itertools.combinations(names, 2)
        for i, j in itertools.product(range(len(choices[a])), range(len(choices[b])))
    }
    cases = []

    def values(case):
        return {name: choices[name][case[name]] for name in names if name in case}

    def completed(case):
        name = next((name for name in names if name not in case), None)
        if name is None:
            return case
        n = len(choices[name])

        def order(i):
            gain = sum(frozenset([(name, i), other]) in missing for other in case.items())
            return -gain, (i - len(cases)) % n  # of values that add as many, another each time

        for i in sorted(range(n), key=order):
            longer = {**case, name: i}
            if possible(values(longer)) and (whole := completed(longer)):
                return whole
        return None

    while missing:
        first = next(iter(missing))
        case = completed(dict(first)) if possible(values(dict(first))) else None
        if case is None:
            del missing[first]
            continue
        for pair in itertools.combinations(case.items(), 2):
            missing.pop(frozenset(pair), None)
        cases.append(values(case))
    return cases
