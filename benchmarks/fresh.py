"""Call a function of this folder in a fresh process, so that every library meets a clean machine.

    fresh.call("memory.growth", "numpy", threads=1)

Before anything is imported the process is pinned to as many processors as it may use, since some
libraries size their thread pools by what they see; and it has none of the variables with which a
shell may have slowed or tuned one of them.
"""

import importlib
import json
import os
import subprocess
import sys

TUNING = (
    *("OPENBLAS_", "GOTO_", "BLIS_", "MKL_", "NPY_"),  # NumPy and its matrix products
    *("OMP_", "GOMP_", "KMP_"),  # OpenMP, in PyTorch and scikit-learn
    *("ATEN_", "DNNL_", "ONEDNN_", "TORCH_", "TORCHINDUCTOR_", "PYTORCH_"),
    *("XLA_", "JAX_", "ORT_"),
)


def tuning():
    """The variables of this environment that a fresh process does not get."""
    return sorted(name for name in os.environ if name.startswith(TUNING))


def processors():
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def call(function, *arguments, threads=1):
    """Return what `module.function` gives for arguments that JSON can say."""
    environment = {name: value for name, value in os.environ.items() if name not in tuning()}
    environment["JAX_PLATFORMS"] = "cpu"
    command = [sys.executable, __file__, function, str(threads), json.dumps(arguments)]
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main():
    name, threads, arguments = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, processors()[: int(threads)])
    module, function = name.split(".")
    result = getattr(importlib.import_module(module), function)(*json.loads(arguments))
    print("\n" + json.dumps(result))


if __name__ == "__main__":
    main()
