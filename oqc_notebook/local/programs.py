"""OpenQASM text to a circuit, or to an error that names line and column.

Runs in the simulator process only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import ControlFlowOp, Measure

from oqc_notebook.local import qasm3
from oqc_notebook.local.results import Register

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_VERSION = re.compile(r"\s*OPENQASM\s+(\d+)(?:\.\d+)?\s*;")
_INCLUDE = re.compile(r"\binclude\s*([\"'])(.*?)\1", re.DOTALL)
_REGISTER = re.compile(r"\b(qreg|creg)\s+\w+\s*\[\s*(\d{1,18})")
_NAME = re.compile(r"\b(?:gate|qreg|creg)\s+(\w+)")
_QASM2_ERROR = re.compile(r"(?:[^:\n]*):(\d+),(\d+): (.*)", re.DOTALL)
_MAX_CLASSICAL_BITS = 100_000
_INCLUDES = {2: "qelib1.inc", 3: "stdgates.inc"}


class ProgramError(Exception):
    """A program that cannot be run.

    Parameters
    ----------
    text
        What is wrong.
    line, column
        Where, both counted from 1, if it is known.
    """

    def __init__(self, text: str, line: int | None = None, column: int | None = None) -> None:
        where = "" if line is None else f"{line}:{1 if column is None else column} "
        super().__init__(where + text)


@dataclass(frozen=True)
class Program:
    """A program that has been read.

    Attributes
    ----------
    version
        2 or 3, the major version of OpenQASM.
    circuit
        What it does.
    registers
        Its classical registers, in the order of their declaration.
    """

    version: int
    circuit: QuantumCircuit
    registers: list[Register]


def read_program(text: str, qpu_name: str, max_qubits: int) -> Program:
    """Read an OpenQASM 2 or 3 program.

    Parameters
    ----------
    text
        The program.
    qpu_name
        Name of the QPU that it is for, for error texts.
    max_qubits
        Number of qubits of that QPU.

    Raises
    ------
    ProgramError
        If it is no such program, needs more qubits or classical bits, or measures nothing.
    """
    # Comments become blanks of the same shape, so that positions stay right. What is checked here
    # is also what the parser gets.
    bare = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    version = _version(bare)
    _check_includes(bare, version)

    def check_sizes(qubits: int, bits: int) -> None:
        if qubits > max_qubits:
            raise ProgramError(f"the program needs {qubits} qubits; {qpu_name} has {max_qubits}")
        if bits > _MAX_CLASSICAL_BITS:
            raise ProgramError(
                f"the program needs {bits} classical bits; {qpu_name} has {_MAX_CLASSICAL_BITS}"
            )

    # First by what is declared: it takes seconds and gigabytes to build a huge register.
    if version == 2:
        check_sizes(*_declared(bare))
        circuit, registers = _read_qasm2(bare, set(_NAME.findall(bare)))
    else:
        try:
            source = qasm3.parse(bare)
            check_sizes(*source.declared())
            circuit, registers = source.convert()
        except qasm3.Qasm3Error as error:
            raise ProgramError(error.text, error.line, error.column) from None
    check_sizes(circuit.num_qubits, circuit.num_clbits)
    if circuit.parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
        raise ProgramError(f"the program has inputs without a value: {names}")
    if not _measures(circuit):
        raise ProgramError("the program measures nothing, so it has no results")
    return Program(version, circuit, registers)


def _version(bare: str) -> int:
    match = _VERSION.match(bare)
    version = match.group(1) if match else None
    if version == "2" or version == "3":
        return int(version)
    said = f"OpenQASM {version} is not known here" if version else "this is no OpenQASM program"
    raise ProgramError(
        f"{said}; programs are OpenQASM 2 or 3 and begin with their version, as in OPENQASM 2.0;"
    )


def _declared(bare: str) -> tuple[int, int]:
    sizes = {"qreg": 0, "creg": 0}
    for kind, size in _REGISTER.findall(bare):
        sizes[kind] += int(size)
    return sizes["qreg"], sizes["creg"]


def _check_includes(bare: str, version: int) -> None:
    for match in _INCLUDE.finditer(bare):
        if match.group(2) != _INCLUDES[version]:
            before = bare[: match.start()]
            raise ProgramError(
                f"only {_INCLUDES[version]} can be included in an OpenQASM {version} program",
                before.count("\n") + 1,
                len(before) - before.rfind("\n"),
            )


def _read_qasm2(text: str, own_names: set[str]) -> tuple[QuantumCircuit, list[Register]]:
    # These stand for gates that people expect of qelib1.inc although the paper's list lacks them.
    # What the program defines itself, a gate or a register, keeps its own meaning.
    known = [gate for gate in qasm2.LEGACY_CUSTOM_INSTRUCTIONS if gate.name not in own_names]
    try:
        # An empty include path: no file is ever opened.
        circuit = qasm2.loads(text, include_path=(), custom_instructions=known)
    except qasm2.QASM2ParseError as error:
        _raise_qasm2(error.message)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # the parser's own failures carry no text for users
        raise ProgramError("the program cannot be read as OpenQASM 2") from error
    position = {bit: index for index, bit in enumerate(circuit.clbits)}
    return circuit, [
        Register(register.name, [position[bit] for bit in register]) for register in circuit.cregs
    ]


def _raise_qasm2(message: str) -> NoReturn:
    match = _QASM2_ERROR.fullmatch(message)
    if match is None:
        raise ProgramError(message) from None
    line, column, text = match.groups()
    raise ProgramError(text, int(line), int(column) + 1) from None


def _measures(circuit: Any) -> bool:
    return any(
        isinstance(instruction.operation, Measure)
        or (
            isinstance(instruction.operation, ControlFlowOp)
            and any(_measures(block) for block in instruction.operation.blocks)
        )
        for instruction in circuit.data
    )
