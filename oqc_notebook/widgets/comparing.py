"""Two runs of a job side by side: what they ran, and how far their counts are apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oqc_notebook.sdk import Job
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.static.comparing import distances, program_lines
from oqc_notebook.static.ranking import Ranked, ranked
from oqc_notebook.widgets.facts import Facts
from oqc_notebook.widgets.run_details import inputs_view, output_of


def comparison(job: Job, question: Facts) -> Facts:
    """Compare two runs.

    Parameters
    ----------
    job
        The job.
    question
        ``a`` and ``b``: the numbers of the runs.

    Returns
    -------
    dict
        ``notes`` (what there is to know, in words), ``settings`` (``[name, a, b]`` where
        they differ), ``program`` (lines of a comparison, or None where it is the same)
        and ``registers`` (see :func:`.distances`).

    Raises
    ------
    ValueError
        If there is no such run.
    """
    numbers = question.get("a"), question.get("b")
    a, b = (output_of(job, number) for number in numbers)
    notes = [
        note
        for number, output in zip(numbers, (a, b), strict=True)
        for note in _why_no_counts(number, output)
    ]
    registers = [] if notes else distances(_registers(a), _registers(b))
    program = _program_lines(a, b, notes)
    settings = _other_settings(job, a, b)
    if program is None and not settings:
        notes.append("Both ran the same program with the same configuration.")
    return {"notes": notes, "settings": settings, "program": program, "registers": registers}


def _registers(output: JobOutput) -> Mapping[str, Ranked]:
    return (ranked(output) or {}) if isinstance(output, JobResult) else {}


def _why_no_counts(number: Any, output: JobOutput) -> Iterable[str]:
    if isinstance(output, JobError):
        ended = "was cancelled" if "CANCELLED" in output._state_times else "failed"
        yield f"Run {number} {ended}, so it has no counts."
    elif not _registers(output):
        yield f"The result of run {number} holds no counts."


def _program_lines(a: JobOutput, b: JobOutput, notes: list[str]) -> list[str] | None:
    """Give the lines that tell the programs apart; None where they are the same."""
    if a.program == b.program:
        return None
    lines, note = program_lines(a.program or "", b.program or "")
    notes.append(note)
    return lines


def _other_settings(job: Job, a: JobOutput, b: JobOutput) -> list[list[str]]:
    told = []
    for output in (a, b):
        inputs = inputs_view(job, None, output.qpu_id, vars(output)["compiler_config"])
        told.append({"QPU": inputs["qpu"]["name"], **dict(inputs["settings"])})
    names = dict.fromkeys([*told[0], *told[1]])
    both = [[name, *(each.get(name, "default") for each in told)] for name in names]
    return [
        each for each in both if len({word.removesuffix(" (default)") for word in each[1:]}) > 1
    ]
