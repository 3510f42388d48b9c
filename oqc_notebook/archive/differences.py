"""Why a run that is asked for is not in the archive, said so that people see what to do."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable

from oqc_notebook.archive.book import ArchivedRun, Book
from oqc_notebook.archive.formats import Entry, Provenance
from oqc_notebook.sdk import Job
from oqc_notebook.sdk.configs import config_to_text

#: Runs or cells that are looked at to find the one that was meant.
_MOST = 200

#: Cells that are less alike are not called the same cell.
_ALIKE = 0.5

_WHAT_TO_DO = (
    "In replay mode nothing is submitted. To run this cell and archive what comes: "
    "%oqc_mode live (or reuse), then connect again and run it."
)


def why_not(archive: str, book: Book, job: Job, wanted: Provenance, given: Iterable[str]) -> str:
    """Say why there is no run for a job.

    Parameters
    ----------
    archive
        Name of the archive.
    book
        The archived runs.
    job
        The job.
    wanted
        The key of the run that it asks for.
    given
        The files of the runs that the same execution of the cell was given already.
    """
    entries = book.newest_first()
    sha256 = None if wanted.cell is None else wanted.cell.sha256
    of_cell = [entry for entry in entries if entry.cell_sha256 == sha256]
    same = [entry for entry in of_cell if entry.inputs_sha256 == wanted.inputs_sha256]
    illegible = [entry.file for entry in same if entry.ordinal == wanted.ordinal]
    if illegible:
        said = f"{illegible[0]}, which should hold it, cannot be read."
    elif same:
        runs = "1 run" if len(same) == 1 else f"{len(same)} runs"
        said = f"this cell asks for more runs of it than are archived: {runs}."
    elif of_cell:
        newest = [e for e in of_cell if _execution(e) == _execution(of_cell[0])]
        said = _against_runs(book, job, [e for e in newest if e.file not in set(given)] or newest)
    else:
        said = _against_cells(book, wanted, entries)
    return f"This run is not in the archive {archive}: {said}\n{_WHAT_TO_DO}"


def _execution(entry: Entry) -> tuple[str, int | None]:
    return entry.session, entry.execution


def _against_runs(book: Book, job: Job, entries: list[Entry]) -> str:
    """Compare a job with the archived run that is most like it."""
    # the oldest of an execution comes first in its cell
    runs = [run for entry in entries[::-1][:_MOST] if (run := book.read(entry)) is not None]
    if not runs:
        return "the runs of this cell cannot be read."
    run = max(runs, key=lambda run: _likeness(job, run.job))
    changed, differences = [], []
    for what, now, then in (
        ("QPU", job.qpu_id, run.job.qpu_id),
        ("configuration", _config(job), _config(run.job)),
        ("program", job.program, run.job.program),
    ):
        if now != then:
            changed.append(what)
            differences.append(_difference(what, then, now, run))
    which = " and ".join(changed) or "inputs"
    return "\n".join([f"its {which} changed since.", *differences])


def _likeness(job: Job, other: Job) -> tuple[bool, float]:
    lines = difflib.SequenceMatcher(None, job.program, other.program, autojunk=False)
    alike = 1.0 if job.program == other.program else lines.quick_ratio()
    return (job.qpu_id, _config(job)) == (other.qpu_id, _config(other)), alike


def _config(job: Job) -> str:
    """Give a configuration as text with a line for each of its settings."""
    if job.config is None:
        return "the default one"
    return json.dumps(json.loads(config_to_text(job.config)[0]), indent=2, sort_keys=True)


def _against_cells(book: Book, wanted: Provenance, entries: list[Entry]) -> str:
    """Compare a cell with the archived one that has the same id, or is most like it."""
    newest: dict[str, Entry] = {}
    for entry in entries:
        if entry.cell_sha256 is not None:
            newest.setdefault(entry.cell_sha256, entry)
    runs = [run for entry in list(newest.values())[:_MOST] if (run := book.read(entry))]
    if wanted.cell is None or not runs:
        return "nothing that was run outside of cells is archived with these inputs."
    cell = wanted.cell

    def likeness(run: ArchivedRun) -> float:
        then = run.provenance.cell
        assert then is not None, "its hash is in the index"
        if cell.id is not None and cell.id == then.id:
            return 2.0
        now_, then_ = cell.source or "", then.source or ""
        return difflib.SequenceMatcher(None, now_, then_, autojunk=False).ratio()

    run = max(runs, key=likeness)
    then = run.provenance.cell
    if then is None or then.source is None or cell.source is None:
        return "no run of this cell as it is now is archived (its earlier text is not recorded)."
    if likeness(run) < _ALIKE:
        return "no run of this cell was ever archived."
    difference = _difference("cell", then.source, cell.source, run)
    return f"this cell changed since it was run.\n{difference}"


def _difference(what: str, then: str, now: str, run: ArchivedRun) -> str:
    asked = run.provenance.asked.strftime("%Y-%m-%d %H:%M:%S UTC")
    return "\n".join(
        difflib.unified_diff(
            then.splitlines(),
            now.splitlines(),
            f"{what}, archived {asked}",
            f"{what}, now",
            lineterm="",
        )
    )
