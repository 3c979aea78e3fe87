"""What the figures were measured on, and with what."""

import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def version_of(package):
    try:
        # on PyPI wbcore is the package of another project
        return version("wbcore-nn" if package == "wbcore" else package)
    except PackageNotFoundError:
        return "of unknown version"


def blas():
    """NumPy's, and the kernels that it has chosen."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.eye(2) @ np.eye(2)
    found = [
        f"{pool['internal_api']} {pool['version']}, kernels {pool.get('architecture', 'unknown')}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return found[0] if found else "one that threadpoolctl does not know"


def describe(packages, options, removed, n_processors):
    import wbcore as wb

    versions = [f"{name} {version_of(name)}" for name in packages]
    variables = ", ".join(f"`{name}`" for name in removed) or "none were set"
    return f"""\
{processor()}, {n_processors} processors, instruction set {wb.isa()}, Python \
{platform.python_version()}, {", ".join(versions)}; {datetime.now(timezone.utc).date()}.

{options["dtype"]}, {options["threads"]} thread(s) on as many processors for every contestant, \
where nothing else is said. NumPy's BLAS is {blas()}: its own choice, since variables that tune or \
slow a library are removed before it is loaded ({variables}).
"""
