"""Golden files: jobs of every kind, as this version saves them, for later versions to load.

``python -m tests.golden`` writes those of the present version to
``tests/data/ours/VERSION``: after a change of the format and before a release, never for a
version that is out. ``NAME.json`` is what ``save()`` writes, ``NAME.expected.json`` what
the job says of itself before.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from oqc_notebook import __version__
from oqc_notebook.sdk import CompositeJob, ExperimentalConfig, Job, OqcSdk
from oqc_notebook.sdk.errors import ServerError
from oqc_notebook.sdk.proxy import AttrPolicy
from tests.peers.scripts.configs import all_configs, counts
from tests.peers.scripts.describe import describe
from tests.support import BELL, BROKEN, ONE

FOLDER = Path(__file__).parent / "data" / "ours"

SDK = OqcSdk("https://example.com", default_qpu_id="qpu:uk:2:d865b5a184")

COUNTS = {"c": {"00": 507, "11": 493}}

#: Results of every shape: of the formats that the service has, and of any later ones.
RESULTS = {
    "counts": COUNTS,
    "several registers": {"a": {"0": 12, "1": 8}, "θ": {"1": 20}},
    "raw": {"c": [[1.0, -1.0], [-0.125, 0.5]]},
    "binary": {"c": [0, 1]},
    "squash": {"c": "00"},
    "list": [[0.1, 1e-300], [], ["x", None, True]],
    "text": "00",
    "number": 0.30000000000000004,
    "truth": False,
    "large": {"c": {"1": 2**70, "0": -(2**63)}},
    "not finite": {"c": [float("nan"), float("inf"), {"low": float("-inf")}]},
    "empty": {},
    "empty list": [],
}

DIAGNOSTICS = {
    "timings": {"SERVER_RECEIVED": "2026-03-02 09:15:00.250000+00:00", "SERVER_FINISHED": None},
    "execution_metadata": {"optimized_instruction_count": 42, "fidelity": float("nan")},
    "metadata": {"tag": "a tag", "nested": {"empty": {}, "list": [1, "θ", None, True]}},
}


class Ticking(datetime):
    """A clock that goes on by a quarter of a second whenever it is looked at."""

    _at = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        cls._at += timedelta(seconds=0.25)
        return cls._at


# ---- runs ----


def begun(job: Job, ids: Iterator[uuid.UUID]) -> Job:
    """Reserve an id for a run of a job."""
    job._begin_run({})
    job._reserved(next(ids))
    return job


def told(job: Job, ids: Iterator[uuid.UUID], *statuses: str, **answer: Any) -> Job:
    """Submit a job and let the server tell one status after the other; the last with `answer`."""
    begun(job, ids)._submitted()
    for status in statuses:
        assert job._run is not None
        job._take_over(job._run, {"status": status} | (answer if status == statuses[-1] else {}))
    return job


def ran(job: Job, ids: Iterator[uuid.UUID], results: Any = None, **answer: Any) -> Job:
    results = COUNTS if results is None else results
    return told(job, ids, "RUNNING", "COMPLETED", results=results, **answer)


def failed(job: Job, ids: Iterator[uuid.UUID]) -> Job:
    error = {"error_code": 400, "error_message": "5:1 'hadamard' is not defined"}
    return told(job, ids, "RUNNING", "FAILED", task_error=error)


def made(program: str = BELL, label: str | None = None, **options: Any) -> Job:
    return SDK.create_job(program=program, label=label, **options)


def jobs() -> dict[str, Job | CompositeJob]:
    """Make the jobs, by the names of their files; the same ones at every call."""
    Ticking._at = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    ids = (uuid.UUID(int=0x601D << 112 | number) for number in range(1, 1000))

    found: dict[str, Job | CompositeJob] = {
        "new": made(label="a label"),
        "completed": ran(made(config=counts(1000)), ids),
        "failed": failed(made(program=BROKEN), ids),
        "cancelled": told(made(), ids, "RUNNING", "CANCELLED"),
        "expired": told(made(), ids, "EXPIRED"),
        "submitted": told(made(), ids, "QUEUED"),
        "running": told(made(), ids, "RUNNING"),
        "unknown_status": told(made(), ids, "RUNNING", "PAUSED"),
        "reserved": begun(made(), ids),
        "completed_without_results": told(made(), ids, "COMPLETED"),
    }
    everything = made(ONE, "θ", fetch_diagnostics=True, config=counts(20))
    everything.tag, everything.hybrid_marker = "a tag", "a marker"
    everything._raise_on_error = True
    found["diagnostics"] = ran(everything, ids, **DIAGNOSTICS)

    refused = ran(made(), ids)
    refused._begin_run({})
    refused._refused(ServerError("no credit is left", 403))
    found["refused_after_a_good_run"] = refused

    purged = told(ran(made(), ids), ids, "RUNNING")
    assert purged._run is not None
    purged._look_refused(purged._run, ServerError("no such task", 404))
    found["purged_after_a_good_run"] = purged

    cancelling = told(made(), ids, "RUNNING")
    cancelling._cancel_asked()
    found["cancel_requested"] = cancelling

    results = made()
    for data in RESULTS.values():
        ran(results, ids, data)
    results.history.attr_policy = AttrPolicy.WARN_FIRST
    found["results"] = results

    changing = ran(made(config=counts(10)), ids)
    failed(changing.reconfigure(program=BROKEN, qpu_id="qpu:uk:3:other", config=None), ids)
    found["inputs_changed"] = ran(changing.reconfigure(program=ONE, config=counts(30)), ids)
    found["inputs_changed_after_the_run"] = ran(made(), ids).reconfigure(program=ONE)

    by_config = CompositeJob()
    for name, config in all_configs(ExperimentalConfig).items():
        by_config.add(ran(made(label=name, config=config), ids))
    by_config.jobs[0].config = ExperimentalConfig(noise=True, noise_model={"cx": [0.0078125, {}]})
    found["configs"] = by_config

    sweep = CompositeJob([ran(made(label="first"), ids), failed(made(BROKEN), ids)])
    sweep.add([told(made(), ids, "RUNNING"), made(label="last", qpu_id="qpu:uk:3:other")])
    sweep.outputs.attr_policy = AttrPolicy.FIRST
    found["composite"] = sweep
    found["empty_composite"] = CompositeJob()
    return found


# ---- what they say of themselves ----


def described(job: Job | CompositeJob) -> dict[str, Any]:
    """Say all of a job, as JSON: what the published SDK knows as well, and what it does not."""
    own: dict[str, Any] = {
        "state": job.state.value,
        "history_policy": job.history.attr_policy.name,
        "outputs_policy": job.outputs.attr_policy.name,
        "times": [_times(output.state_times) for output in job.history],
    }
    if isinstance(job, CompositeJob):
        own["own"] = [described(child)["own"] for child in job.jobs]
    else:
        own |= {
            "label": job.label,
            "status": job.status,
            "cancel_requested": job.cancel_requested,
            "state_times": _times(job.state_times),
        }
    # NaN is equal to nothing, its text is
    return json.loads(json.dumps(describe(job) | {"own": own}), parse_constant=str)


def _times(times: dict[str, datetime]) -> dict[str, str]:
    return {state: time.isoformat() for state, time in times.items()}


def write(folder: Path) -> None:
    """Write the files of this version."""
    with (
        patch("oqc_notebook.sdk.answers.datetime", Ticking),
        patch("oqc_notebook.sdk.outputs.datetime", Ticking),
    ):
        found = jobs()
    for name, job in found.items():
        text = json.dumps(described(job), indent=1, ensure_ascii=False)
        (folder / f"{name}.expected.json").write_text(text + "\n", encoding="utf-8")
        job.save(folder / f"{name}.json")


def main() -> None:
    folder = FOLDER / __version__
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    write(folder)
    print(f"{len(list(folder.iterdir()))} files in {folder}")


if __name__ == "__main__":
    main()
