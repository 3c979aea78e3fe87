"""Data beyond memory: sources of blocks, in place of X and y in `fit`, `evaluate` and `predict`.

A source is a sequence of blocks: ``len(source)``, and ``source[k]`` gives ``(X, y)``, arrays of
some rows. ``source.rows`` tells how many rows each block has; a sequence without it is read once to
find out. A list of such pairs is one, and so is any class with these methods. An object that can be
iterated over again and again, giving ``(X, y)`` each time in the same sizes, serves for passes in
its own order (``shuffle=False``). Blocks ``(X, y, sample_weight)`` tell, too, how much each row
counts; then all of them do, in one dtype, and some row of the source counts.

    source = wb.data.Blocks(np.load("X.npy", mmap_mode="r"), np.load("y.npy"), rows=4096)
    net.fit(source, loss="cross_entropy", shuffle="blocks", epochs=10)

All blocks have the same columns and one dtype. The same rows give the same bits, whatever they come
in, as long as the blocks have the same sizes (with ``shuffle=False`` or "rows": in any sizes).

While one window of ``shuffle_window`` blocks is trained on, a thread reads the next one into the
places that become free, so that no more than ``shuffle_window`` blocks and the one that is being
read are in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore._lazy import lazy as _lazy

if TYPE_CHECKING:
    from wbcore.data._blocks import Blocks
    from wbcore.data._files import Files
    from wbcore.data._order import row_order
    from wbcore.data._tables import Arrow, Parquet

__all__ = ["Arrow", "Blocks", "Files", "Parquet", "row_order"]

if not TYPE_CHECKING:  # zipfile and others are not loaded by `import wbcore`
    __getattr__, __dir__ = _lazy(
        __name__,
        {
            "Arrow": "wbcore.data._tables",
            "Blocks": "wbcore.data._blocks",
            "Files": "wbcore.data._files",
            "Parquet": "wbcore.data._tables",
            "row_order": "wbcore.data._order",
        },
    )
