"""Where a run comes from."""

from __future__ import annotations

from typing import Any

from oqc_notebook.archive import index
from oqc_notebook.archive.attaching import archive_of, archives
from oqc_notebook.archive.formats import JobFile, Provenance
from oqc_notebook.archive.sidecar import Sidecar
from oqc_notebook.archive.where import notebook_place
from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.outputs import JobOutput


def provenance(thing: Job | CompositeJob | JobOutput) -> dict[str, Any] | None:
    """Tell where a run comes from: cell, notebook, git, versions, times in UTC.

    Parameters
    ----------
    thing
        A job, for its latest run; a composite, for that of its first child; or an output.

    Returns
    -------
    dict or None
        Plain facts, as in the archive's files: ``notebook``, ``cell`` (``id``,
        ``sha256``, ``source``), ``execution``, ``session``, ``asked``, ``times`` (state to
        time), ``server``, ``simulated``, ``git`` (``revision``, ``dirty``), ``versions``,
        ``calibration``, ``inputs_sha256``, ``ordinal``. None if it was not recorded.
    """
    if isinstance(thing, CompositeJob):
        return next((facts for job in thing.jobs if (facts := provenance(job))), None)
    found = _recorded_here(thing) or _in_its_file(thing) or _in_the_archive(thing)
    if found is None:
        return None
    times = thing.state_times if isinstance(thing, Job) else thing._state_times
    facts = found.model_dump(mode="json")
    return facts | {"times": {state: time.isoformat() for state, time in times.items()}}


def _recorded_here(thing: Job | JobOutput) -> Provenance | None:
    for archive in archives():
        if (found := archive.provenance_of(thing)) is not None:
            return found
    return None


def _in_its_file(thing: Job | JobOutput) -> Provenance | None:
    """Look into the file that a job was loaded from, which may be one of an archive."""
    job = thing if isinstance(thing, Job) else thing.job
    if job is None or job._home is None:
        return None
    path = job._home.path
    if path.parent.parent.name != "runs":
        return None
    file = Sidecar(path.parents[2]).read(path, JobFile)
    same = file is not None and file.task_id == (thing.task_id and str(thing.task_id))
    return file.oqc_archive.provenance if file is not None and same else None


def _in_the_archive(thing: Job | JobOutput) -> Provenance | None:
    """Look for a run of an earlier session."""
    if thing.task_id is None:
        return None
    job = thing if isinstance(thing, Job) else thing.job
    archive = None if job is None or job._client is None else archive_of(job._client)
    sidecar = Sidecar(notebook_place().folder) if archive is None else archive.sidecar
    for entry in reversed(index.entries(sidecar)):
        if entry.task_id == str(thing.task_id):
            file = sidecar.read(sidecar.folder / entry.file, JobFile)
            return None if file is None else file.oqc_archive.provenance
    return None
