"""A program to a circuit, or to an error that names line and column.

Runs in the simulator process only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp, Measure

from oqc_notebook.local import cloud, qasm2, qasm3, qir
from oqc_notebook.local.results import Register
from oqc_notebook.local.source import ProgramError, place, without_comments

_VERSION = re.compile(r"\s*OPENQASM\s+(\d+)(?:\.\d+)?\s*;")
_INCLUDE = re.compile(r"\binclude\s*([\"'])(.*?)\1", re.DOTALL)
_INCLUDES = {2: ("qelib1.inc",), 3: ("stdgates.inc", "qelib1.inc")}
_MAX_CLASSICAL_BITS = 100_000


@dataclass(frozen=True)
class Program:
    """A program that has been read.

    Attributes
    ----------
    language
        ``"OpenQASM 2"``, ``"OpenQASM 3"`` or ``"QIR"``.
    circuit
        What it does.
    registers
        Its classical registers, in the order of their declaration.
    """

    language: str
    circuit: QuantumCircuit
    registers: list[Register]


@dataclass(frozen=True)
class _Limits:
    """How large a program for a QPU can be."""

    qpu_name: str
    max_qubits: int

    def check(self, qubits: int, bits: int) -> None:
        if qubits > self.max_qubits:
            raise ProgramError(
                f"the program needs {qubits} qubits; {self.qpu_name} has {self.max_qubits}"
            )
        if bits > _MAX_CLASSICAL_BITS:
            raise ProgramError(
                f"the program needs {bits} classical bits; "
                f"{self.qpu_name} has {_MAX_CLASSICAL_BITS}"
            )


def read_program(text: str, qpu_name: str, max_qubits: int, *, as_in_the_cloud: bool) -> Program:
    """Read a program in OpenQASM 2 or 3, or in QIR.

    Parameters
    ----------
    text
        The program.
    qpu_name
        Name of the QPU that it is for, for error texts.
    max_qubits
        Number of qubits of that QPU.
    as_in_the_cloud
        Whether to refuse what OQC's compiler refuses.

    Raises
    ------
    ProgramError
        If it is no such program, needs more qubits or classical bits, or measures nothing.
    """
    limits = _Limits(qpu_name, max_qubits)
    if qir.is_qir(text):
        circuit, registers = qir.read(text, limits.check, as_in_the_cloud=as_in_the_cloud)
        language = "QIR"
    else:
        # What is checked here is also what the parser gets.
        bare = without_comments(text.replace("\ufeff", " "))
        version = _version(bare)
        _check_includes(bare, version)
        read = _read_qasm2 if version == 2 else _read_qasm3
        circuit, registers = read(bare, limits, as_in_the_cloud)
        language = f"OpenQASM {version}"
    limits.check(circuit.num_qubits, circuit.num_clbits)
    refuse_what_measures_nothing(circuit)
    if as_in_the_cloud:
        cloud.check_circuit(circuit)
    return Program(language, circuit, registers)


# In both, what is declared comes first: it takes seconds and gigabytes to build a huge register.


def _read_qasm2(
    bare: str, limits: _Limits, as_in_the_cloud: bool
) -> tuple[QuantumCircuit, list[Register]]:
    limits.check(*qasm2.declared(bare))
    if as_in_the_cloud:
        cloud.check_qasm2(bare)
    return qasm2.read(bare)


def _read_qasm3(
    bare: str, limits: _Limits, as_in_the_cloud: bool
) -> tuple[QuantumCircuit, list[Register]]:
    source = qasm3.parse(bare)
    limits.check(*source.declared())
    if as_in_the_cloud:
        cloud.check_qasm3(source.tree, bare)
    return source.convert()


def _version(bare: str) -> int:
    match = _VERSION.match(bare)
    version = match.group(1) if match else None
    if version == "2" or version == "3":
        return int(version)
    said = f"OpenQASM {version} is not known here" if version else "this is no OpenQASM program"
    raise ProgramError(
        f"{said}; programs are OpenQASM 2 or 3 and begin with their version, as in OPENQASM 2.0;"
    )


def _check_includes(bare: str, version: int) -> None:
    for match in _INCLUDE.finditer(bare):
        if match.group(2) not in _INCLUDES[version]:
            raise ProgramError(
                f"only {' and '.join(_INCLUDES[version])} can be included "
                f"in an OpenQASM {version} program",
                *place(bare, match.start()),
            )


def refuse_what_measures_nothing(circuit: QuantumCircuit) -> None:
    """Raise a ProgramError where a circuit has no measurement."""
    if not _measures(circuit):
        raise ProgramError("the program measures nothing, so it has no results")


def _measures(circuit: Any) -> bool:
    return any(
        isinstance(instruction.operation, Measure)
        or (
            isinstance(instruction.operation, ControlFlowOp)
            and any(_measures(block) for block in instruction.operation.blocks)
        )
        for instruction in circuit.data
    )
