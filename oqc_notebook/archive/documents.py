"""The files of jobs in the archive: snapshots that ``sdk.load`` opens, and a block of ours."""

from __future__ import annotations

from pydantic_core import from_json

from oqc_notebook.archive.formats import JobBlock
from oqc_notebook.archive.sidecar import json_of
from oqc_notebook.sdk import Job
from oqc_notebook.sdk.outputs import JobError, JobOutput
from oqc_notebook.sdk.persistence import file_content
from oqc_notebook.sdk.proxy import JobOutputProxy
from oqc_notebook.sdk.states import ENDED, MOMENT, JobState

#: The name of the block; others who read the snapshot pass over it.
BLOCK = "oqc_archive"


def without_runs(job: Job) -> Job:
    """Give the job as it is now, without its history and result: what may change."""
    with MOMENT:
        alike = _alike(job)
    alike._output = None
    alike._history = JobOutputProxy(None, job._history.attr_policy)
    return alike


def with_one_run(job: Job, output: JobOutput) -> Job:
    """Give the job as it was at the end of the run that left `output`, with no other run.

    The job may have been given other inputs since, or be in its next run.
    """
    with MOMENT:
        alike = _alike(job)
    fields = vars(output)  # past the attributes, which note that somebody may change the value
    alike.program, alike.qpu_id = fields["program"], fields["qpu_id"]
    alike.config = fields["compiler_config"]
    alike.task_id = output.task_id
    if job._output is not output:
        alike._status, alike._run = None, None
        alike.timings, alike.metrics, alike.metadata = (
            fields["timings"], fields["metrics"], fields["metadata"],
        )  # fmt: skip
    alike._state = state_at_end(job, output)
    alike.cancel_requested = False
    alike._output = output
    alike._error = output if isinstance(output, JobError) else None
    alike._recorded = True
    alike._history = JobOutputProxy([output], job._history.attr_policy)
    return alike


def state_at_end(job: Job, output: JobOutput) -> JobState:
    """Give the state that a run ended in."""
    if job._output is output and job.ended:
        return job.state
    if not isinstance(output, JobError):
        return JobState.COMPLETED
    seen = output._state_times
    return next((state for state in ENDED if state.value in seen), JobState.FAILED)


def content_of(job: Job, block: JobBlock) -> bytes:
    """Give the content of a file: the snapshot, and the block at its end.

    Raises
    ------
    ValueError
        If the job holds something that JSON cannot hold.
    """
    snapshot = from_json(file_content(job))
    return json_of(snapshot | {BLOCK: block.model_dump(mode="json", exclude_none=True)})


def _alike(job: Job) -> Job:
    alike = Job.__new__(Job)
    vars(alike).update(vars(job))
    return alike
