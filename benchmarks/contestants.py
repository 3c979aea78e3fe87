"""Who takes part."""

from importlib.util import find_spec


def installed(names, contestants):
    """wbcore's own, and the peers that were asked for and are installed; in the listed order."""
    return [
        name
        for name, contestant in contestants.items()
        if name.startswith("wbcore")
        or (
            ("all" in names or name in names)
            and find_spec(contestant.module.split(".")[0]) is not None
        )
    ]
