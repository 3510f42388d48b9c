"""What an OpenQASM 3 program knows only while it runs, and so cannot be unrolled by.

pyqasm works out variables before the run. Where a measured bit goes into one, it takes the bit for
0, so such programs are refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from openqasm3 import ast
from openqasm3.visitor import QASMVisitor

from oqc_notebook.local.source import error_at


def nodes(node: ast.QASMNode) -> Iterator[ast.QASMNode]:
    """Yield a node and all that is in it."""
    yield node
    for value in vars(node).values():
        yield from _nodes_in(value)


def refuse_what_measurements_decide(tree: ast.Program) -> None:
    """Refuse variables, loops and arguments that depend on measured bits.

    Raises
    ------
    ProgramError
        At the first of them.
    """
    outside = [each for each in tree.statements if not isinstance(each, ast.SubroutineDefinition)]
    _Flow(outside).visit_all(outside)
    for statement in tree.statements:
        if isinstance(statement, ast.SubroutineDefinition):  # it sees no bits but its own
            _Flow(statement.body).visit_all(statement.body)


class _Flow(QASMVisitor[None]):
    """Raises where a bit is more than measured into, or looked at in a condition."""

    def __init__(self, statements: Sequence[ast.QASMNode]) -> None:
        self._bits = {
            each.identifier.name
            for statement in statements
            for each in nodes(statement)
            if isinstance(each, ast.ClassicalDeclaration) and isinstance(each.type, ast.BitType)
        }
        #: Variables of the branch that a measurement decides on, while in one.
        self._own: set[str] | None = None

    def visit_all(self, statements: Iterable[ast.QASMNode]) -> None:
        for statement in statements:
            self.visit(statement)

    def visit_BranchingStatement(  # noqa: N802 - the visitor's names for them
        self, node: ast.BranchingStatement
    ) -> None:
        branches = [*node.if_block, *node.else_block]
        outer = self._own
        if any(
            isinstance(e, ast.Identifier) and e.name in self._bits for e in nodes(node.condition)
        ):
            self._own = (outer or set()) | _declared_in(branches)
        self._visit_casts(node.condition)
        self.visit_all(branches)
        self._own = outer

    def visit_WhileLoop(self, node: ast.WhileLoop) -> None:  # noqa: N802
        self._visit_casts(node.while_condition)
        self.visit_all(node.block)

    def _visit_casts(self, condition: ast.Expression) -> None:
        # pyqasm looks at the rest of a condition itself
        self.visit_all(each for each in nodes(condition) if isinstance(each, ast.Cast))

    def visit_SwitchStatement(self, node: ast.SwitchStatement) -> None:  # noqa: N802
        self.visit(node.target)
        self.visit_all(block for _, block in node.cases)
        if node.default is not None:
            self.visit(node.default)

    def visit_QuantumMeasurementStatement(  # noqa: N802
        self, node: ast.QuantumMeasurementStatement
    ) -> None:
        self.visit(node.measure)
        if isinstance(node.target, ast.IndexedIdentifier):
            self.visit(node.target)

    def visit_IndexedIdentifier(self, node: ast.IndexedIdentifier) -> None:  # noqa: N802
        self.visit_all(_nodes_in(node.indices))  # the visitor does not look into lists of lists

    def visit_ClassicalDeclaration(self, node: ast.ClassicalDeclaration) -> None:  # noqa: N802
        if node.init_expression is not None:
            self.visit(node.init_expression)

    def visit_ClassicalAssignment(self, node: ast.ClassicalAssignment) -> None:  # noqa: N802
        name = node.lvalue.name
        target = name if isinstance(name, str) else name.name
        if target in self._bits:
            raise error_at(node.span, f"bit '{target}' can be set by measurements only")
        if self._own is not None and target not in self._own:
            text = f"'{target}' is set where a measurement decides, which cannot be unrolled"
            raise error_at(node.span, text)
        self.generic_visit(node)

    def visit_FunctionCall(self, node: ast.FunctionCall) -> None:  # noqa: N802
        if node.name.name != "sizeof":
            self.visit_all(node.arguments)

    def visit_BreakStatement(self, node: ast.BreakStatement) -> None:  # noqa: N802
        raise error_at(node.span, "'break' cannot be unrolled")  # pyqasm loses what is before it

    def visit_ContinueStatement(self, node: ast.ContinueStatement) -> None:  # noqa: N802
        raise error_at(node.span, "'continue' cannot be unrolled")

    def visit_Identifier(self, node: ast.Identifier) -> None:  # noqa: N802
        if node.name in self._bits:
            text = f"the value of bit '{node.name}' is known only while the program runs"
            raise error_at(node.span, text)


def _nodes_in(value: object) -> Iterator[ast.QASMNode]:
    if isinstance(value, ast.QASMNode):
        yield from nodes(value)
    elif isinstance(value, list | tuple):  # the cases of a switch are tuples
        for each in value:
            yield from _nodes_in(each)


def _declared_in(statements: Iterable[ast.Statement]) -> set[str]:
    return {
        each.identifier.name
        for statement in statements
        for each in nodes(statement)
        if isinstance(each, ast.ClassicalDeclaration | ast.ForInLoop)
    }
