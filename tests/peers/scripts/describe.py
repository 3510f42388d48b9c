"""All that a job says of itself, as JSON, by what the published and our SDK have in common."""

import warnings
from enum import Enum

DIAGNOSTICS = ("timings", "metrics", "metadata")


def describe(job):
    """Describe a job or a composite."""
    if not hasattr(job, "jobs"):
        return _job(job)
    return {
        "kind": type(job).__name__,
        "jobs": [_job(child) for child in job.jobs],
        "length": len(job),
        "completed": job.completed,
        "outputs": [_output(output) for output in job.outputs],
        **{
            name: [job.jobs.index(child) for child in getattr(job, name)]
            for name in ("completed_jobs", "failed_jobs", "active_jobs", "terminal_jobs")
        },
    }


def _job(job):
    snapshot = job.to_snapshot()
    return {
        "kind": type(job).__name__,
        "program": job.program,
        "qpu_id": job.qpu_id,
        "config": describe_config(job.config),
        "task_id": _text(job.task_id),
        "tag": job.tag,
        "hybrid_marker": job.hybrid_marker,
        **{name: getattr(job, name) for name in DIAGNOSTICS},
        "state": job.state.value,
        "ended": job.ended,
        "completed": job.completed,
        "result": _result_of_latest_run(job),
        "error": _output(job.error),
        "outputs": [_output(output) for output in job.outputs],
        "history": [_output(output) for output in job.history],
        "raise_on_error": snapshot.raise_on_error,
        "fetch_diagnostics": snapshot.fetch_diagnostics,
        "outputs_are_the_jobs": all(
            output.job is job for output in (*job.outputs, *job.history) if output is not None
        ),
    }


def _result_of_latest_run(job):
    # where the latest run left none, ours gives the last good one, with a warning
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = job.result
    return None if caught else _output(result)


def _output(output):
    if output is None:
        return None
    own = (
        {"data": output.data}
        if hasattr(output, "data")
        else {"error_code": output.error_code, "error_message": output.error_message}
    )
    return {
        "kind": type(output).__name__,
        **own,
        "qpu_id": output.qpu_id,
        "task_id": _text(output.task_id),
        "config": describe_config(output.compiler_config),
        "program": output.program,
        "received": output.received and output.received.isoformat(),
        **{name: getattr(output, name) for name in DIAGNOSTICS},
    }


def describe_config(value):
    """Describe a configuration, or what is in one."""
    if value is None or isinstance(value, str | bool | float) or type(value) is int:
        return value
    if isinstance(value, list):
        return [describe_config(item) for item in value]
    if isinstance(value, dict):
        return {key: describe_config(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return f"{type(value).__name__}({value.value!r})"
    fields = {name: describe_config(item) for name, item in vars(value).items()}
    return {"class": type(value).__name__, **fields}


def _text(value):
    return None if value is None else str(value)
