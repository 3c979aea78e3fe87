"""A code: the row of a kind of finding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wbcore.inspect.findings.finding import Finding

__all__ = ["Code"]


@dataclass(frozen=True)
class Code:
    """What all findings of one code have in common: a row of docs/findings.md.

    Attributes
    ----------
    code : str
    severity : str
        The usual one; a finding may have another.
    calls : str
        "check", "diagnose", or "both": who looks for it.
    title : str
        What it is, in a few words.
    threshold, why, advice : str
    needs : str
        Without what it is never found: "rows" (X and y, which every call has), "validation" or
        "history", the history of the training. A validation series in the history does for
        validation rows in WB-OVERFIT, and the optimizer of a fit in this process in WB-RATE.
    """

    code: str
    severity: str
    calls: str
    title: str
    threshold: str
    why: str
    advice: str
    needs: str = "rows"

    def found(
        self,
        evidence: str,
        *,
        severity: str | None = None,
        asks: bool = False,
        **fields: Any,  # noqa: ANN401, those of a finding
    ) -> Finding:
        """A finding of this code; `fields` are of `Finding`, and what is not said is the row's.

        A note has an advice only if it `asks` for something.
        """
        severity = severity or self.severity
        if severity == "note" and not asks:
            fields["advice"] = ""
        finding = Finding(
            self.code,
            severity,
            evidence,
            threshold=self.threshold,
            why=self.why,
            advice=self.advice,
        )
        return replace(finding, **fields)
