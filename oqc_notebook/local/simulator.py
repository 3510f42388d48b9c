"""A circuit to shots, on qiskit-aer. Runs in the simulator process only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.circuit import BoxOp, ControlFlowOp, Gate, Operation
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.exceptions import QiskitError
from qiskit_aer import AerSimulator

from oqc_notebook.local.programs import Program, ProgramError

_LIBRARY = {name: gate.base_class for name, gate in get_standard_gate_name_mapping().items()}
_NATIVE = frozenset(AerSimulator().configuration().basis_gates)
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
    program: Program, shots: int, seed: int, max_memory_mb: int, *, keep_order: bool
) -> Shots:
    """Run a program.

    Parameters
    ----------
    program
        What to run.
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
    circuit = prepare(program.circuit)
    backend = AerSimulator(max_memory_mb=max_memory_mb, seed_simulator=seed)
    try:
        result = backend.run(circuit, shots=shots, memory=keep_order).result()
    except QiskitError as error:
        raise ProgramError(f"the program cannot be simulated: {error.message}") from None
    if not result.success:
        _raise_failure(result.status, max_memory_mb)
    data = result.data(0)
    counts = {int(key, 16): count for key, count in data["counts"].items()}
    in_order = [int(key, 16) for key in data["memory"]] if keep_order else []
    return Shots(counts, in_order, circuit)


def prepare(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit in gates that Aer knows; the same object where it is that already."""
    return circuit if _is_native(circuit) else _inline(circuit)


def metrics(version: int, circuit: QuantumCircuit) -> dict[str, object]:
    """Return the metrics of a run: the circuit that was run, as OpenQASM, and its length."""
    try:
        text = qasm2.dumps(circuit) if version == 2 else qasm3.dumps(circuit, allow_aliasing=True)
    except QiskitError:  # not all that can be imported can be exported
        text = None
    return {
        "optimized_circuit": text,
        "optimized_instruction_count": sum(circuit.count_ops().values()),
    }


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


def _is_native(circuit: QuantumCircuit) -> bool:
    return all(
        _is_native_operation(instruction.operation)
        and not isinstance(instruction.operation, ControlFlowOp)
        for instruction in circuit.data
    )


def _is_native_operation(operation: Operation) -> bool:
    # By class too: a program may define a gate of its own that is called like a library gate.
    return not isinstance(operation, Gate) or (
        operation.name in _NATIVE and _LIBRARY.get(operation.name) is operation.base_class
    )


def _inline(circuit: QuantumCircuit) -> QuantumCircuit:
    """Replace the gates that Aer does not know by their definitions, to any depth."""
    plain = circuit.copy_empty_like()
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, BoxOp):
            body = operation.blocks[0]
        elif isinstance(operation, ControlFlowOp):
            blocks = [_inline(block) for block in operation.blocks]
            plain.append(operation.replace_blocks(blocks), instruction.qubits, instruction.clbits)
            continue
        elif _is_native_operation(operation):
            plain.append(instruction)
            continue
        else:
            body = operation.definition
            if body is None:
                raise ProgramError(f"gate '{operation.name}' is opaque: it has no definition")
        plain.compose(
            _inline(body), instruction.qubits, instruction.clbits, inplace=True, copy=False
        )
    return plain
