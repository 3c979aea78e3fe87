"""A finding, and all of them: what `check` and `diagnose` return."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

__all__ = ["SEVERITIES", "Finding", "Findings", "are", "counted"]

#: From the worst: an error makes the result useless, a warning costs quality, a note is a fact that
#: is worth knowing; where it has an advice, it may be more.
SEVERITIES = ("error", "warning", "note")
_WIDTH = 100


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, with what shows it and what to try.

    Attributes
    ----------
    code : str
        Such as "WB-DEAD"; docs/findings.md has all.
    severity : {"error", "warning", "note"}
        An error makes the result useless, a warning costs quality; a note is a fact that is worth
        knowing: without an advice it asks for nothing, with one it may be a sign of more.
    layer : int or None
        Where it is in the network, if it is in a layer; of several the first, and ``numbers`` has
        them all as "layers".
    units : tuple of int
        Of that layer.
    evidence : str
        What was seen, with numbers.
    numbers : dict
        The same numbers by name: int, float, str, or lists of them.
    threshold : str
        From where on it is a finding. Not printed: `to_dict` and Markdown have it.
    why : str
        Why that is bad.
    advice : str
        What to try; empty for a note that asks for nothing.

    Examples
    --------
    >>> finding = Finding("WB-DEAD", "warning", "9 of 16 units are 0 in all 200 rows", layer=0)
    >>> print(finding)
    WB-DEAD (warning, layer 0): 9 of 16 units are 0 in all 200 rows
    """

    code: str
    severity: str
    evidence: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    layer: int | None = None
    units: tuple[int, ...] = ()
    threshold: str = ""
    why: str = ""
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, with lists for tuples; numbers that are not finite are None."""
        return {
            "code": self.code,
            "severity": self.severity,
            "layer": self.layer,
            "units": list(self.units),
            "evidence": self.evidence,
            "numbers": {name: _plain(value) for name, value in self.numbers.items()},
            "threshold": self.threshold,
            "why": self.why,
            "advice": self.advice,
        }

    @property
    def place(self) -> str:
        """As "layer 0", "layers 0, 2", "layers 1 to 4", or nothing."""
        layers = self.numbers.get("layers", [])
        if len(layers) > 2 and layers == list(range(layers[0], layers[-1] + 1)):
            return f"layers {layers[0]} to {layers[-1]}"
        if len(layers) > 1:
            return f"layers {', '.join(map(str, layers))}"
        return "" if self.layer is None else f"layer {self.layer}"

    def __str__(self) -> str:
        where = ", ".join(filter(None, (self.severity, self.place)))
        lines = [_wrapped(f"{self.code} ({where}): {self.evidence}", "    ")]
        parts = (("try", self.advice), ("why", self.why))
        lines += [_wrapped(f"  {name}: {text}", "    ") for name, text in parts if text]
        return "\n".join(lines)


class Findings(Sequence[Finding]):
    """What was found, the worst first; prints with the verdict in the first line.

    Attributes
    ----------
    looked_at : str
        At what: rows, and how many of them.
    not_looked_at : tuple of str
        What could not be judged, and for want of what.
    sure : bool
        Whether the rows are known to be what they are said to be; the verdict says it if not.

    Examples
    --------
    >>> dead = Finding("WB-DEAD", "warning", "9 of 16 units are 0", layer=0)
    >>> found = Findings([dead], "200 rows")
    >>> print(found)
    1 warning: WB-DEAD
    looked at: 200 rows
    <BLANKLINE>
    WB-DEAD (warning, layer 0): 9 of 16 units are 0
    >>> found.codes, found.ok, "WB-DEAD" in found
    (('WB-DEAD',), False, True)
    """

    def __init__(
        self,
        findings: Iterable[Finding] = (),
        looked_at: str = "",
        not_looked_at: Iterable[str] = (),
        *,
        sure: bool = True,
    ) -> None:
        self._findings = tuple(sorted(findings, key=lambda f: SEVERITIES.index(f.severity)))
        self.looked_at = looked_at
        self.not_looked_at = tuple(not_looked_at)
        self.sure = sure

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, each once, in the order of the findings."""
        return tuple(dict.fromkeys(finding.code for finding in self))

    @property
    def ok(self) -> bool:
        """Whether there is no error and no warning; there may be notes."""
        return all(finding.severity == "note" for finding in self)

    @property
    def verdict(self) -> str:
        """One line: how many of what, and their codes."""
        said = []
        for severity in SEVERITIES:
            some = [finding.code for finding in self if finding.severity == severity]
            if some:
                many = "" if len(some) == 1 else "s"
                names = ", ".join(dict.fromkeys(some))
                said.append(f"{len(some)} {severity}{many}: {names}")
        if self.ok:
            is_sure = self.sure and not any(finding.advice for finding in self)
            said.insert(0, "nothing wrong was found" + ("" if is_sure else " for sure"))
        return "; ".join(said)

    def with_code(self, code: str) -> tuple[Finding, ...]:
        """Those of a code."""
        return tuple(finding for finding in self if finding.code == code)

    def to_dict(self) -> dict[str, Any]:
        """Verdict, what was looked at and what not, and the findings as dicts."""
        return {
            "schema": 1,
            "verdict": self.verdict,
            "ok": self.ok,
            "looked_at": self.looked_at,
            "not_looked_at": list(self.not_looked_at),
            "findings": [finding.to_dict() for finding in self],
        }

    def to_json(self) -> str:
        """`to_dict` as JSON; numbers that are not finite are null."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def to_markdown(self) -> str:
        """The verdict, and a table with a line for each finding."""
        lines = [f"**{_cell(self.verdict)}**", ""]
        if self.looked_at:
            lines += [f"Looked at: {_cell(self.looked_at)}.", ""]
        lines += [f"Not looked at: {_cell(text)}." for text in self.not_looked_at]
        if self.not_looked_at:
            lines.append("")
        if not self:
            return "\n".join(lines[:-1])
        head = ("code", "severity", "where", "evidence", "threshold", "why", "try")
        lines += [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
        for f in self:
            cells = (f.code, f.severity, f.place, f.evidence, f.threshold, f.why, f.advice)
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
        return "\n".join(lines)

    def __len__(self) -> int:
        return len(self._findings)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        return self._findings[index]

    def __contains__(self, value: object) -> bool:
        """Whether a finding, or one of this code, is among them."""
        return value in (self.codes if isinstance(value, str) else self._findings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Findings) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # equal by NaN and arrays: as lists

    def __str__(self) -> str:
        head = [self.verdict]
        if self.looked_at:
            head.append(_wrapped(f"looked at: {self.looked_at}", "  "))
        head += [_wrapped(f"not looked at: {text}", "  ") for text in self.not_looked_at]
        return "\n\n".join(["\n".join(head), *map(str, self)])

    __repr__ = __str__


def counted(n: int, noun: str) -> str:
    """As "1 row", "2,000 rows"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def are(n: int) -> str:
    """The verb of so many, also of "1 of 32 units"."""
    return "is" if n == 1 else "are"


def _wrapped(text: str, indent: str) -> str:
    """As lines of at most 100 characters, broken at spaces alone: codes and paths stay whole."""
    return textwrap.fill(
        text,
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(value: Any) -> Any:  # noqa: ANN401, what JSON has
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else None


def _cell(text: str) -> str:
    """Of a table in Markdown: no bar and no line break of the text's own."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
