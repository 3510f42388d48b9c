"""What there is to show of a job or composite, as plain data that JSON can hold.

Live panels draw these facts in the browser, and the static twin, the text and the
exports render the same ones, so that they all say the same.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.configs import shots_of
from oqc_notebook.sdk.frames import counts_of, is_simulated
from oqc_notebook.sdk.outputs import JobOutput, JobResult
from oqc_notebook.static.following import unfollowed_view
from oqc_notebook.static.ranking import Ranked, rank, ranked
from oqc_notebook.static.tally import Tally, end_of, qpu_name, tally_of

#: Each state's symbol: never colour alone says what a state is.
SYMBOLS = {
    "CREATED": "○",
    "SUBMITTED": "…",
    "RUNNING": "▶",
    "COMPLETED": "✓",
    "FAILED": "✕",
    "CANCELLED": "⊘",
    "UNKNOWN": "?",
}

#: Bitstrings shown of a register, and of a child in its row of a composite.
TOP_BITSTRINGS = 16
TOP_OF_A_ROW = 3

#: Longest piece of a result that holds no counts (characters).
_EXCERPT = 400


def job_view(job: Job, name: str | None = None, *, last_runs: int | None = None) -> dict[str, Any]:
    """Give what there is to show of a job.

    Parameters
    ----------
    job
        The job.
    name
        What the user calls it, such as the name of the variable.
    last_runs
        How many runs of the history to give, the newest ones; None gives all.

    Returns
    -------
    dict
        ``kind`` ("job"), ``name``, ``label``, ``state``, ``status`` (the server's word
        where it says more), ``symbol``, ``qpu`` (``id``, ``name``), ``simulated``,
        ``shots``, ``task_id``, ``cancel_requested``, ``in_flight``, ``unfollowed`` (see
        :func:`.following.unfollowed_view`), ``times`` (state -> ISO time in
        UTC), ``queued_s``, ``ran_s`` and ``took_s`` (see :func:`_durations`), ``error``
        (``code``, ``message``) or None, ``registers`` (see :func:`registers_view`),
        ``other_data`` (text of a result without counts) or None,
        ``program``, ``run_count``, and ``runs`` (see :func:`runs_view`).
    """
    history = job.history.all()
    first = 1 if last_runs is None else max(len(history) - last_runs, 0) + 1
    output = next(iter(job.outputs), None)
    registers, other_data = data_view(output)
    error = job.error
    return {
        "kind": "job",
        "name": name,
        "label": job.label,
        "state": job.state.value,
        "status": job.status if job.status.upper() != job.state.value else None,
        "symbol": SYMBOLS[job.state.value],
        "qpu": _qpu(job),
        "simulated": is_simulated(job.qpu_id),
        "shots": shots_of(job.config),
        "task_id": None if job.task_id is None else str(job.task_id),
        "cancel_requested": job.cancel_requested,
        "in_flight": job.in_flight,
        "unfollowed": unfollowed_view(job),
        "times": {state: _iso(time) for state, time in job.state_times.items()},
        **_durations(job.state_times),
        "error": error and {"code": error.error_code, "message": str(error.error_message)},
        "registers": registers,
        "other_data": other_data,
        "program": job.program,
        "run_count": len(history),
        "runs": runs_view(job, first, history[first - 1 :]),
    }


def runs_view(job: Job, first: int, outputs: Sequence[JobOutput]) -> list[dict[str, Any]]:
    """Give what there is to show of successive runs, newest first.

    Returns
    -------
    list of dict
        What :func:`run_view` gives, and ``qpu`` (its name, or None).
    """
    name = (lambda qpu_id: qpu_id) if job._client is None else job._client.qpu_name
    runs = [run_view(number, output) for number, output in enumerate(outputs, first)]
    return [run | {"qpu": run["qpu_id"] and name(run["qpu_id"])} for run in reversed(runs)]


def run_view(number: int, output: JobOutput) -> dict[str, Any]:
    """Give what there is to show of a run in the history.

    Returns
    -------
    dict
        ``run`` (1 for the first), ``state``, ``symbol``, ``received`` (ISO time, or
        None), ``zone_known``, ``took_s`` (or None), ``qpu_id``, ``shots``, ``task_id``,
        ``error`` or None.
    """
    # past the attributes that say that what they give may be changed: nothing is changed here
    times, config = output._state_times, vars(output)["compiler_config"]
    state = "FAILED" if output.is_error else "COMPLETED"
    if "CANCELLED" in times:
        state = "CANCELLED"
    error = getattr(output, "error_message", None)
    code = getattr(output, "error_code", None)
    return {
        "run": number,
        "state": state,
        "symbol": SYMBOLS[state],
        "received": None if output.received is None else _iso(output.received),
        "zone_known": output.received is not None and output.received.tzinfo is not None,
        "took_s": _took(times),
        "qpu_id": output.qpu_id,
        "shots": shots_of(config),
        "task_id": None if output.task_id is None else str(output.task_id),
        "error": {"code": code, "message": str(error)} if output.is_error else None,
    }


def data_view(output: JobOutput | None) -> tuple[list[dict[str, Any]], str | None]:
    """Give what there is to show of a run's data.

    Returns
    -------
    list of dict
        The registers, where there are counts; see :func:`registers_view`.
    str or None
        The beginning of the data as text, where it is something else than counts.
    """
    if not isinstance(output, JobResult):
        return [], None
    registers = ranked(output)
    if registers is None:
        return [], _excerpt(output._data)
    return [_register_view(name, each, TOP_BITSTRINGS) for name, each in registers.items()], None


def registers_view(data: Any, top: int = TOP_BITSTRINGS) -> list[dict[str, Any]]:
    """Give the counts in a result's data, the most frequent bitstrings first.

    Returns
    -------
    list of dict
        For each register ``name``, ``total`` (shots), ``distinct`` (bitstrings seen),
        ``bars`` (``[bitstring, count]`` of the `top` most frequent) and ``other``
        (``[bitstrings, shots]`` of the rest).
    """
    return [_register_view(name, each, top) for name, each in (rank(data) or {}).items()]


def _register_view(name: str, register: Ranked, top: int) -> dict[str, Any]:
    bars = register.most_frequent(top)
    distinct = len(register.counts)
    return {
        "name": name,
        "total": register.total,
        "distinct": distinct,
        "bars": [[bits, count] for bits, count in bars],
        "other": [distinct - len(bars), register.total - sum(count for _, count in bars)],
    }


def composite_view(composite: CompositeJob, name: str | None = None) -> dict[str, Any]:
    """Give what there is to show of a composite, but for its rows.

    Returns
    -------
    dict
        What :func:`tally_view` gives, and ``unfollowed`` (see
        :func:`.following.unfollowed_view`).
    """
    return tally_view(tally_of(composite), name) | {"unfollowed": unfollowed_view(composite)}


def tally_view(tally: Tally, name: str | None = None) -> dict[str, Any]:
    """Give what there is to show of a composite whose children were tallied.

    Returns
    -------
    dict
        ``kind`` ("composite"), ``name``, ``state``, ``symbol``, ``children``,
        ``tallies`` (state -> children), ``qpus`` (names, each once), ``simulated``,
        ``in_flight``, ``to_run_again`` (children whose latest run failed or was
        cancelled), ``started`` and ``last_begun`` (when the first and the last of the
        latest runs began, ISO times or None), ``ended`` (the same, once all have
        ended).
    """
    return {
        "kind": "composite",
        "name": name,
        "state": tally.state.value,
        "symbol": SYMBOLS[tally.state.value],
        "children": len(tally),
        "tallies": tally.states,
        "qpus": tally.qpus,
        "simulated": tally.number("simulated") > 0,
        "in_flight": tally.number("in flight") > 0,
        "to_run_again": tally.number("to run again"),
        "started": _iso_or_none(tally.first_begun),
        "last_begun": _iso_or_none(tally.last_begun),
        "ended": _iso_or_none(tally.last_ended),
    }


def row_view(index: int, job: Job) -> dict[str, Any]:
    """Give what a child's row shows.

    Returns
    -------
    dict
        ``i`` (index), ``label``, ``qpu`` (name), ``state``, ``since`` (ISO time of the
        state, while it is not the last one), ``took_s`` or None, ``top``
        (``[bitstring, count]`` of the most frequent, over the first register),
        ``total`` (shots) and ``error`` (text) or None.
    """
    top, total = _top_of(data_of(job))
    times = {} if job._run is None else job._run.state_times
    state = job.state.value
    return {
        "i": index,
        "label": job.label or "",
        "qpu": qpu_name(job),
        "state": state,
        "since": _iso(times[state]) if state in times and not job.ended else None,
        "took_s": _took(times),
        "top": top,
        "total": total,
        "error": None if job.error is None else str(job.error.error_message),
    }


def data_of(job: Job) -> Any:
    """Give the data of the latest run's result, only to be read; None where there is none."""
    return job._output._data if isinstance(job._output, JobResult) else None


