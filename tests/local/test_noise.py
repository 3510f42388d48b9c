"""The noise of the 8-qubit QPU is what its calibration document says, within five sigma."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from compiler_config.config import CompilerConfig, QuantumResultsFormat

SHOTS = 100_000
SIGMAS = 5
QUBITS = 8
HEADER = f"""OPENQASM 2.0;
include "qelib1.inc";
qreg q[{QUBITS}];
creg c[{QUBITS}];
"""


@pytest.fixture(scope="module")
def calibration(local_qpu: Any) -> Any:
    return local_qpu.get("/monitoring/calibrations", qpu_id=local_qpu.small)


def counts(qpu: Any, body: str, qpu_id: str | None = None) -> dict[str, int]:
    config = CompilerConfig(
        repeats=SHOTS, results_format=QuantumResultsFormat().binary_count()
    ).to_json()
    program = HEADER + body + "barrier q;\nmeasure q -> c;\n"
    found = qpu.run(program, qpu_id=qpu_id or qpu.small, config=config)["c"]
    assert isinstance(found, dict)
    return found


def share_of_ones(found: dict[str, int], qubit: int) -> float:
    return sum(count for bits, count in found.items() if bits[qubit] == "1") / SHOTS


def assert_near(measured: float, expected: float) -> None:
    sigma = math.sqrt(expected * (1 - expected) / SHOTS)
    assert abs(measured - expected) <= SIGMAS * sigma, (measured, expected)


def read_as_1(errors: dict[str, float], is_1: float) -> float:
    """Return how often 1 is read where a qubit is 1 with a probability."""
    return is_1 * (1 - errors["reads_0_at_1"]) + (1 - is_1) * errors["reads_1_at_0"]


def test_readout_errors(local_qpu: Any, calibration: Any) -> None:
    at_0, at_1 = counts(local_qpu, ""), counts(local_qpu, "x q;\n")
    for entry in calibration["qubits"]:
        qubit, errors, paulis = entry["qubit"], entry["readout_errors"], entry["pauli_errors"]
        assert_near(share_of_ones(at_0, qubit), errors["reads_1_at_0"])
        # The gate that makes the 1 has errors too; Z errors do not show.
        is_1 = 1 - paulis["X"] - paulis["Y"]
        assert_near(share_of_ones(at_1, qubit), read_as_1(errors, is_1))


def test_errors_of_gates_on_one_qubit(local_qpu: Any, calibration: Any) -> None:
    gates = 400
    found = counts(local_qpu, "x q;\nbarrier q;\n" * gates)
    for entry in calibration["qubits"]:
        flips = entry["pauli_errors"]["X"] + entry["pauli_errors"]["Y"]
        is_1 = (1 - (1 - 2 * flips) ** gates) / 2
        expected = read_as_1(entry["readout_errors"], is_1)
        assert_near(share_of_ones(found, entry["qubit"]), expected)


def test_errors_of_gates_on_two_qubits(local_qpu: Any, calibration: Any) -> None:
    gates = 30  # an even number of them does nothing but add errors
    readout = {entry["qubit"]: entry["readout_errors"] for entry in calibration["qubits"]}
    for coupling in calibration["couplings"]:
        one, other = coupling["qubits"]
        found = counts(local_qpu, f"ecr q[{one}], q[{other}];\nbarrier q;\n" * gates)
        # Evenly spread Pauli errors leave the two qubits alone, or forget all about them.
        kept = (1 - 16 / 15 * coupling["error"]) ** gates
        for qubit in (one, other):
            expected = read_as_1(readout[qubit], (1 - kept) / 2)
            assert_near(share_of_ones(found, qubit), expected)


def test_numbers_are_published_for_every_qubit_and_coupling(local_qpu: Any) -> None:
    wrapped = local_qpu.get(f"/qpus/{local_qpu.small}/benchmarks")
    document = local_qpu.get("/monitoring/calibrations", qpu_id=local_qpu.small)
    assert wrapped == {"qpu_id": local_qpu.small, "data": document}
    assert [entry["qubit"] for entry in document["qubits"]] == list(range(QUBITS))
    assert document["simulated"] is True
    features = local_qpu.get(f"/qpus/{local_qpu.small}/features")["data"]
    assert features["Native Gates"] == ["rz", "sx", "x", "ecr"]
    assert features["Couplings"] == [entry["qubits"] for entry in document["couplings"]]


def test_the_other_qpus_have_no_noise(local_qpu: Any) -> None:
    for qpu_id in ("qpu:local:1:exact", "qpu:local:3:large", "qpu:local:4:priced"):
        assert counts(local_qpu, "x q[0];\n", qpu_id) == {"10000000": SHOTS}
        document = local_qpu.get("/monitoring/calibrations", qpu_id=qpu_id)
        assert (document["gate_error"], document["readout_error"]) == (0.0, 0.0)


def test_a_program_is_compiled_to_native_gates_on_coupled_qubits(local_qpu: Any) -> None:
    program = HEADER + "h q[0];\ncx q[0], q[4];\nccx q[1], q[5], q[3];\nmeasure q -> c;\n"
    info = local_qpu.info(local_qpu.submit(program, qpu_id=local_qpu.small)[0])
    circuit = info["execution_metadata"]["optimized_circuit"]
    lines = [line.strip() for line in circuit.splitlines() if line.strip().endswith(";")]
    used = [line for line in lines if not line.startswith(("OPENQASM", "include", "qreg", "creg"))]
    names = {line.split("(")[0].split(" ")[0] for line in used}
    assert names == {"rz", "sx", "x", "ecr", "measure"} or names == {"rz", "sx", "ecr", "measure"}
    assert info["execution_metadata"]["optimized_instruction_count"] == len(used)
    couplings = {
        frozenset(pair)
        for pair in json.loads(local_qpu.get(f"/admin/qpu/{local_qpu.small}")["feature_set"])[
            "Couplings"
        ]
    }
    for line in used:
        if line.startswith("ecr"):
            numbers = [int(part.rstrip("],;")) for part in line.split("q[")[1:]]
            assert frozenset(numbers) in {frozenset(pair) for pair in couplings}
