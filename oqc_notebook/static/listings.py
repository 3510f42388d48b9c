"""The jobs of a session and the QPUs of a service, as facts, HTML and text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.prices import Price
from oqc_notebook.static.html import listing_html
from oqc_notebook.static.tally import STATE_ORDER, end_of, qpu_name
from oqc_notebook.static.text import ROWS_SHOWN, duration, first_line, listing_text, time_of
from oqc_notebook.static.view import row_view

#: Longest piece of an error in a row (characters).
_LONGEST_ERROR = 120

_IN_FLIGHT = frozenset({"SUBMITTED", "RUNNING", "UNKNOWN"})

#: What went wrong is said first, since a narrow page cuts the end off.
_WORST_FIRST = ("FAILED", *(state for state in STATE_ORDER if state != "FAILED"))

_JOB_HEADS = ("name", "kind", "QPU", "state", "took", "runs", "outcome")
_QPU_HEADS = ("name", "id", "qubits", "status", "queue", "next window", "price", "default")


# ---- jobs ----


def listed_job(found: Job | CompositeJob, name: str | None) -> dict[str, Any]:
    """Give what the row of a job or composite shows in the list of a session's jobs.

    Returns
    -------
    dict
        ``name``, ``kind`` ("job", or how many jobs a composite has), ``qpu`` (name),
        ``state``, ``since`` (ISO time of the state, or of a composite's beginning, until
        it has ended), ``took_s`` or None, ``runs`` (that have ended), ``outcome`` (text)
        and ``failed`` (whether the outcome is an error).
    """
    if isinstance(found, CompositeJob):
        return _listed_composite(found, name)
    row = row_view(0, found)
    outcome = ", ".join(f"{bits}: {count}" for bits, count in row["top"])
    if row["total"] > sum(count for _, count in row["top"]):
        outcome += ", …"
    error = row["error"]
    if error is not None:
        error = first_line(error)
        outcome = error if len(error) <= _LONGEST_ERROR else error[:_LONGEST_ERROR] + "…"
    return {
        "name": name or row["label"],
        "kind": "job",
        "qpu": row["qpu"],
        "state": row["state"],
        "since": row["since"],
        "took_s": row["took_s"],
        "runs": len(found.history),
        "outcome": outcome,
        "failed": error is not None,
    }


def _listed_composite(found: CompositeJob, name: str | None) -> dict[str, Any]:
    jobs = list(found.jobs)
    states = Counter(job.state.value for job in jobs)
    qpus = list({job.qpu_id: qpu_name(job) for job in jobs}.values())
    times = [job._run.state_times for job in jobs if job._run is not None]
    began = min((each["CREATED"] for each in times if "CREATED" in each), default=None)
    ended = None
    if found.ended:
        ended = max((end for each in times if (end := end_of(each)) is not None), default=None)
    return {
        "name": name or "",
        "kind": f"{len(jobs)} jobs",
        "qpu": qpus[0] if len(qpus) == 1 else f"{len(qpus)} QPUs",
        "state": found.state.value,
        "since": None if began is None or found.ended else _iso(began),
        "took_s": None if began is None or ended is None else (ended - began).total_seconds(),
        "runs": max((len(job.history) for job in jobs), default=0),
        "outcome": ", ".join(f"{states[s]} {s}" for s in _WORST_FIRST if s in states),
        "failed": "FAILED" in states,
    }


def jobs_html(sdk: OqcSdk, rows: Sequence[dict[str, Any]]) -> str:
    """Give the jobs of a session as HTML, the newest first; at most 200.

    Parameters
    ----------
    sdk
        The session.
    rows
        What :func:`listed_job` gives for each job, the oldest first.
    """
    return listing_html(*_jobs_listing(sdk, rows))


def jobs_text(sdk: OqcSdk, rows: Sequence[dict[str, Any]]) -> str:
    """Give the jobs of a session as text, the newest first; see :func:`jobs_html`."""
    return listing_text(*_jobs_listing(sdk, rows))


def _jobs_listing(
    sdk: OqcSdk, rows: Sequence[dict[str, Any]]
) -> tuple[str, Sequence[str], list[list[str]], int]:
    shown = list(reversed(rows))[:ROWS_SHOWN]
    jobs = "1 job" if len(rows) == 1 else f"{len(rows)} jobs"
    headline = f"{jobs} of the session with {sdk.url}, as of {_jobs_as_of(sdk, rows)}"
    body = [
        [
            row["name"] or "-",
            row["kind"],
            row["qpu"],
            row["state"],
            duration(row["took_s"]),
            str(row["runs"]),
            row["outcome"],
        ]
        for row in shown
    ]
    return headline, _JOB_HEADS, body, len(rows) - len(shown)


def _jobs_as_of(sdk: OqcSdk, rows: Sequence[dict[str, Any]]) -> str:
    """Give the time that the list stands for: now, unless what is in flight is not followed."""
    lost = sdk.connection_lost
    if (sdk.is_open and lost is None) or all(row["state"] not in _IN_FLIGHT for row in rows):
        return _now()
    if lost is not None:
        return (
            f"{time_of(_iso(lost))}, not followed since then: the connection to the server is lost"
        )
    return f"{_now()}, but those in flight as they were last heard of: the session is closed"


# ---- QPUs ----


def listed_qpu(
    item: dict[str, Any],
    *,
    is_default: bool,
    wait: dict[str, Any] | None,
    window: str | None,
) -> dict[str, Any]:
    """Give what the row of a QPU shows.

    Parameters
    ----------
    item
        The entry of the QPU in the service's list.
    is_default
        Whether jobs that name no QPU go there.
    wait
        The service's estimate of the wait, where it gives one.
    window
        The ISO time at which it runs jobs next, where that is to come and the service tells.

    Returns
    -------
    dict
        ``id``, ``name``, ``status``, ``qubits`` or None, ``queue`` (tasks) or None,
        ``wait_s`` or None, ``window`` or None, ``price``
        (words) or None, ``is_default``, ``simulated``.
    """
    features = _features(item)
    price = Price.of(item)
    qubits = features.get("qubit_count")
    return {
        "id": str(item["id"]),
        "name": str(item.get("name") or item["id"]),
        "status": str(item.get("status") or ""),
        "qubits": qubits if isinstance(qubits, int) else None,
        "queue": None if wait is None else wait["queue"],
        "wait_s": None if wait is None else wait["wait_s"],
        "window": window,
        "price": None if price is None else str(price),
        "is_default": is_default,
        "simulated": bool(features.get("simulator")),
    }


def _features(item: dict[str, Any]) -> dict[str, Any]:
    """Give what a QPU can do; servers send an object, or its JSON text."""
    features = item.get("feature_set")
    try:
        features = json.loads(features) if isinstance(features, str) else features
    except ValueError:
        features = None
    return features if isinstance(features, dict) else {}


def qpus_html(view: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """Give the QPUs of a service as HTML."""
    return listing_html(*_qpus_listing(view, rows))


def qpus_text(view: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """Give the QPUs of a service as text."""
    return listing_text(*_qpus_listing(view, rows))


def _qpus_listing(
    view: dict[str, Any], rows: Sequence[dict[str, Any]]
) -> tuple[str, Sequence[str], list[list[str]]]:
    body = [
        [
            row["name"] + (" (SIMULATED)" if row["simulated"] else ""),
            row["id"],
            "" if row["qubits"] is None else str(row["qubits"]),
            row["status"],
            "" if row["queue"] is None else str(row["queue"]),
            time_of(row["window"]),
            row["price"] or "",
            "✓" if row["is_default"] else "",
        ]
        for row in rows
    ]
    # what no QPU tells is left out
    kept = [place for place, _ in enumerate(_QPU_HEADS) if any(cells[place] for cells in body)]
    heads = [_QPU_HEADS[place] for place in kept]
    headline = f"QPUs at {view['url']}, as of {time_of(view['as_of'])}"
    return headline, heads, [[cells[place] for place in kept] for cells in body]


def _now() -> str:
    return time_of(datetime.now(UTC).isoformat())


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
