"""How a network becomes a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _core, losses
from wbcore._methods import network_method
from wbcore.layers import structure

if TYPE_CHECKING:
    import os

    from wbcore.network import Network

__all__ = ["save", "save_network"]


@network_method
def save(self: Network, path: str | os.PathLike[str]) -> None:
    """Write the network to a safetensors file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        A file that is there is replaced in one step.

    Raises
    ------
    TypeError, ValueError
        When `metadata` holds what JSON cannot express.
    OSError
        When the file cannot be written.

    See Also
    --------
    wbcore.load : The other direction, equal to the bit.

    Examples
    --------
    >>> import pathlib, tempfile, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 3], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "small.safetensors")
    ...     net.save(path)
    ...     wb.load(path) == net
    True
    """
    # hashlib, secrets, shutil and others are not loaded by `import wbcore`
    from wbcore.io.model import SavedModel, write_model

    model = SavedModel(
        layers=structure(self),
        dtype=self.dtype.name,
        parameters=_core.snapshot(self._core),
        metadata=self.metadata,
        initializers=self._initializers,
        loss=None if self.loss is None else losses.check("save", self.loss),
    )
    write_model(path, model)


def save_network(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to a safetensors file, whole or not at all: `network.save(path)`.

    Parameters
    ----------
    network : Network
    path : str or path-like
        A file that is there is replaced in one step.

    Raises
    ------
    TypeError, ValueError
        When `network.metadata` holds what JSON cannot express.
    OSError
        When the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile, wbcore as wb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "small.safetensors")
    ...     wb.io.save_network(wb.Network.mlp([4, 8, 3], seed=0), path)
    ...     wb.io.load_network(path)
    <Network 4-8-3, float32, 67 parameters>
    """
    network.save(path)
