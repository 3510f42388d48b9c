"""OpenQASM 3 through qiskit's importer, with what it leaves out: positions and names."""

from __future__ import annotations

import contextlib
import io
import itertools
import operator
import re
from collections.abc import Callable, Iterator
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
from oqc_notebook.local.qasm3_flow import nodes
from oqc_notebook.local.qasm3_gates import (
    Converter,
    plain_names,
    refuse_too_many_gates,
    rename_own_gates,
)
from oqc_notebook.local.results import Register
from oqc_notebook.local.source import ProgramError, error_at

_AT = re.compile(r"(?:L(\d+):C(\d+)|(\d+),(\d+)): (.*)", re.DOTALL)
_KIND = re.compile(r"node of type (\w+) is not supported\.?")
_KIND_TOLD = re.compile(r"statements of the kind (\w+) cannot be run here")
_MOST_EXPECTED = 4
_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "**": lambda base, exponent: base ** max(0, min(exponent, 64)),
}


@dataclass(frozen=True)
class Qasm3Source:
    """A parsed OpenQASM 3 program."""

    tree: ast.Program

    def declared(self) -> tuple[int, int]:
        """Return the qubits and classical bits of declarations, as far as their sizes are plain."""
        constants = {
            statement.identifier.name: statement.init_expression
            for statement in self.tree.statements
            if isinstance(statement, ast.ConstantDeclaration)
        }
        qubits = sum(
            _size(statement.size, constants)
            for statement in self.tree.statements
            if isinstance(statement, ast.QubitDeclaration)
        )
        bits = sum(_size(kind.size, constants) for _, kind in _declarations_of_bits(self.tree))
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
        except ProgramError as error:
            if error.line is not None:
                raise
            told = _KIND_TOLD.match(error.text)
            kind = told.group(1) if told else None
            same = (node.span for node in nodes(self.tree) if type(node).__name__ == kind)
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
            return Qasm3Source(_with_columns(openqasm3.parse(text), text))
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


def _with_columns(tree: ast.Program, text: str) -> ast.Program:
    """Put the places of names right: the parser counts some from the begin of the program."""
    lines = text.split("\n")
    begins = list(itertools.accumulate((len(line) + 1 for line in lines), initial=0))
    for node in nodes(tree):
        span = node.span
        if span is None or not isinstance(node, ast.Identifier):
            continue
        if not lines[span.start_line - 1].startswith(node.name, span.start_column):
            begin = begins[span.start_line - 1]
            span.start_column, span.end_column = span.start_column - begin, span.end_column - begin
    return tree


def _convert(tree: ast.Program) -> tuple[QuantumCircuit, list[Register]]:
    converter = Converter()
    _open_ends(tree)
    refuse_too_many_gates(tree)
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


def _open_ends(tree: ast.Program) -> None:
    """Leave out the end of an index such as ``q[1:-1]`` or ``q[3:-1:0]``.

    It is the last bit that the range can reach, and the importer takes such a range for empty.
    """
    for node in nodes(tree):
        indices: list[Any] = []
        if isinstance(node, ast.IndexedIdentifier):
            indices = node.indices
        elif isinstance(node, ast.IndexExpression):
            indices = [node.index]
        for index in indices:
            for part in index if isinstance(index, list) else []:
                if isinstance(part, ast.RangeDefinition):
                    backwards = isinstance(part.step, ast.UnaryExpression)
                    if _literal(part.end) == (0 if backwards else -1):
                        part.end = None


def _literal(expression: ast.Expression | None) -> int | None:
    if isinstance(expression, ast.UnaryExpression) and expression.op.name == "-":
        value = _literal(expression.expression)
        return None if value is None else -value
    return expression.value if isinstance(expression, ast.IntegerLiteral) else None


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


def _size(expression: ast.Expression | None, constants: dict[str, Any]) -> int:
    """Return the value of a size: a number, a constant, or a sum or product of such; else 1."""
    match expression:
        case ast.IntegerLiteral():
            return expression.value
        case ast.Identifier() if expression.name in constants:
            return _size(constants[expression.name], constants)
        case ast.BinaryExpression() if expression.op.name in _ARITHMETIC:
            sides = (_size(side, constants) for side in (expression.lhs, expression.rhs))
            return _ARITHMETIC[expression.op.name](*sides)
    return 1


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
