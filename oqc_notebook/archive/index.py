"""The index of what is archived: what the files say, in one that is read fast.

Recording a run does not touch it. It is brought up to date by whoever looks something
up, from the files, which are never changed once they are there; so it may be deleted,
damaged or out of date at any time.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from oqc_notebook.archive.durable import write_files
from oqc_notebook.archive.formats import CompositeFile, Entry, IndexFile, JobFile
from oqc_notebook.archive.locking import locked
from oqc_notebook.archive.sidecar import Sidecar, json_of
from oqc_notebook.archive.where import notebook_place

#: When a run was asked for of which that is not known.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def entries(sidecar: Sidecar) -> list[Entry]:
    """List the archived runs, of jobs and of composites, the oldest first."""
    if not sidecar.runs.is_dir():
        return []
    files = {sidecar.name_of(path): path for path in sidecar.files_in(sidecar.runs, "*/*.json")}
    known = _read(sidecar)
    if known.keys() != files.keys():
        with locked(sidecar.lock_file):
            known = _read(sidecar)  # another kernel may have done it meanwhile
            up_to_date = {
                name: entry
                for name, path in files.items()
                if (entry := known.get(name) or entry_of(sidecar, path))
            }
            if up_to_date.keys() != known.keys():
                _write(sidecar, list(up_to_date.values()))
            known = up_to_date
    return sorted(known.values(), key=lambda entry: (entry.asked, entry.file))


def rebuild_index(folder: str | Path | None = None) -> int:
    """Make the index afresh from the files, and tell how many runs there are.

    That is never needed: it is made when it is missing or damaged.

    Parameters
    ----------
    folder
        The archive's folder; by default this notebook's.
    """
    sidecar = Sidecar(notebook_place().folder if folder is None else Path(folder))
    with contextlib.suppress(OSError):
        sidecar.index_file.unlink(missing_ok=True)
    return len(entries(sidecar))


def _read(sidecar: Sidecar) -> dict[str, Entry]:
    try:
        index = IndexFile.model_validate_json(sidecar.index_file.read_bytes())
    except (OSError, ValidationError):
        return {}
    return {entry.file: entry for entry in index.runs}


def _write(sidecar: Sidecar, runs: list[Entry]) -> None:
    index = IndexFile(oqc_index=1, runs=runs)
    with contextlib.suppress(OSError):  # it can do without in a folder that is read-only
        content = json_of(index.model_dump(mode="json", exclude_none=True))
        write_files({sidecar.index_file: content})


def entry_of(sidecar: Sidecar, path: Path) -> Entry | None:
    """Read what a file in ``runs/`` holds; None if it is not legible."""
    file = sidecar.name_of(path)
    if path.name.endswith("-composite.json"):
        of_composite = sidecar.read(path, CompositeFile)
        if of_composite is None:
            return None
        composite = of_composite.oqc_archive
        return Entry(
            file=file,
            kind="composite",
            id=composite.composite,
            name=composite.name,
            session=composite.session,
            asked=composite.asked,
        )
    of_job = sidecar.read(path, JobFile)
    return None if of_job is None else entry_of_job(file, of_job)


def entry_of_job(file: str, of_job: JobFile) -> Entry:
    """Give the entry of a job's run, from what its file says."""
    job = of_job.oqc_archive
    origin = job.provenance
    return Entry(
        file=file,
        kind="job",
        id=job.job,
        name=job.name,
        state=of_job.state,
        task_id=of_job.task_id,
        member=job.member,
        runs=job.runs,
        inputs_sha256=None if origin is None else origin.inputs_sha256,
        cell_sha256=origin.cell.sha256 if origin and origin.cell else None,
        ordinal=None if origin is None else origin.ordinal,
        session=job.session if origin is None else origin.session,
        execution=None if origin is None else origin.execution,
        asked=LONG_AGO if origin is None else origin.asked,
    )
