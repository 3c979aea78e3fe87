"""How a model file becomes a network."""

from __future__ import annotations

import os

from wbcore.errors import ModelFileError
from wbcore.network import Network

__all__ = ["load", "load_network"]


def load(path: str | os.PathLike[str]) -> Network:
    """Read a network that `Network.save` wrote, equal to the bit.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Network
        With its `metadata`, and the `loss` it was trained with.

    Raises
    ------
    ModelFileError
        When the file is no model of wbcore, or truncated, oversized, altered, or of a newer format
        or contract; before memory for the network is allocated.
    OSError
        When the file is missing or cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 3], seed=0)
    >>> net.metadata["classes"] = ["setosa", "versicolor", "virginica"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "iris.safetensors")
    ...     net.save(path)
    ...     wb.load(path).metadata
    {'classes': ['setosa', 'versicolor', 'virginica']}
    """
    # hashlib, secrets, shutil and others are not loaded by `import wbcore`
    from wbcore.io.model import read_model

    model = read_model(path)
    try:
        network = Network._of_structure(model.layers, model.dtype)
    except ValueError as error:  # a file may say more than a network can be
        reason = str(error).partition("] ")[2]
        raise ModelFileError(f"[load] {reason}: {os.fsdecode(path)!r}") from None
    network.parameters[...] = model.parameters
    network.metadata = model.metadata
    network._initializers = model.initializers
    network.loss = model.loss
    return network


def load_network(path: str | os.PathLike[str]) -> Network:
    """Read a network from a file that `save_network` (or `Network.save`) wrote: `wbcore.load`.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Network
        With its `metadata`.

    Raises
    ------
    ModelFileError
        When the file is no model of wbcore, or truncated, oversized, altered, or of a newer format
        or contract.
    OSError
        When the file is missing or cannot be read.

    See Also
    --------
    save_network : The other direction, with an example.
    """
    return load(path)
