"""Counts as tidy pandas tables, one row for each register and bitstring.

Columns: ``child`` (index in the composite, 0 for a single job), ``label``,
``qpu_id``, ``task_id``, ``run`` (1 for a job's first), ``register``, ``bitstring``
(c[0] is the leftmost character), ``count``, ``probability`` (within the register)
and ``simulated``. ``df.attrs["bit_order"]`` states the order of the bits, and
``df.attrs["errors"]`` lists the runs that have no rows because they failed.
pandas is imported when a table is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult

if TYPE_CHECKING:
    import pandas

    from oqc_notebook.sdk.composite import CompositeJob
    from oqc_notebook.sdk.job import Job

COLUMNS = (
    "child",
    "label",
    "qpu_id",
    "task_id",
    "run",
    "register",
    "bitstring",
    "count",
    "probability",
    "simulated",
)


def bit_order(register: str = "c", end: str = "leftmost") -> str:
    """Say in which order the bits of a classical register are written."""
    return f"{register}[0] is the {end} bit"


#: QPUs of the local QPU have ids that begin like this; their results are simulated.
_SIMULATED = "qpu:local:"


def is_simulated(qpu_id: str | None) -> bool:
    """Tell whether results of a QPU are simulated on somebody's own machine."""
    return bool(qpu_id and qpu_id.startswith(_SIMULATED))


def result_frame(result: JobResult) -> pandas.DataFrame:
    """Give the counts of one result.

    Raises
    ------
    ValueError
        If it holds no counts.
    """
    job = result.job
    if job is None:
        return _frame([(0, None, 1, result)])
    runs = (run for run, output in enumerate(job.history, start=1) if output is result)
    return _frame([(0, job.label, next(runs, 1), result)])


def history_frame(job: Job) -> pandas.DataFrame:
    """Give the counts of every run of a job."""
    return _frame((0, job.label, run, out) for run, out in enumerate(job.history, start=1))


def composite_frame(composite: CompositeJob) -> pandas.DataFrame:
    """Give the counts of the latest run of every child."""
    return _frame(
        (child, job.label, max(len(job.history), 1), output)
        for child, job in enumerate(composite.jobs)
        for output in job.outputs
    )


def _frame(outputs: Iterable[tuple[int, str | None, int, JobOutput]]) -> pandas.DataFrame:
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    errors: list[dict[str, Any]] = []
    for child, label, run, output in outputs:
        if isinstance(output, JobError):
            errors.append(
                {
                    "child": child,
                    "run": run,
                    "error_code": output.error_code,
                    "error_message": output.error_message,
                }
            )
        elif isinstance(output, JobResult):
            task_id = None if output.task_id is None else str(output.task_id)
            shared = (child, label, output.qpu_id, task_id, run)
            simulated = is_simulated(output.qpu_id)
            for register, counts in _registers(output).items():
                shots = sum(counts.values())
                rows += [
                    (*shared, register, bits, n, n / shots if shots else 0.0, simulated)
                    for bits, n in sorted(counts.items())
                ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame = frame.astype({"child": int, "run": int, "count": int, "probability": float})
    frame.attrs = {"bit_order": bit_order(), "errors": errors}
    return frame


def _registers(result: JobResult) -> dict[str, dict[str, int]]:
    """Give the counts of each register.

    Raises
    ------
    ValueError
        If the result holds something else than counts.
    """
    registers = counts_of(result.data)
    if registers is None:
        raise ValueError(
            f"The result of task {result.task_id} holds no counts. Run with "
            "results_format=QuantumResultsFormat().binary_count(), the default, or read .data."
        )
    return registers


def counts_of(data: Any) -> dict[str, dict[str, int]] | None:
    """Give the counts in a result's data by register, or None where it holds no counts."""
    if not isinstance(data, Mapping) or not data:
        return None
    for counts in data.values():
        if not isinstance(counts, Mapping):
            return None
        for bits, count in counts.items():
            if not isinstance(bits, str) or set(bits) - {"0", "1"} or type(count) is not int:
                return None
    return {str(register): dict(counts) for register, counts in data.items()}
