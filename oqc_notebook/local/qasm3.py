"""OpenQASM 3 through qiskit's importer, with what it leaves out: positions and names."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from typing import Any

import openqasm3
from openqasm3 import ast
from openqasm3.parser import QASM3ParsingError
from openqasm3.visitor import QASMVisitor
from qiskit import QuantumCircuit
from qiskit.circuit import Clbit
from qiskit.exceptions import QiskitError
from qiskit_qasm3_import import ConversionError
from qiskit_qasm3_import.converter import ConvertVisitor

from oqc_notebook.local.results import Register

_AT = re.compile(r"(?:L(\d+):C(\d+)|(\d+),(\d+)): (.*)", re.DOTALL)
_OWN_GATE = "own_"
# fmt: off
_STDGATES = frozenset({
    "p", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "rx", "ry", "rz", "cx", "cy", "cz",
    "cp", "crx", "cry", "crz", "ch", "swap", "ccx", "cswap", "cu", "CX", "phase", "cphase", "id",
    "u1", "u2", "u3",
})
# fmt: on
_MOST_EXPECTED = 4


class Qasm3Error(Exception):
    """An error in an OpenQASM 3 program; line and column are counted from 1."""

    def __init__(self, text: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Qasm3Source:
    """A parsed OpenQASM 3 program."""

    tree: ast.Program

    def declared(self) -> tuple[int, int]:
        """Return the qubits and classical bits of declarations whose size is a plain number."""
        qubits = bits = 0
        for statement in self.tree.statements:
            if isinstance(statement, ast.QubitDeclaration):
                qubits += _size(statement.size)
            elif isinstance(statement, ast.ClassicalDeclaration):
                bits += _size(getattr(statement.type, "size", None))
        return qubits, bits

    def convert(self) -> tuple[QuantumCircuit, list[Register]]:
        """Return the circuit and its classical registers.

        Raises
        ------
        Qasm3Error
            If the program means nothing that can be run.
        """
        _OwnGates().rename(self.tree)
        converter = _Converter()
        try:
            state = converter.convert(self.tree)
            circuit = state.circuit
            position = {bit: index for index, bit in enumerate(circuit.clbits)}
            registers = []
            for statement in self.tree.statements:
                if isinstance(statement, ast.ClassicalDeclaration):
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


class _Converter(ConvertVisitor):
    """The importer, noting which statement it is at: some of its errors do not say."""

    where: ast.Span | None = None

    def visit(self, node: ast.QASMNode, context: Any = None) -> Any:
        if isinstance(node, ast.Statement) and node.span is not None:
            self.where = node.span
        return super().visit(node, context)


class _OwnGates(QASMVisitor[None]):
    """Gives the program's own gates names that no library gate has.

    Qiskit and Aer know gates by name, so an own gate called ``x`` would be run as the library's.
    """

    def rename(self, tree: ast.Program) -> None:
        included = any(isinstance(statement, ast.Include) for statement in tree.statements)
        taken = _STDGATES if included else frozenset()
        self.names = {
            statement.name.name
            for statement in tree.statements
            if isinstance(statement, ast.QuantumGateDefinition)
        } - taken
        if self.names:
            self.visit(tree)

    def visit_QuantumGateDefinition(  # noqa: N802 - the visitor's name for it
        self, node: ast.QuantumGateDefinition
    ) -> None:
        self._rename(node.name)
        self.generic_visit(node)

    def visit_QuantumGate(self, node: ast.QuantumGate) -> None:  # noqa: N802 - see above
        self._rename(node.name)

    def _rename(self, identifier: ast.Identifier) -> None:
        if identifier.name in self.names:
            identifier.name = _OWN_GATE + identifier.name


def parse(text: str) -> Qasm3Source:
    """Parse an OpenQASM 3 program.

    Raises
    ------
    Qasm3Error
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
        raise Qasm3Error(_unexpected(found), token.line, token.column + 1) from None
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # the parser's own failures carry no text for users
        raise Qasm3Error("the program cannot be read as OpenQASM 3") from error


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


def _located(message: str, span: ast.Span | None) -> Qasm3Error:
    match = _AT.fullmatch(message)
    if match:
        line, column = match.group(1) or match.group(3), match.group(2) or match.group(4)
        return Qasm3Error(_plain(match.group(5)), int(line), int(column) + 1)
    if span is None:
        return Qasm3Error(_plain(message))
    return Qasm3Error(_plain(message), span.start_line, span.start_column + 1)


def _plain(message: str) -> str:
    return re.sub(rf"\b{_OWN_GATE}(?=\w)", "", message).rstrip(".")