def _top_of(data: Any) -> tuple[list[list[Any]], int]:
    """Give the most frequent bitstrings of a result's first register, and its shots."""
    registers = counts_of(data)
    if not registers:
        return [], 0
    counts = next(iter(registers.values()))
    top = heapq.nsmallest(TOP_OF_A_ROW, ((-count, bits) for bits, count in counts.items()))
    return [[bits, -count] for count, bits in top], sum(counts.values())


def _qpu(job: Job) -> dict[str, str]:
    return {"id": job.qpu_id, "name": qpu_name(job)}


def _iso(time: datetime) -> str:
    """Give an ISO time; aware ones in UTC, naive ones (of published files) as they are."""
    if time.tzinfo is not None:
        time = time.astimezone(UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _iso_or_none(time: datetime | None) -> str | None:
    return None if time is None else _iso(time)


def _took(times: dict[str, datetime]) -> float | None:
    """Give the seconds from the beginning of a run to its end, as seen here."""
    began, ended = times.get("CREATED"), end_of(times)
    return None if began is None or ended is None else round((ended - began).total_seconds(), 3)


def _durations(times: dict[str, datetime]) -> dict[str, float | None]:
    """Give how long a run was queued and ran, as far as it was seen from here.

    Returns
    -------
    dict
        ``queued_s`` and ``ran_s`` (seconds, or None), and ``took_s``: how long both were
        together, where it ended and nobody saw it run.
    """
    submitted, running, ended = times.get("SUBMITTED"), times.get("RUNNING"), end_of(times)
    left_queue = running or times.get("CANCELLED")
    return {
        "queued_s": (left_queue - submitted).total_seconds() if submitted and left_queue else None,
        "ran_s": (ended - running).total_seconds() if running and ended else None,
        "took_s": None if left_queue else _took(times),
    }


def _excerpt(data: Any) -> str:
    """Give the beginning of data as text, without writing out the rest."""
    text = ""
    for piece in json.JSONEncoder(ensure_ascii=False, default=str).iterencode(data):
        text += piece
        if len(text) > _EXCERPT:
            return text[:_EXCERPT] + "…"
    return text
