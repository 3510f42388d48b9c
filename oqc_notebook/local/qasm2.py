"""OpenQASM 2 through qiskit's parser."""

from __future__ import annotations

import re
from typing import NoReturn

from qiskit import QuantumCircuit, qasm2
from qiskit.circuit.library import ECRGate

from oqc_notebook.local.results import Register
from oqc_notebook.local.source import ProgramError, place

_REGISTER = re.compile(r"\b(qreg|creg)\s+\w+\s*\[\s*(\d{1,18})")
_NAME = re.compile(r"\b(?:gate|qreg|creg)\s+(\w+)")
_OPAQUE = re.compile(r"\bopaque\s+(\w+)")
_ERROR = re.compile(r"(?:[^:\n]*):(\d+),(\d+): (.*)", re.DOTALL)

# Gates that people expect although the paper's list lacks them; OQC's compiler knows them, too.
_EXPECTED = (
    *qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
    qasm2.CustomInstruction("ecr", 0, 2, ECRGate, builtin=True),
)


def declared(text: str) -> tuple[int, int]:
    """Return the qubits and the classical bits that are declared."""
    sizes = {"qreg": 0, "creg": 0}
    for kind, size in _REGISTER.findall(text):
        sizes[kind] += int(size)
    return sizes["qreg"], sizes["creg"]


def read(text: str) -> tuple[QuantumCircuit, list[Register]]:
    """Return the circuit of an OpenQASM 2 program, and its classical registers.

    Parameters
    ----------
    text
        The program without comments.

    Raises
    ------
    ProgramError
        If it cannot be run.
    """
    # What the program defines itself, a gate or a register, keeps its own meaning.
    own_names = set(_NAME.findall(text)) | set(_OPAQUE.findall(text))
    known = [gate for gate in _EXPECTED if gate.name not in own_names]
    try:
        # An empty include path: no file is ever opened.
        circuit = qasm2.loads(text, include_path=(), custom_instructions=known)
    except qasm2.QASM2ParseError as error:
        _raise(error.message)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # the parser's own failures carry no text for users
        raise ProgramError("the program cannot be read as OpenQASM 2") from error
    _refuse_opaque_gates(text)
    position = {bit: index for index, bit in enumerate(circuit.clbits)}
    return circuit, [
        Register(register.name, [position[bit] for bit in register]) for register in circuit.cregs
    ]


def _refuse_opaque_gates(text: str) -> None:
    for opaque in _OPAQUE.finditer(text):
        name = opaque.group(1)
        used = re.compile(rf"\b{name}\b").search(text, opaque.end())
        if used:
            raise ProgramError(
                f"gate '{name}' is opaque: it has no definition", *place(text, used.start())
            )


def _raise(message: str) -> NoReturn:
    match = _ERROR.fullmatch(message)
    if match is None:
        raise ProgramError(message) from None
    line, column, text = match.groups()
    raise ProgramError(text, int(line), int(column) + 1) from None
