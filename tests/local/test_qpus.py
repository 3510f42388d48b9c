"""Each QPU, on every call that tells of one, in both versions of the API."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

QPUS = {
    "qpu:local:1:exact": ("Exact 32-qubit", 32),
    "qpu:local:2:simulator": ("8-qubit Simulator", 8),
    "qpu:local:3:large": ("Large 100-qubit", 100),
    "qpu:local:4:priced": ("Priced 16-qubit", 16),
}


def test_the_exact_qpu_is_listed_first(local_qpu: Any) -> None:
    items = local_qpu.get("/admin/qpu", per_page="1000")["items"]
    assert [(item["id"], item["name"]) for item in items] == [
        (qpu_id, name) for qpu_id, (name, _) in QPUS.items()
    ]
    assert [item["id"] for item in local_qpu.get("/qpus")] == list(QPUS)


@pytest.mark.parametrize("qpu_id", QPUS)
def test_every_call_tells_of_each_qpu(local_qpu: Any, qpu_id: str) -> None:
    name, qubits = QPUS[qpu_id]
    item = local_qpu.get(f"/admin/qpu/{qpu_id}")
    features = json.loads(item["feature_set"])
    assert (item["name"], features["qubit_count"]) == (name, qubits)
    assert local_qpu.get(f"/qpus/{qpu_id}/features") == {"qpu_id": qpu_id, "data": features}
    for path in (f"/qpus/{qpu_id}/benchmarks", f"/qpus/{qpu_id}/status"):
        assert local_qpu.get(path)["data"]["qpu_id"] == qpu_id
    (status,) = (each for each in local_qpu.get("/monitoring/statuses") if each["qpu_id"] == qpu_id)
    assert (status["name"], status["status"], status["active"]) == (name, "ACTIVE", True)
    calibration = local_qpu.get("/monitoring/calibrations", qpu_id=qpu_id)
    assert calibration["qpu_id"] == qpu_id
    assert datetime.fromisoformat(calibration["calibrated_at"]).tzinfo == UTC


@pytest.mark.parametrize("qpu_id", QPUS)
def test_each_qpu_runs_what_fits_and_refuses_the_next_qubit(local_qpu: Any, qpu_id: str) -> None:
    name, qubits = QPUS[qpu_id]
    chain = "".join(f"cx q[{i}],q[{i + 1}];" for i in range(qubits - 1))
    program = (
        f'OPENQASM 2.0; include "qelib1.inc"; qreg q[{qubits}]; creg c[{qubits}]; x q[0]; {chain}'
        "measure q -> c;"
    )
    (counts,) = local_qpu.run(program, qpu_id=qpu_id).values()
    assert max(counts, key=lambda bits: counts[bits]) == "1" * qubits
    error = local_qpu.fail(program.replace(f"q[{qubits}]", f"q[{qubits + 1}]"), qpu_id=qpu_id)
    assert error["error_message"] == f"the program needs {qubits + 1} qubits; {name} has {qubits}"


def test_one_qpu_has_a_price_in_text(local_qpu: Any) -> None:
    prices = {
        item["id"]: (item["price_per_shot"], item["price_per_task"])
        for item in local_qpu.get("/admin/qpu", per_page="1000")["items"]
    }
    per_shot, per_task = prices.pop("qpu:local:4:priced")
    assert Decimal(per_shot) > 0
    assert Decimal(per_task) > 0
    assert set(prices.values()) == {("0", "0")}


def test_the_large_qpu_says_that_it_is_truncated(local_qpu: Any) -> None:
    features = local_qpu.get("/qpus/qpu:local:3:large/features")["data"]
    assert re.search("truncated.* bond dimension is at most 64", features["Simulation"])


@pytest.mark.parametrize("qpu_id", QPUS)
def test_waits_follow_the_queue_of_each_qpu(
    start_qpu: Any, bell: str, endless: str, qpu_id: str
) -> None:
    qpu = start_qpu("--latency", "0", "--workers", "1")

    def wait() -> Any:
        return qpu.post("/monitoring/qpu_wait_time", {"targets": [qpu_id]})["qpu_wait_times"][0]

    def seconds(document: Any) -> float:
        until = datetime.fromisoformat(document["estimated_availability_time"])
        told: timedelta = until - datetime.fromisoformat(document["timestamp"])
        return told.total_seconds()

    assert wait()["average_processing_seconds"] == 0
    qpu.run(bell, qpu_id=qpu_id)
    idle = wait()
    assert idle["tasks_in_queue"] == 0
    average = idle["average_processing_seconds"]
    assert average > 0
    ids = qpu.submit(endless, *[bell] * 9, qpu_id=qpu_id)
    busy = wait()
    assert busy["tasks_in_queue"] == 10
    assert seconds(busy) - seconds(idle) == pytest.approx(10 * average, abs=1e-3)
    body = {"task_ids": ids, "qpu_id": qpu_id}
    times = qpu.post("/monitoring/task_wait_time", body)["task_wait_times"]
    assert [each["tasks_before"] for each in times] == list(range(10))
    qpu.post("/tasks/cancel_many", {"tasks": ids})
    assert wait()["tasks_in_queue"] == 0
