"""A circuit to shots, on qiskit-aer. Runs in the simulator process only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.circuit import ControlFlowOp
from qiskit.exceptions import QiskitError
from qiskit_aer import AerSimulator

from oqc_notebook.local.compiling import (
    compiled,
    count_inlined,
    inlined,
    measures_last,
    refuse_infinite_angles,
    without_idle_resets,
)
from oqc_notebook.local.noise import noise_model
from oqc_notebook.local.programs import Program, refuse_what_measures_nothing
from oqc_notebook.local.qpus import Qpu
from oqc_notebook.local.source import ProgramError

_BYTES_OF_AN_AMPLITUDE = 16
_BYTES_OF_A_BRANCH = 16 * 1024  # measured
_BYTES_OF_A_GATE = 400  # measured
_TRUNCATION_THRESHOLD = 1e-8
#: Aer leaves out what changes no result, and with it at times what is still needed: the end of a
#: condition that comes before every measurement, or a qubit that only a condition acts on.
_LOST = re.compile(r"Invalid jump destination|unordered_map::at")
_REQUIRED = re.compile(r"Required memory: (\d+)M")


class MemoryLimitError(Exception):
    """A simulation that needs more memory than it may have; its text says how much."""


@dataclass(frozen=True)
class Shots:
    """What a simulation gave.

    Attributes
    ----------
    counts
        How often each shot was seen; a shot holds classical bit ``i`` of the circuit in bit ``i``.
    in_order
        The shots one by one, if they were asked for.
    circuit
        The circuit as it was run.
    """

    counts: Mapping[int, int]
    in_order: list[int]
    circuit: QuantumCircuit


def simulate(
    program: Program,
    qpu: Qpu,
    shots: int,
    seed: int,
    max_memory_mb: int,
    *,
    keep_order: bool,
) -> Shots:
    """Run a program.

    Parameters
    ----------
    program
        What to run.
    qpu
        Which QPU to be.
    shots
        How often.
    seed
        The same seed gives the same shots.
    max_memory_mb
        Memory limit in MiB.
    keep_order
        Whether the shots are wanted one by one too.

    Raises
    ------
    ProgramError
        If the program holds something that cannot be simulated.
    MemoryLimitError
        If the memory limit does not do.
    """
    backend = AerSimulator(method=qpu.method, max_memory_mb=max_memory_mb)
    native = _native_to(backend)
    gates = count_inlined(program.circuit, native)
    if gates * _BYTES_OF_A_GATE > max_memory_mb * 2**20:
        raise MemoryLimitError(
            f"the program means {gates} gates, which need more memory than the limit of "
            f"{max_memory_mb} MB"
        )
    circuit = inlined(program.circuit, native)
    refuse_what_measures_nothing(circuit)  # where its conditions never hold
    refuse_infinite_angles(circuit)
    if qpu.max_bond_dimension:
        backend.set_options(
            matrix_product_state_max_bond_dimension=qpu.max_bond_dimension,
            matrix_product_state_truncation_threshold=_TRUNCATION_THRESHOLD,
        )
    if qpu.calibration:
        document = qpu.calibration_document(0)
        circuit = compiled(circuit, document)
        backend.set_options(noise_model=noise_model(document))
    else:
        circuit = without_idle_resets(circuit)
    at_once = shots
    if qpu.method == "automatic" and not qpu.calibration and not measures_last(circuit):
        # Shots then share what they have in common.
        most = _branches_that_fit(circuit, max_memory_mb)
        backend.set_options(shot_branching_enable=most > 1, shot_branching_sampling_enable=most > 1)
        at_once = min(shots, most) if most > 1 else shots
    counts: Counter[int] = Counter()
    in_order: list[int] = []
    for first in range(0, shots, at_once):
        backend.set_options(seed_simulator=seed + first)
        data = _run(backend, circuit, min(at_once, shots - first), keep_order)
        for key, count in data["counts"].items():
            counts[int(key, 16)] += count
        if keep_order:
            in_order += [int(key, 16) for key in data["memory"]]
    return Shots(counts, in_order, circuit)


def metrics(language: str, circuit: QuantumCircuit) -> dict[str, object]:
    """Return the metrics of a run: the circuit that was run, as OpenQASM, and its length."""
    # qiskit's writer of version 2 mixes the qubits up where there are conditions.
    conditions = any(isinstance(each.operation, ControlFlowOp) for each in circuit.data)
    in_version_3 = language == "OpenQASM 3" or conditions
    try:
        text = qasm3.dumps(circuit, allow_aliasing=True) if in_version_3 else qasm2.dumps(circuit)
    except QiskitError:  # not all that can be run can be written
        text = None
    return {
        "optimized_circuit": text,
        "optimized_instruction_count": sum(circuit.count_ops().values()),
    }


def _native_to(backend: AerSimulator) -> frozenset[str]:
    return frozenset(backend.configuration().basis_gates)


def _branches_that_fit(circuit: QuantumCircuit, max_memory_mb: int) -> int:
    """Return for how many shots there is room; Aer ends the process where there is none."""
    qubits: int = circuit.num_qubits
    one = _BYTES_OF_A_BRANCH + (_BYTES_OF_AN_AMPLITUDE << qubits)
    return max_memory_mb * 2**20 // 2 // one


def _run(
    backend: AerSimulator, circuit: QuantumCircuit, shots: int, keep_order: bool
) -> dict[str, Any]:
    try:
        result = backend.run(circuit, shots=shots, memory=keep_order).result()
        if _LOST.search(result.status):
            backend.set_options(enable_truncation=False)
            result = backend.run(circuit, shots=shots, memory=keep_order).result()
    except QiskitError as error:
        raise ProgramError(f"the program cannot be simulated: {error.message}") from None
    if not result.success:
        _raise_failure(result.status, backend.options.max_memory_mb)
    data: dict[str, Any] = result.data(0)
    if "counts" not in data:  # where the limit has room for no shot at all, Aer runs none
        raise MemoryError
    return data


def _raise_failure(status: str, max_memory_mb: int) -> None:
    required = _REQUIRED.search(status)
    if required:
        raise MemoryLimitError(
            f"the simulation needs {required.group(1)} MB of memory; "
            f"the limit is {max_memory_mb} MB"
        )
    if "bad_alloc" in status:
        raise MemoryError
    text = re.sub(r"^(?:ERROR:\s*)?(?:\[Experiment \d+\]\s*)?", "", status)
    raise ProgramError(f"the program cannot be simulated: {text}")
