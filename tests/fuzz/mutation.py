"""What fuzz targets share: blind changes of bytes, the committed inputs, a limit of memory."""

import resource
from functools import cache
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

# Of one process: what asks for more because of a file of some bytes has believed that file.
MEMORY = 3 * 2**30

_TELLING = (0, 1, 0x7F, 0x80, 0xFF, ord("0"), ord("9"), ord('"'), ord("{"), ord("["), ord("\n"))


def blind(draw, content: bytes) -> bytes:
    """Some bytes are changed, left out, doubled or moved."""
    changed = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 4, 16])):
        place = draw.randrange(len(changed)) if changed else 0
        kind = draw.randrange(7)
        if kind == 0 and changed:
            changed[place] ^= 1 << draw.randrange(8)
        elif kind == 1 and changed:
            changed[place] = draw.choice(_TELLING)
        elif kind == 2 and changed:
            changed[place] = draw.randrange(256)
        elif kind == 3:
            del changed[place : place + draw.choice([1, 2, 8, 100])]
        elif kind == 4:
            changed[place:place] = bytes(draw.choice(_TELLING) for _ in range(draw.choice([1, 8])))
        elif kind == 5:
            length = draw.choice([1, 4, 16, 100])
            changed[place:place] = changed[place : place + length]
        elif draw.random() < 0.3:
            del changed[place:]
    return bytes(changed)


@cache
def corpus(target: str) -> tuple[bytes, ...]:
    """The committed inputs of a target, in the order of their names."""
    return tuple(path.read_bytes() for path in sorted((CORPUS / target).iterdir()))


def limit_memory() -> None:
    """From here on, this process and those it starts can have so much and no more."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
