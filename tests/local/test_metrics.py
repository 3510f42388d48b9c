"""What is told of a run beside its results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

CONDITION = (
    'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg a[1]; creg b[1];'
    "h q[1]; measure q[1] -> a[0]; if (a == 1) x q[2]; measure q[2] -> b[0];"
)


def info(qpu: Any, program: str, **fields: Any) -> Any:
    return qpu.info(qpu.submit(program, **fields)[0])


@pytest.mark.parametrize("qpu_id", ["qpu:local:1:exact", "qpu:local:2:simulator"])
@pytest.mark.parametrize(
    ("program", "version"),
    [
        ('OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; x q; measure q -> c;', "2.0"),
        ("OPENQASM 3.0; qubit[2] q; bit[2] c; x q; c = measure q;", "3.0"),
        # Only version 3 can write conditions down as they are run.
        (CONDITION, "3.0"),
    ],
)
def test_the_optimised_circuit_gives_the_results_of_the_program(
    local_qpu: Any, program: str, version: str, qpu_id: str
) -> None:
    ran = info(local_qpu, program, qpu_id=qpu_id)
    circuit = ran["execution_metadata"]["optimized_circuit"]
    assert circuit.startswith(f"OPENQASM {version};")
    again = info(local_qpu, circuit)
    assert again["status"] == "COMPLETED", again["task_error"]
    assert set(again["results"]) == set(ran["results"])
    if qpu_id == local_qpu.exact:
        assert {name: set(counts) for name, counts in again["results"].items()} == {
            name: set(counts) for name, counts in ran["results"].items()
        }


def test_the_instruction_count_is_that_of_the_optimised_circuit(local_qpu: Any) -> None:
    program = (
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2];'
        "gate twice a { x a; x a; } twice q; h q[0]; measure q -> c;"
    )
    metrics = info(local_qpu, program)["execution_metadata"]
    assert metrics["optimized_instruction_count"] == 7
    assert metrics["optimized_circuit"].count("x q[") == 4


def test_times_follow_each_other(local_qpu: Any, bell: str) -> None:
    timings = info(local_qpu, bell)["timings"]
    order = [
        "SERVER_RECEIVED",
        "SERVER_ENQUEUED",
        "SERVER_DEQUEUED",
        "RECEIVER_STARTED",
        "RECEIVER_FINISHED",
        "SERVER_FINISHED",
    ]
    assert list(timings) == order
    moments = [datetime.fromisoformat(timings[name]) for name in order]
    assert moments == sorted(moments)


def test_a_failed_run_has_no_metrics(local_qpu: Any) -> None:
    ran = info(local_qpu, "OPENQASM 2.0; oops")
    assert (ran["results"], ran["execution_metadata"]) == (None, None)
    assert {"SERVER_RECEIVED", "SERVER_FINISHED"} <= set(ran["timings"])
