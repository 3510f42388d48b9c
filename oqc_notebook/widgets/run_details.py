"""The details of one run of a job: its program, configuration, diagnostics and data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from oqc_notebook.archive import provenance
from oqc_notebook.sdk import Job
from oqc_notebook.sdk.outputs import JobOutput, JobResult
from oqc_notebook.sdk.states import MOMENT
from oqc_notebook.static.settings import settings_of
from oqc_notebook.static.view import data_view, runs_view
from oqc_notebook.widgets.facts import LAST_RUNS, Facts

_DIAGNOSTICS = ("timings", "metrics", "metadata")

#: The longest data without counts that is sent to a page as a whole (characters).
_LONGEST_DATA = 500_000


def output_of(job: Job, run: Any) -> JobOutput:
    """Give what a run left.

    Parameters
    ----------
    job
        The job.
    run
        The run's number, 1 for the first; None for the latest.

    Raises
    ------
    ValueError
        If there is no such run.
    """
    with MOMENT:
        if run is None:
            found: list[JobOutput] = list(job.outputs)
        elif isinstance(run, int) and 1 <= run <= len(job.history):
            found = [job.history[run - 1]]
        else:
            found = []
    if not found:
        raise ValueError("There is no such run.")
    return found[0]


def run_details(job: Job, question: Facts) -> Facts:
    """Give what a run's row has no room for.

    Returns
    -------
    dict
        ``inputs`` (see :func:`inputs_view`), ``diagnostics`` (by name, those that there
        are), ``origin`` (see :func:`origin_view`), ``registers`` and ``other_data`` as in a
        job's view.
    """
    output = output_of(job, question.get("run"))
    told = vars(output)  # only to be read
    registers, other_data = data_view(output)
    found = {name: told.get(name) for name in _DIAGNOSTICS}
    return {
        "inputs": inputs_view(job, output.program, output.qpu_id, told["compiler_config"]),
        "diagnostics": {name: plain(value) for name, value in found.items() if value is not None},
        "origin": origin_view(output),
        "registers": registers,
        "other_data": other_data,
    }


def origin_view(output: JobOutput) -> Facts | None:
    """Give where a run comes from; None where that was not recorded.

    Returns
    -------
    dict or None
        ``asked`` (when, in UTC), ``facts`` (``[name, words]``) and ``source`` (of the cell, or
        None).
    """
    found = provenance(output)
    if found is None:
        return None
    git, cell = found["git"], found["cell"]
    facts = {
        "notebook": found["notebook"],
        "cell": None
        if found["execution"] is None
        else f"number {found['execution']} that the session ran",
        "session": found["session"],
        "service": found["server"],
        "git": git
        and f"{(git['revision'] or 'no commit')[:12]}{' and changes' if git['dirty'] else ''}",
        "versions": ", ".join(f"{name} {version}" for name, version in found["versions"].items()),
    }
    return {
        "asked": found["asked"],
        "facts": [[name, words] for name, words in facts.items() if words],
        "source": cell and cell["source"],
    }


def next_inputs(job: Job) -> Facts:
    """Give the inputs of a job's next run, as they stand now, and of its latest one.

    Returns
    -------
    dict
        ``next``, and ``latest`` where that had other inputs, or None.
    """
    with MOMENT:
        inputs = inputs_view(job, job.program, job.qpu_id, job.config)
        run = job._run
        latest = None if run is None else inputs_view(job, run.program, run.qpu_id, run.config)
    return {"next": inputs, "latest": None if latest == inputs else latest}


def inputs_view(job: Job, program: str | None, qpu_id: str | None, config: Any) -> Facts:
    """Give the inputs of a run: ``program`` (or None), ``qpu`` and ``settings`` in words."""
    name = "" if qpu_id is None else qpu_id
    if job._client is not None and qpu_id is not None:
        name = job._client.qpu_name(qpu_id)
    return {
        "program": program,
        "qpu": {"id": qpu_id, "name": name},
        "settings": [list(setting) for setting in settings_of(config)],
    }


def earlier_runs(job: Job, question: Facts) -> Facts:
    """Give a block of a job's runs, newest first; the first block has the first runs."""
    first = LAST_RUNS * max(int(question.get("block") or 0), 0)
    with MOMENT:
        return {"runs": runs_view(job, first + 1, job.history[first : first + LAST_RUNS])}


def whole_data(job: Job, question: Facts) -> Facts:
    """Give a run's data as JSON can hold it.

    Raises
    ------
    ValueError
        If there is none, or it is too long for a page.
    """
    output = output_of(job, question.get("run"))
    if not isinstance(output, JobResult):
        raise ValueError("This run has no result.")
    length = 0
    for piece in json.JSONEncoder(default=str).iterencode(output._data):
        length += len(piece)
        if length > _LONGEST_DATA:
            raise ValueError("This is too long for a page: read job.result.data in a cell.")
    return {"document": plain(output._data)}


def plain(value: Any) -> Any:
    """Give a value as JSON can hold it; what JSON cannot hold becomes text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value)
