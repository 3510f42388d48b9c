"""OpenQASM 3 through qiskit's importer, with what it leaves out: positions and names."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openqasm3
from openqasm3 import ast
from openqasm3.parser import QASM3ParsingError
from qiskit import QuantumCircuit
from qiskit.circuit import Clbit
from qiskit.exceptions import QiskitError
from qiskit_qasm3_import import ConversionError

from oqc_notebook.local import qasm3_unrolling
from oqc_notebook.local.qasm3_gates import Converter, plain_names, rename_own_gates
from oqc_notebook.local.results import Register
from oqc_notebook.local.source import ProgramError, error_at

_AT = re.compile(r"(?:L(\d+):C(\d+)|(\d+),(\d+)): (.*)", re.DOTALL)
_KIND = re.compile(r"node of type (\w+) is not supported\.?")
_KIND_TOLD = re.compile(r"statements of the kind (\w+) cannot be run here")
_MOST_EXPECTED = 4


@dataclass(frozen=True)
class Qasm3Source:
    """A parsed OpenQASM 3 program."""

    tree: ast.Program

    def declared(self) -> tuple[int, int]:
        """Return the qubits and classical bits of declarations whose size is a plain number."""
        qubits = sum(
            _size(statement.size)
            for statement in self.tree.statements
            if isinstance(statement, ast.QubitDeclaration)
        )
        bits = sum(_size(kind.size) for _, kind in _declarations_of_bits(self.tree))
        return qubits, bits

    def convert(self) -> tuple[QuantumCircuit, list[Register]]:
        """Return the circuit and its classical registers.

        Raises
        ------
        ProgramError
            If the program means nothing that can be run.
        """
        _refuse_inputs(self.tree)
        rename_own_gates(self.tree)
        if not qasm3_unrolling.is_needed(self.tree):
            return _convert(self.tree)
        unrolled = qasm3_unrolling.unroll(self.tree)
        try:
            return _convert(unrolled)
        except ProgramError as error:  # its place is not one of the program that was sent
            told = _KIND_TOLD.match(error.text)
            kind = told.group(1) if told else None
            same = (node.span for node in _nodes(self.tree) if type(node).__name__ == kind)
            raise error_at(next(same, None), error.text) from None


def parse(text: str) -> Qasm3Source:
    """Parse an OpenQASM 3 program.

    Raises
    ------
    ProgramError
        If it breaks the grammar.
    """
    try:
        # The parser prints what it also raises.
        with contextlib.redirect_stderr(io.StringIO()):
            return Qasm3Source(openqasm3.parse(text))
    except QASM3ParsingError as error:
        cause = error.__cause__
        found: Any = cause.args[0] if cause is not None and cause.args else None
        token = getattr(found, "offendingToken", None)
        if str(error) or token is None:
            raise _located(str(error) or "a syntax error", None) from None
        # The parser's message is empty; what it knows is in the token that it stopped at.
        raise ProgramError(_unexpected(found), token.line, token.column + 1) from None
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # the parser's own failures carry no text for users
        raise ProgramError("the program cannot be read as OpenQASM 3") from error


def _convert(tree: ast.Program) -> tuple[QuantumCircuit, list[Register]]:
    converter = Converter()
    try:
        state = converter.convert(tree)
        circuit = state.circuit
        position = {bit: index for index, bit in enumerate(circuit.clbits)}
        registers = []
        for statement, _ in _declarations_of_bits(tree):
            # The importer changes names such as "Out", and keeps none for a scalar bit.
            name = statement.identifier.name
            data = state.symbol_table.get(name, statement).data
            bits = [data] if isinstance(data, Clbit) else list(data)
            registers.append(Register(name, [position[bit] for bit in bits]))
    except ConversionError as error:
        raise _located(error.message, converter.where) from None
    except QiskitError as error:
        raise _located(error.message.strip("'\""), converter.where) from None
    except (MemoryError, RecursionError):
        raise
    except IndexError:
        raise _located("an index is out of range", converter.where) from None
    except ZeroDivisionError:
        raise _located("a division by zero", converter.where) from None
    except Exception as error:  # the importer's own failures carry no text for users
        text = "this statement cannot be read"
        if isinstance(error, TypeError):
            text += "; are the number and kind of its arguments right?"
        raise _located(text, converter.where) from error
    return circuit, registers


def _declarations_of_bits(
    tree: ast.Program,
) -> Iterator[tuple[ast.ClassicalDeclaration, ast.BitType]]:
    for statement in tree.statements:
        if isinstance(statement, ast.ClassicalDeclaration) and isinstance(
            statement.type, ast.BitType
        ):
            yield statement, statement.type


def _refuse_inputs(tree: ast.Program) -> None:
    inputs = [
        statement
        for statement in tree.statements
        if isinstance(statement, ast.IODeclaration)
        and statement.io_identifier is ast.IOKeyword["input"]
    ]
    if inputs:
        names = ", ".join(each.identifier.name for each in inputs)
        raise error_at(inputs[0].span, f"the program has inputs without a value: {names}")


def _nodes(node: ast.QASMNode) -> Iterator[ast.QASMNode]:
    yield node
    for value in vars(node).values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.QASMNode):
                yield from _nodes(each)


def _size(expression: ast.Expression | None) -> int:
    return expression.value if isinstance(expression, ast.IntegerLiteral) else 1


def _unexpected(found: Any) -> str:
    token = found.offendingToken
    text = "the program ends here" if token.text == "<EOF>" else f"unexpected '{token.text}'"
    expected = found.getExpectedTokens()
    if expected is None or not 0 < len(expected) <= _MOST_EXPECTED:
        return text
    names = expected.toString(found.recognizer.literalNames, found.recognizer.symbolicNames)
    return f"{text}, expected {names.strip('{}')}"


def _located(message: str, span: ast.Span | None) -> ProgramError:
    match = _AT.fullmatch(message)
    if match:
        line, column = match.group(1) or match.group(3), match.group(2) or match.group(4)
        return ProgramError(_told(match.group(5)), int(line), int(column) + 1)
    return error_at(span, _told(message))


def _told(message: str) -> str:
    kind = _KIND.fullmatch(message)
    if kind:
        return f"statements of the kind {kind.group(1)} cannot be run here"
    return plain_names(message).rstrip(".")
