"""The profile ``oqc``: what OQC's compiler refuses is refused here, too.

The rules are those of its public source, qat: it reads OpenQASM 2 as qiskit does but for ``if``, a
part of OpenQASM 3 by a grammar of its own, and it plays no pulse on a qubit that was measured.
"""

from __future__ import annotations

import re
from typing import Any

from openqasm3 import ast
from openqasm3.visitor import QASMVisitor
from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Delay, Measure, Reset

from oqc_notebook.local.source import ProgramError, place

_IF = re.compile(r"\bif\s*\(")
_VERSION = re.compile(r"\s*OPENQASM\s+3(?:\.0)?\s*;")
_GATE_ARGUMENTS = re.compile(r"[^;({\[]*\(([^;]*)\)[^);]*;")

_STATEMENTS: dict[type[ast.QASMNode], str] = {
    ast.AliasStatement: "'let'",
    ast.Annotation: "annotations",
    ast.Box: "'box' (it leaves out what is in one)",
    ast.BranchingStatement: "'if'",
    ast.ClassicalAssignment: "assignments other than measurements",
    ast.ConstantDeclaration: "'const'",
    ast.EndStatement: "'end'",
    ast.ForInLoop: "'for'",
    ast.IODeclaration: "'input' and 'output'",
    ast.QuantumGateModifier: "gate modifiers, such as 'ctrl @'",
    ast.QuantumPhase: "'gphase'",
    ast.SubroutineDefinition: "'def'",
    ast.SwitchStatement: "'switch'",
    ast.WhileLoop: "'while'",
}
_ARGUMENTS: dict[type[ast.QASMNode], str] = {
    ast.FunctionCall: "functions, such as 'sin'",
    ast.IndexExpression: "indices within an expression",
    ast.Cast: "casts",
}
_OPERATORS = set("+-*/")
# These turn the frame of a qubit and play no pulse.
_VIRTUAL = {"id", "p", "phase", "rz", "s", "sdg", "t", "tdg", "u1", "z"}


def check_qasm2(bare: str) -> None:
    """Refuse what OQC's compiler refuses of OpenQASM 2; `bare` is the program without comments."""
    found = _IF.search(bare)
    if found:
        raise _refusal("'if'", *place(bare, found.start()))


def check_qasm3(tree: ast.Program, bare: str) -> None:
    """Refuse what OQC's compiler refuses of OpenQASM 3.

    Parameters
    ----------
    tree
        The parsed program.
    bare
        Its text without comments.
    """
    if not _VERSION.match(bare):
        raise _refusal("versions of OpenQASM 3 after 3.0", 1, 1)
    headers = True
    for statement in tree.statements:
        is_header = isinstance(statement, ast.Include)
        if is_header and not headers:
            raise _refused(statement, "'include' after another statement")
        headers = headers and is_header
    _Checks(bare).visit(tree)


def check_circuit(circuit: QuantumCircuit) -> None:
    """Refuse gates on a qubit that was measured before."""
    measured = set()
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, Measure):
            measured.update(instruction.qubits)
        elif not isinstance(operation, Barrier | Delay | Reset) and operation.name not in _VIRTUAL:
            for qubit in measured.intersection(instruction.qubits):
                found = circuit.find_bit(qubit)
                name = (
                    f"{found.registers[0][0].name}[{found.registers[0][1]}]"
                    if (found.registers)
                    else f"qubit {found.index}"
                )
                raise _refusal(f"a gate on a qubit that was measured: '{operation.name}' on {name}")


class _Checks(QASMVisitor[None]):
    """Raises at the first node that OQC's grammar does not have."""

    def __init__(self, bare: str) -> None:
        self._bare = bare
        self._lines = [0]
        for line in bare.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)

    def visit(self, node: ast.QASMNode, context: Any = None) -> None:
        what = _STATEMENTS.get(type(node)) or _ARGUMENTS.get(type(node))
        if what:
            raise _refused(node, what)
        super().visit(node)

    def visit_QubitDeclaration(self, node: ast.QubitDeclaration) -> None:  # noqa: N802
        self._check_size(node, node.size)

    def visit_ClassicalDeclaration(  # noqa: N802
        self, node: ast.ClassicalDeclaration
    ) -> None:
        if not isinstance(node.type, ast.BitType):
            raise _refused(node, "variables other than bits")
        if node.init_expression is not None:
            raise _refused(node, "a value in a declaration")
        self._check_size(node, node.type.size)

    def visit_IndexedIdentifier(self, node: ast.IndexedIdentifier) -> None:  # noqa: N802
        for index in node.indices:
            if not (
                isinstance(index, list)
                and len(index) == 1
                and isinstance(index[0], ast.IntegerLiteral)
            ):
                raise _refused(node, "an index that is no plain number")

    def visit_BinaryExpression(self, node: ast.BinaryExpression) -> None:  # noqa: N802
        if node.op.name not in _OPERATORS:
            raise _refused(node, f"the operator '{node.op.name}'")
        self.generic_visit(node)

    def visit_QuantumGate(self, node: ast.QuantumGate) -> None:  # noqa: N802
        self.generic_visit(node)
        if node.span is None:
            return
        start = self._lines[node.span.start_line - 1] + node.span.start_column
        found = _GATE_ARGUMENTS.match(self._bare, start)
        inner = found.group(1).find("(") if found else -1
        if found and inner >= 0:  # the tree does not keep them
            at = place(self._bare, found.start(1) + inner)
            raise _refusal("brackets in an argument", *at)

    def _check_size(self, node: ast.QASMNode, size: ast.Expression | None) -> None:
        if size is not None and not isinstance(size, ast.IntegerLiteral):
            raise _refused(node, "a size that is no plain number")


def _refused(node: ast.QASMNode, what: str) -> ProgramError:
    if node.span is None:
        return _refusal(what)
    return _refusal(what, node.span.start_line, node.span.start_column + 1)


def _refusal(what: str, line: int | None = None, column: int | None = None) -> ProgramError:
    return ProgramError(f"OQC's compiler does not take {what}", line, column)
