"""Gates of OpenQASM 3 programs: the library's, those that people expect, and a program's own."""

from __future__ import annotations

import re
from typing import Any

from openqasm3 import ast
from openqasm3.visitor import QASMTransformer, QASMVisitor
from qiskit.circuit import library
from qiskit_qasm3_import import ConversionError, types
from qiskit_qasm3_import.converter import _STDGATES, ConvertVisitor
from qiskit_qasm3_import.data import Scope, Symbol

from oqc_notebook.local.source import error_at

_OWN_GATE = "own_"
_MOST_GATES = 100_000

# As the importer has them: a class, its numbers of parameters and of qubits. OQC's compiler knows
# all of these in any program, also in one that includes nothing.
_KNOWN: dict[str, tuple[Any, int, int]] = _STDGATES | {
    "c3x": (library.C3XGate, 0, 4),
    "c4x": (library.C4XGate, 0, 5),
    "cnot": (library.CXGate, 0, 2),
    "csx": (library.CSXGate, 0, 2),
    "cu1": (library.CU1Gate, 1, 2),
    "cu3": (library.CU3Gate, 3, 2),
    "ecr": (library.ECRGate, 0, 2),
    "rc3x": (library.RC3XGate, 0, 4),
    "rccx": (library.RCCXGate, 0, 3),
    "rxx": (library.RXXGate, 1, 2),
    "ryy": (library.RYYGate, 1, 2),
    "rzz": (library.RZZGate, 1, 2),
    "sxdg": (library.SXdgGate, 0, 1),
    "u": (library.UGate, 3, 1),
}


class Converter(ConvertVisitor):
    """The importer, noting which statement it is at: some of its errors do not say."""

    where: ast.Span | None = None

    def visit(self, node: ast.QASMNode, context: Any = None) -> Any:
        """Visit a node."""
        if isinstance(node, ast.Statement):
            self.where = node.span
        return super().visit(node, context)

    def visit_Include(  # noqa: N802 - the visitor's name for it
        self, node: ast.Include, context: Any
    ) -> Any:
        """Leave the gates of a library to where they are used."""
        return context

    def visit_QuantumGate(  # noqa: N802 - the visitor's name for it
        self, node: ast.QuantumGate, context: Any
    ) -> Any:
        """Define a known gate where it is used first, so that its name is free until then."""
        name = node.name.name
        if name in _KNOWN and context.symbol_table.get(name, node) is None:
            builder, parameters, qubits = _KNOWN[name]
            kind = types.Gate(parameters, qubits)
            context.symbol_table.insert(Symbol(name, builder, kind, Scope.GLOBAL, node))
        return super().visit_QuantumGate(node, context)

    def _resolve_angle(self, node: ast.Expression, context: Any) -> Any:
        return super()._resolve_angle(_RealNumbers().visit(node), context)

    def _resolve_constant_float(self, node: ast.Expression, context: Any) -> Any:
        return super()._resolve_constant_float(_RealNumbers().visit(node), context)

    def _resolve_condition(self, node: ast.Expression, context: Any) -> Any:
        """Take ``bit == 1`` as well as ``bit == true``, which is all that the importer takes."""
        try:
            return super()._resolve_condition(node, context)
        except ConversionError:
            if not (
                isinstance(node, ast.BinaryExpression)
                and isinstance(node.rhs, ast.IntegerLiteral)
                and node.rhs.value in (0, 1)
            ):
                raise
            value = ast.BooleanLiteral(value=bool(node.rhs.value))
            value.span = node.rhs.span
            same = ast.BinaryExpression(op=node.op, lhs=node.lhs, rhs=value)
            same.span = node.span
            return super()._resolve_condition(same, context)


def rename_own_gates(tree: ast.Program) -> None:
    """Give the program's own gates names that no library gate has.

    Qiskit and Aer know gates by name, so an own gate called ``x`` would be run as the library's.
    """
    names = {
        statement.name.name
        for statement in tree.statements
        if isinstance(statement, ast.QuantumGateDefinition)
    }
    if names:
        _OwnGates(names).visit(tree)


def refuse_too_many_gates(tree: ast.Program) -> None:
    """Refuse gates of gates of gates: the importer copies all that is in one at each call.

    Raises
    ------
    ProgramError
        If one means more than can be copied in time.
    """
    meant: dict[str, int] = {}
    for statement in tree.statements:
        if isinstance(statement, ast.QuantumGateDefinition):
            name = statement.name.name
            calls = (each for each in statement.body if isinstance(each, ast.QuantumGate))
            meant[name] = sum(meant.get(call.name.name, 1) for call in calls)
            if meant[name] > _MOST_GATES:
                text = (
                    f"gate '{name}' means {meant[name]} gates; at most {_MOST_GATES} can be in one"
                )
                raise error_at(statement.span, plain_names(text))


def plain_names(message: str) -> str:
    """Return a message with own gates under the names that the program gives them."""
    return re.sub(rf"\b{_OWN_GATE}(?=\w)", "", message)


class _RealNumbers(QASMTransformer[None]):
    """Lets ``1/2*pi`` be half of pi, as for OQC's compiler and pyqasm; for the importer it is 0."""

    def visit_IntegerLiteral(  # noqa: N802 - the visitor's name for it
        self, node: ast.IntegerLiteral
    ) -> ast.FloatLiteral:
        number = ast.FloatLiteral(float(node.value))
        number.span = node.span
        return number


class _OwnGates(QASMVisitor[None]):
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_QuantumGateDefinition(  # noqa: N802 - the visitor's name for it
        self, node: ast.QuantumGateDefinition
    ) -> None:
        self._rename(node.name)
        self.generic_visit(node)

    def visit_QuantumGate(self, node: ast.QuantumGate) -> None:  # noqa: N802 - see above
        self._rename(node.name)

    def visit_SwitchStatement(  # noqa: N802 - see above
        self, node: ast.SwitchStatement
    ) -> None:
        for _, block in node.cases:  # which the visitor passes over by itself
            self.visit(block)
        if node.default is not None:
            self.visit(node.default)

    def _rename(self, identifier: ast.Identifier) -> None:
        if identifier.name in self._names:
            identifier.name = _OWN_GATE + identifier.name
