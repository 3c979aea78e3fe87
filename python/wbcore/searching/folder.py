"""The folder of a search: what each finished fit found, and how far its estimator was trained.

Files are named by the fit's key, a digest of all that it depends on, and by its epochs:

- `<key>-<epochs>.result`: JSON: score, epochs trained, whether it is over, seconds, error. The fit
  is finished when this file is there.
- `<key>-<epochs>.state`: the estimator, pickled, which a longer fit goes on from. It may be missing
  at any time: the longer fit then starts from the beginning, and ends with the same bits.
- `<key>.claim`: locked by the worker that is at it, so that others wait for its result.

Each file of the first two kinds begins with the digest of the rest; one that does not agree with it
is as good as none. Files appear whole or not at all, and nothing is ever changed in one: searches
in the same folder, also at once, find the same, or find what they would have computed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import hashlib
import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wbcore.io.atomic import replacing
from wbcore.searching.digests import pickled

__all__ = ["Folder", "Outcome", "refused"]

_DIGEST = hashlib.sha256().digest_size


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a fit found."""

    score: float  # NaN when it failed
    epochs: int  # trained in all; 0 when the estimator knows none
    is_over: bool  # whether more epochs would change nothing
    seconds: float  # of this fit alone, from the last stop to this one, with its scoring
    error: str = ""


class Folder:
    """A folder of finished fits; a small object that is sent to workers.

    Parameters
    ----------
    path : Path
        It is made where it is not there, and in it 16 folders, by the first digit of the keys:
        writing looks through one for what a killed writer left.

    Raises
    ------
    OSError
        When they cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            for digit in "0123456789abcdef":
                (path / digit).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(error, path, "a folder to write into") from None

    def outcome(self, key: str, epochs: int) -> Outcome | None:
        """What the finished fit found, or None if there is no sound file of it."""
        content = _read(self._file(key, epochs, "result"))
        if content is None:
            return None
        try:
            return Outcome(**json.loads(content))
        except (TypeError, ValueError):
            return None

    def keep_outcome(self, key: str, epochs: int, outcome: Outcome) -> None:
        """Write it: from now on the fit is finished."""
        self._write(key, epochs, "result", json.dumps(dataclasses.asdict(outcome)).encode())

    def estimator(self, key: str, epochs: int) -> Any | None:
        """The estimator as it was after so many epochs, or None where it was not kept."""
        content = _read(self._file(key, epochs, "state"))
        return None if content is None else pickle.loads(content)  # noqa: S301 - the user's folder

    def keep_estimator(self, key: str, epochs: int, estimator: object) -> None:
        """Write it; an estimator that cannot be pickled is not kept."""
        try:
            content = pickled(estimator)
        except (TypeError, AttributeError, pickle.PicklingError):
            return
        self._write(key, epochs, "state", content)

    def drop_estimator(self, key: str, epochs: int) -> None:
        """Remove one that nobody goes on from."""
        self._file(key, epochs, "state").unlink(missing_ok=True)

    @contextlib.contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """Wait until no other worker, of this search or another, is at the fits of this key.

        The system gives a lock back when its process dies. Where files cannot be locked nobody
        waits, and what two find at once they find twice.
        """
        path = self._file(key, None, "claim")
        with contextlib.ExitStack() as closing:
            while True:
                try:
                    file = closing.enter_context(path.open("ab"))
                except OSError as error:
                    raise refused(error, path, "to write the file") from None
                try:
                    fcntl.flock(file, fcntl.LOCK_EX)
                except OSError:
                    break
                if _is_named(file.fileno(), path):
                    break  # else the one before has removed it, and a third may have made another
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def _file(self, key: str, epochs: int | None, kind: str) -> Path:
        numbered = key if epochs is None else f"{key}-{epochs}"
        return self.path / key[0] / f"{numbered}.{kind}"

    def _write(self, key: str, epochs: int, kind: str, content: bytes) -> None:
        with replacing(self._file(key, epochs, kind), "search", durable=False) as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)


def refused(error: OSError, path: Path, expected: str) -> OSError:
    """The same error, of the same kind, in words."""
    got = error.strerror or str(error)
    return OSError(error.errno or errno.EIO, f"[search] expected {expected}, got: {got}", str(path))


def _read(path: Path) -> bytes | None:
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refused(error, path, "to read the file") from None
    content = whole[_DIGEST:]
    return content if hashlib.sha256(content).digest() == whole[:_DIGEST] else None


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)
