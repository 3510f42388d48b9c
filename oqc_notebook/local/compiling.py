"""A program's circuit in the gates of a QPU. Runs in the simulator process only."""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import (
    Barrier,
    BoxOp,
    ClassicalRegister,
    ControlFlowOp,
    Gate,
    Measure,
    Operation,
    Reset,
)
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.exceptions import QiskitError
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import RemoveResetInZeroState

from oqc_notebook.local.source import ProgramError

_LIBRARY = {name: gate.base_class for name, gate in get_standard_gate_name_mapping().items()}
_CONTROL_FLOW = ["if_else", "for_loop", "while_loop", "switch_case"]


def compiled(circuit: QuantumCircuit, calibration: dict[str, Any]) -> QuantumCircuit:
    """Return a circuit in the native gates of a QPU, on the qubits that are coupled.

    Parameters
    ----------
    circuit
        A circuit without gates of its own.
    calibration
        The document that names gates and couplings.

    Raises
    ------
    ProgramError
        If the circuit holds something that the compiler does not know.
    """
    pairs = [pair for coupling in calibration["couplings"] for pair in _both(coupling["qubits"])]
    try:
        result: QuantumCircuit = transpile(
            circuit,
            basis_gates=["rz", *calibration["pulses"], calibration["entangler"], *_CONTROL_FLOW],
            coupling_map=pairs,
            optimization_level=1,
            seed_transpiler=0,  # the same program is always laid out alike
        )
    except QiskitError as error:
        raise ProgramError(f"the program cannot be compiled: {error.message}") from None
    return result


def inlined(circuit: QuantumCircuit, native: Container[str]) -> QuantumCircuit:
    """Return a circuit whose gates are all native; the same object where they are that already.

    Raises
    ------
    ProgramError
        If a gate has no definition.
    """
    if all(
        _is_native(instruction.operation, native)
        and not isinstance(instruction.operation, ControlFlowOp)
        for instruction in circuit.data
    ):
        return circuit
    plain = circuit.copy_empty_like()
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, BoxOp):
            body = operation.blocks[0]
        elif _never_holds(operation):
            if len(operation.blocks) == 1:
                continue
            body = operation.blocks[1]  # of the 'else'
        elif isinstance(operation, ControlFlowOp):
            blocks = [inlined(block, native) for block in operation.blocks]
            plain.append(operation.replace_blocks(blocks), instruction.qubits, instruction.clbits)
            continue
        elif _is_native(operation, native):
            plain.append(instruction)
            continue
        else:
            body = operation.definition
            if body is None:
                raise ProgramError(f"gate '{operation.name}' has no definition")
        plain.compose(
            inlined(body, native), instruction.qubits, instruction.clbits, inplace=True, copy=False
        )
    return plain


def count_inlined(
    circuit: QuantumCircuit, native: Container[str], known: dict[tuple[str, str], int] | None = None
) -> int:
    """Return how many gates :func:`inlined` would give, without making them.

    Parameters
    ----------
    circuit, native
        As there.
    known
        The numbers of gates that were counted before.
    """
    known = {} if known is None else known
    total = 0
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, ControlFlowOp):
            total += sum(count_inlined(block, native, known) for block in operation.blocks)
        elif _is_native(operation, native):
            total += 1
        else:
            key = (operation.name, str(operation.params))  # some are arrays
            if key not in known:
                body = operation.definition
                known[key] = 1 if body is None else count_inlined(body, native, known)
            total += known[key]
    return total


def refuse_infinite_angles(circuit: QuantumCircuit) -> None:
    """Raise a ProgramError where an angle is infinite or no number."""
    for instruction in circuit.data:
        for value in instruction.operation.params:
            if isinstance(value, QuantumCircuit):  # a block of a condition or a loop
                refuse_infinite_angles(value)
            elif isinstance(value, float) and not math.isfinite(value):
                name = instruction.operation.name
                raise ProgramError(f"an angle of a gate '{name}' is infinite or no number")


def without_idle_resets(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit without resets of qubits that nothing has happened to."""
    result: QuantumCircuit = PassManager([RemoveResetInZeroState()]).run(circuit)
    return result


def measures_last(circuit: QuantumCircuit) -> bool:
    """Return whether nothing follows a measurement, and nothing else is left to chance."""
    measured: set[Any] = set()
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, Measure):
            measured.update(instruction.qubits)
        elif isinstance(operation, ControlFlowOp | Reset) or (
            not isinstance(operation, Barrier) and not measured.isdisjoint(instruction.qubits)
        ):
            return False
    return True


def _is_native(operation: Operation, native: Container[str]) -> bool:
    # By class too: a program may define a gate of its own that is called like a library gate.
    return not isinstance(operation, Gate) or (
        operation.name in native and _LIBRARY.get(operation.name) is operation.base_class
    )


def _never_holds(operation: Operation) -> bool:
    # Aer and qiskit keep only as many bits of a number as the register has.
    condition = getattr(operation, "condition", None)
    return (
        isinstance(condition, tuple)
        and isinstance(condition[0], ClassicalRegister)
        and condition[1] >> len(condition[0]) != 0
    )


def _both(pair: list[int]) -> list[list[int]]:
    return [pair, pair[::-1]]
