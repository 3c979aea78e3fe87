"""Print what pyproject.toml requires, a requirement a line.

    python tools/requirements.py build run cli test

``build`` is [build-system], ``run`` the run-time dependencies, any other word an extra.
So the build environment is filled from the same lists that pip reads, and nothing is stated twice.
"""

import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10; pip carries the same module
    from pip._vendor import tomli as tomllib

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def requirements(groups):
    """All requirements of the groups, each once; an extra that names another one is followed."""
    tables = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    project = tables["project"]
    known = {
        "build": tables["build-system"]["requires"],
        "run": project["dependencies"],
        **project["optional-dependencies"],
    }
    found = {}
    for group in groups:
        for requirement in known[group]:
            if requirement.startswith(project["name"] + "["):
                extras = requirement.partition("[")[2].rstrip("]").split(",")
                found |= dict.fromkeys(requirements(extras))
            else:
                found[requirement] = None
    return list(found)


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1:])))
