"""What ``wbcore train`` compares before it trains: ``--cv``, ``--search``, ``--jobs``."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from wbcore.cli import losses, report
from wbcore.cli.candidates import Candidates
from wbcore.cli.data import Dataset
from wbcore.cli.outputs import encoded_frame, write_file
from wbcore.cli.settings import TrainSettings, settings_for

__all__ = ["Comparison", "check_none", "compared", "folder_of", "forget"]

_FOLDS = 5


@dataclass(frozen=True)
class Comparison:
    """How many settings are compared, on how many folds."""

    folds: int
    candidates: int = 1
    jobs: int | None = None
    table: Path | None = None

    def table_of(self, output: Path) -> Path | None:
        """Return the file for all candidates, of which a cross-validation alone has one."""
        if self.table is not None or self.candidates == 1:
            return self.table
        return output.with_suffix(".search.csv")

    def run(
        self, screen: Console, data: Dataset, given: dict[str, Any], output: Path
    ) -> tuple[TrainSettings, dict[str, Any]]:
        """Compare, show what came out, and return the best settings and how they were found."""
        from wbcore.cli import searching

        settings = settings_for(data, given)
        searching.check_folds(data, settings, self.folds)
        folder = folder_of(output)
        goes_on = folder.exists()
        try:
            found = searching.searched(
                data,
                settings,
                given,
                candidates=self.candidates,
                folds=self.folds,
                jobs=self.jobs,
                folder=folder,
            )
        except ValueError:
            if not goes_on:  # it would come to that again
                forget(output)
            raise
        is_quantile = losses.quantile_of(str(settings.loss)) is not None
        name, sign = ("pinball loss", -1) if is_quantile else (data.score, 1)
        candidates = Candidates(found, name, sign)
        scores = candidates.scores(by_fold=True)
        if not report.fits(screen, scores):
            scores = candidates.scores(by_fold=False)
        report.show_table(screen, scores)
        if (tried := candidates.settings()) is not None:
            report.show_table(screen, tried)
        if (table := self.table_of(output)) is not None:
            write_file(table, encoded_frame(candidates.frame(), table.suffix.lower()))
            report.say(screen, f"All {len(found)} candidates are in {table}")
        best = searching.best_options(found)
        for text in candidates.lines(best):
            report.say(screen, text)
        return settings_for(data, given | best), candidates.to_dict()


def folder_of(output: Path) -> Path:
    """Return where the finished fits of a comparison are, by the model file that it is for."""
    return output.with_name(f"{output.name}.search")


def check_none(output: Path, *, resume: bool, compares: bool) -> None:
    """Refuse to begin anew over a comparison that could go on, or to go on without it."""
    folder = folder_of(output)
    if not folder.exists():
        return
    if resume and not compares:
        raise ValueError(
            f"--resume: expected --cv or --search as the comparison in {folder} began, got "
            "neither; give them to go on, or remove this folder to train without"
        )
    if not resume:
        raise ValueError(
            f"{folder}: a comparison for {output} did not come to its end: give --resume to go on "
            "with it, or remove this folder to begin anew"
        )


def forget(output: Path) -> None:
    """Remove what a comparison keeps, if there was one, when the model is there."""
    shutil.rmtree(folder_of(output), ignore_errors=True)


def compared(
    folds: int | None, candidates: int | None, jobs: int | None, table: Path | None = None
) -> Comparison | None:
    """Return what is to be compared, or None.

    Raises
    ------
    ValueError
        If a number is too small, or says something of a comparison that there is not.
    """
    least_of = (("--cv", folds, 2), ("--search", candidates, 2), ("--jobs", jobs, 1))
    for option, number, least in least_of:
        if number is not None and number < least:
            raise ValueError(f"{option}: expected at least {least}, got {number}")
    if folds is None and candidates is None:
        if jobs is not None:
            raise ValueError(f"--jobs: expected --cv or --search beside it, got {jobs} alone")
        if table is not None:
            raise ValueError(f"--table: expected --cv or --search beside it, got {table} alone")
        return None
    return Comparison(_FOLDS if folds is None else folds, candidates or 1, jobs, table)
