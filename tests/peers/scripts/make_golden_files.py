"""Make the golden files: jobs of every kind, saved by the published SDK, the same at every run.

Orders: ``folder``. Each ``NAME.json`` is what ``save()`` wrote, and ``NAME.expected.json`` what the
job said of itself before.
"""

import json
import uuid
import warnings
from datetime import datetime, timedelta
from pathlib import Path

import peer
from configs import all_configs, counts, every_setting
from describe import describe
from oqc_qcaas_sdk import CompositeJobSnapshot, ExperimentalConfig, JobSnapshot, OqcSdk
from oqc_qcaas_sdk.job_snapshot import JobErrorSnapshot, JobResultSnapshot
from programs import BELL, BROKEN, ONE, UNICODE

QPU = "qpu:uk:2:d865b5a184"
TIMINGS = {"SERVER_RECEIVED": "2026-03-02 09:15:00.250000", "SERVER_FINISHED": None}
METRICS = {"optimized_instruction_count": 42, "fidelity": 0.984375, "qubits": [3, 7]}
METADATA = {"tag": "a tag", "nested": {"empty": {}, "list": [1, "θ", None, True]}}


def main(orders):
    """Save the jobs."""
    folder = Path(orders["folder"])
    sdk = OqcSdk("https://example.com")
    for name, snapshot in snapshots().items():
        job = sdk.from_snapshot(snapshot)
        job.save(folder / f"{name}.json")
        described = json.dumps(describe(job), indent=1, ensure_ascii=False)
        (folder / f"{name}.expected.json").write_text(described + "\n", encoding="utf-8")


def snapshots():
    """Give the snapshots that the jobs are made of, by the names of their files."""
    configs = all_configs(ExperimentalConfig)
    bell = output(1, BELL, data={"c": {"00": 507, "11": 493}})
    failed = output(1, BROKEN, error_code=400, error_message="5:1 'hadamard' is not defined")
    refused = output(None, BELL, error_code=403, error_message="no credit is left")
    told = {"timings": TIMINGS, "metrics": METRICS, "metadata": METADATA}
    measured = output(1, UNICODE, data={"c": {"1": 1000}}, **told)
    runs = [
        output(1, BELL, data={"a": {"0": 12, "1": 8}, "b": {"1": 20}}),
        output(2, BELL, configs["format_raw"], data={"c": [[1.0, -1.0], [-0.125, 0.5]]}),
        output(3, BELL, configs["optimization_tket_two"], data={"c": {"00": 61, "11": 39}}),
        output(4, BELL, configs["erado_every_setting"], data={"c": {"00": 22, "11": 28}}),
        output(5, BROKEN, configs["erado_every_setting"], error_code=None, error_message=None),
        output(6, ONE, data={}),
    ]
    erado = configs["erado_every_setting"]
    jobs = {
        "fresh": job(BELL),
        "fresh_with_everything": job(
            BELL,
            configs["every_setting"],
            tag="a tag",
            hybrid_marker="a marker",
            raise_on_error=True,
            fetch_diagnostics=True,
        ),
        "completed": job(BELL, runs=[bell], state="COMPLETED"),
        "failed": job(BROKEN, runs=[failed], state="FAILED"),
        "refused": job(BELL, runs=[refused], state="FAILED"),
        "cancelled": job(BELL, configs["optimization_qasm2"], task=1, state="CANCELLED"),
        "submitted": job(BELL, counts(50), task=1, state="SUBMITTED"),
        "diagnostics": job(
            UNICODE, runs=[measured], state="COMPLETED", fetch_diagnostics=True, **told
        ),
        "erado": job(BELL, erado, task=1, state="RUNNING"),
        "experimental": job(BELL, experimental_config()),
        "several_runs": job(ONE, runs=runs, state="COMPLETED"),
    }
    children = [jobs[name] for name in ("completed", "failed", "submitted", "fresh")]
    return {**jobs, "composite": CompositeJobSnapshot(jobs=children)}


def experimental_config():
    """Make one with every setting; a noise model needs no more than its JSON form to be saved."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = ExperimentalConfig(noise=True, bond_dimension=16, **every_setting())
    config.noise_model = {"depolarizing": {"cx": 0.0078125}, "qubits": [0, 1]}
    return config


def job(program, config=None, *, runs=(), task=None, **fields):
    """Make a job whose latest run is the last of `runs`, or the task of number `task`."""
    last = runs[-1] if runs else None
    good = isinstance(last, JobResultSnapshot)
    return JobSnapshot(
        program=program,
        qpu_id=QPU,
        **config_fields(config),
        task_id=last.task_id if runs else task_id(task),
        result=last if good else None,
        error=None if good else last,
        history=list(runs),
        **fields,
    )


def output(task, program, config=None, **fields):
    """Make the output of the task of number `task`."""
    kind = JobResultSnapshot if "data" in fields else JobErrorSnapshot
    return kind(
        qpu_id=QPU,
        task_id=task_id(task),
        program=program,
        received=datetime(2026, 3, 2, 9, 15, 0, 250_000) + timedelta(minutes=task or 0),
        **config_fields(config),
        **fields,
    )


def config_fields(config):
    """Give the fields in which a snapshot holds a configuration."""
    if config is None:
        return {}
    return {"config_json": config.to_json(), "config_type": type(config).__name__}


def task_id(number):
    """Make up the id of a task."""
    return None if number is None else uuid.UUID(int=0x5E55_10A5 << 96 | number)


peer.answer(main(peer.orders()))
