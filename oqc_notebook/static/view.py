"""What there is to show of a job or composite, as plain data that JSON can hold.

Live panels draw these facts in the browser, and the static twin, the text and the
exports render the same ones, so that they all say the same.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from oqc_notebook.sdk import CompositeJob, Job, JobState
from oqc_notebook.sdk.configs import shots_of
from oqc_notebook.sdk.frames import BIT_ORDER, counts_of, is_simulated
from oqc_notebook.sdk.outputs import JobOutput, JobResult

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

#: The order in which tallies and progress bars name the states.
STATE_ORDER = (
    "COMPLETED",
    "RUNNING",
    "SUBMITTED",
    "CREATED",
    "UNKNOWN",
    "CANCELLED",
    "FAILED",
)

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
        ``shots``, ``task_id``, ``cancel_requested``, ``in_flight``, ``times`` (state ->
        ISO time in UTC), ``queued_s`` and ``ran_s`` (seconds, or None), ``error``
        (``code``, ``message``) or None, ``registers`` (see :func:`registers_view`),
        ``other_data`` (text of a result without counts) or None, ``bit_order``,
        ``program``, ``run_count``, and ``runs``, newest first (see :func:`run_view`).
    """
    history = job.history.all()
    first = 1 if last_runs is None else max(len(history) - last_runs, 0) + 1
    output = next(iter(job.outputs), None)
    result = output if isinstance(output, JobResult) else None
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
        "times": {state: _iso(time) for state, time in job.state_times.items()},
        **_durations(job.state_times),
        "error": error and {"code": error.error_code, "message": str(error.error_message)},
        "registers": registers_view(None if result is None else result.data),
        "other_data": _other_data(result),
        "bit_order": BIT_ORDER,
        "program": job.program,
        "run_count": len(history),
        "runs": [run_view(n, run) for n, run in enumerate(history[first - 1 :], first)][::-1],
    }


def run_view(number: int, output: JobOutput) -> dict[str, Any]:
    """Give what there is to show of a run in the history.

    Returns
    -------
    dict
        ``run`` (1 for the first), ``state``, ``symbol``, ``received`` (ISO time, or
        None), ``zone_known``, ``took_s`` (or None), ``qpu_id``, ``shots``, ``task_id``,
        ``error`` or None.
    """
    state = "FAILED" if output.is_error else "COMPLETED"
    if "CANCELLED" in output.state_times:
        state = "CANCELLED"
    error = getattr(output, "error_message", None)
    code = getattr(output, "error_code", None)
    return {
        "run": number,
        "state": state,
        "symbol": SYMBOLS[state],
        "received": None if output.received is None else _iso(output.received),
        "zone_known": output.received is not None and output.received.tzinfo is not None,
        "took_s": _took(output.state_times),
        "qpu_id": output.qpu_id,
        "shots": shots_of(output.compiler_config),
        "task_id": None if output.task_id is None else str(output.task_id),
        "error": {"code": code, "message": str(error)} if output.is_error else None,
    }


def registers_view(data: Any, top: int = TOP_BITSTRINGS) -> list[dict[str, Any]]:
    """Give the counts in a result's data, the most frequent bitstrings first.

    Returns
    -------
    list of dict
        For each register ``name``, ``total`` (shots), ``distinct`` (bitstrings seen),
        ``bars`` (``[bitstring, count]`` of the `top` most frequent) and ``other``
        (``[bitstrings, shots]`` of the rest).
    """
    registers = []
    for name, counts in (counts_of(data) or {}).items():
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        total = sum(counts.values())
        shown = sum(count for _, count in ranked[:top])
        registers.append(
            {
                "name": name,
                "total": total,
                "distinct": len(ranked),
                "bars": [[bits, count] for bits, count in ranked[:top]],
                "other": [max(len(ranked) - top, 0), total - shown],
            }
        )
    return registers


def composite_view(composite: CompositeJob, name: str | None = None) -> dict[str, Any]:
    """Give what there is to show of a composite, but for its rows.

    Returns
    -------
    dict
        ``kind`` ("composite"), ``name``, ``state``, ``symbol``, ``children``,
        ``tallies`` (state -> children), ``qpus`` (names, each once), ``simulated``,
        ``in_flight``, ``failed``, ``started`` and ``ended`` (ISO times or None),
        ``bit_order``.
    """
    states = [job.state.value for job in composite.jobs]
    times = [job.state_times for job in composite.jobs]
    began = [t["CREATED"] for t in times if "CREATED" in t]
    ended = [_end(t) for t in times]
    last = max((t for t in ended if t is not None), default=None)
    return {
        "kind": "composite",
        "name": name,
        "state": composite.state.value,
        "symbol": SYMBOLS[composite.state.value],
        "children": len(composite.jobs),
        "tallies": {s: states.count(s) for s in STATE_ORDER if s in states},
        "qpus": list(dict.fromkeys(_qpu(job)["name"] for job in composite.jobs)),
        "simulated": any(is_simulated(job.qpu_id) for job in composite.jobs),
        "in_flight": any(job.in_flight for job in composite.jobs),
        "failed": sum(job.error is not None for job in composite.jobs),
        "started": _iso(min(began)) if began else None,
        "ended": _iso(last) if last is not None and composite.ended else None,
        "bit_order": BIT_ORDER,
    }


def row_view(index: int, job: Job) -> dict[str, Any]:
    """Give what a child's row shows.

    Returns
    -------
    dict
        ``i`` (index), ``label``, ``qpu`` (name), ``state``, ``since`` (ISO time of the
        state), ``took_s`` or None, ``top`` (``[bitstring, count]`` of the most
        frequent, over the first register), ``total`` (shots) and ``error`` (text) or
        None.
    """
    output = next(iter(job.outputs), None)
    registers = registers_view(
        output.data if isinstance(output, JobResult) else None, top=TOP_OF_A_ROW
    )
    times = job.state_times
    return {
        "i": index,
        "label": job.label or "",
        "qpu": _qpu(job)["name"],
        "state": job.state.value,
        "since": _iso(times[job.state.value]) if job.state.value in times else None,
        "took_s": _took(times),
        "top": registers[0]["bars"] if registers else [],
        "total": registers[0]["total"] if registers else 0,
        "error": None if job.error is None else str(job.error.error_message),
    }


def _qpu(job: Job) -> dict[str, str]:
    name = job.qpu_id if job._client is None else job._client.qpu_name(job.qpu_id)
    return {"id": job.qpu_id, "name": name}


def _iso(time: datetime) -> str:
    """Give an ISO time; aware ones in UTC, naive ones (of published files) as they are."""
    if time.tzinfo is not None:
        time = time.astimezone(UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _end(times: dict[str, datetime]) -> datetime | None:
    ends = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
    return next((times[state.value] for state in ends if state.value in times), None)


def _took(times: dict[str, datetime]) -> float | None:
    """Give the seconds from the beginning of a run to its end, as seen here."""
    began, ended = times.get("CREATED"), _end(times)
    return None if began is None or ended is None else (ended - began).total_seconds()


def _durations(times: dict[str, datetime]) -> dict[str, float | None]:
    """Give how long a run was queued and ran, as far as it was seen from here."""
    submitted, running, ended = times.get("SUBMITTED"), times.get("RUNNING"), _end(times)
    left_queue = running or ended
    return {
        "queued_s": (left_queue - submitted).total_seconds() if submitted and left_queue else None,
        "ran_s": (ended - running).total_seconds() if running and ended else None,
    }


def _other_data(result: JobResult | None) -> str | None:
    if result is None or counts_of(result.data) is not None:
        return None
    text = json.dumps(result.data, ensure_ascii=False)
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"
