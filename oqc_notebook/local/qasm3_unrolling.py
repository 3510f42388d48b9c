"""Subroutines, variables and constants of OpenQASM 3, unrolled by pyqasm before they are run.

qiskit's importer knows gates, bits, and loops and conditions of the plainest kind. pyqasm is an
extra: it does not have wheels for every machine.
"""

from __future__ import annotations

import bisect
import contextlib
import copy
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

from openqasm3 import ast
from openqasm3.visitor import QASMVisitor

from oqc_notebook.local.qasm3_flow import nodes, refuse_what_measurements_decide
from oqc_notebook.local.qasm3_gates import plain_names
from oqc_notebook.local.source import ProgramError, error_at

_EXTRA = "pip install 'oqc_notebook[qasm3]'"
_LOGGED = re.compile(r"Error at line (\d+), column (\d+)")
_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
_NODE = re.compile(r" \w+\(span=")
_OPERATORS = {"%", "**", "<", "<=", ">", ">="}
_MOST_ROUNDS = 10_000


class _Needed(Exception):  # noqa: N818 - it carries a find, no error
    def __init__(self, node: ast.QASMNode) -> None:
        self.node = node


class _Search(QASMVisitor[None]):
    """Raises at the first node that the importer does not take."""

    def __init__(self) -> None:
        self._loop_variables: set[str] = set()

    def _found(self, node: ast.QASMNode) -> None:
        raise _Needed(node)

    visit_SubroutineDefinition = _found  # noqa: N815 - the visitor's names for them
    visit_ConstantDeclaration = _found  # noqa: N815
    visit_SwitchStatement = _found  # noqa: N815
    visit_FunctionCall = _found  # noqa: N815

    def visit_ClassicalDeclaration(  # noqa: N802
        self, node: ast.ClassicalDeclaration
    ) -> None:
        if not isinstance(node.type, ast.BitType):
            raise _Needed(node)

    def visit_ForInLoop(self, node: ast.ForInLoop) -> None:  # noqa: N802
        named = _names_in(node.set_declaration)
        if named or isinstance(node.set_declaration, ast.DiscreteSet):
            raise _Needed(node)
        self._loop_variables.add(node.identifier.name)
        self.generic_visit(node)

    def visit_BranchingStatement(self, node: ast.BranchingStatement) -> None:  # noqa: N802
        if _names_in(node.condition) & self._loop_variables:
            raise _Needed(node)
        self.generic_visit(node)

    def visit_QuantumGateModifier(self, node: ast.QuantumGateModifier) -> None:  # noqa: N802
        if _names_in(node) & self._loop_variables:
            raise _Needed(node)

    def visit_BinaryExpression(self, node: ast.BinaryExpression) -> None:  # noqa: N802
        # The importer can tell only whether a single bit is not what it is compared with.
        differs = node.op.name == "!=" and isinstance(node.lhs, ast.Identifier)
        if differs or node.op.name in _OPERATORS:
            raise _Needed(node)
        self.generic_visit(node)

    def visit_IndexedIdentifier(self, node: ast.IndexedIdentifier) -> None:  # noqa: N802
        if any(_names_in(each) for index in node.indices for each in _listed(index)):
            raise _Needed(node)

    def visit_IndexExpression(self, node: ast.IndexExpression) -> None:  # noqa: N802
        if any(_names_in(each) for each in _listed(node.index)):
            raise _Needed(node)


def _names_in(node: ast.QASMNode) -> set[str]:
    return {each.name for each in nodes(node) if isinstance(each, ast.Identifier)}


def _listed(index: ast.IndexElement) -> list[Any]:
    return index if isinstance(index, list) else [index]


def is_needed(tree: ast.Program) -> bool:
    """Return whether a program has to be unrolled."""
    return _first(tree) is not None


def unroll(tree: ast.Program) -> ast.Program:
    """Return a program without subroutines, variables and constants.

    Raises
    ------
    ProgramError
        If pyqasm is missing, or refuses it.
    """
    try:
        import pyqasm
    except ImportError:
        node = _first(tree)
        raise error_at(
            node.span if node else None,
            f"this statement needs pyqasm, which is not installed: {_EXTRA}",
        ) from None
    with _listening() as said:
        try:
            refuse_what_measurements_decide(tree)
            return _unrolled(tree)
        except (MemoryError, RecursionError, ProgramError):
            raise
        except pyqasm.exceptions.LoopLimitExceededError:
            text = f"a loop has more than {_MOST_ROUNDS} rounds"
            raise error_at(_where(tree), text) from None
        except pyqasm.PyQasmError as error:
            raise _told(str(error), said, tree) from None
        except Exception as error:  # pyqasm's own failures carry no text for users
            raise _told("this statement cannot be unrolled", said, tree) from error


def _unrolled(tree: ast.Program) -> ast.Program:
    import pyqasm
    from pyqasm.scope import ScopeManager

    from oqc_notebook.local.qasm3_visitor import Visitor

    for node in nodes(tree):  # pyqasm takes an int for another type than an int[32]
        if isinstance(node, ast.IntType | ast.UintType | ast.FloatType) and node.size is None:
            node.size = ast.IntegerLiteral(64 if isinstance(node, ast.FloatType) else 32)
    module = pyqasm.loads(tree)
    module.num_qubits = module.num_clbits = 0
    visitor = Visitor(module, ScopeManager(), max_loop_iters=_MOST_ROUNDS)
    module.accept(visitor)
    return ast.Program([*visitor.gates.values(), *module.unrolled_ast.statements], tree.version)


def _where(tree: ast.Program) -> Any:
    """Give the place of the statement with which a program cannot be unrolled any more."""

    def fails(length: int) -> bool:
        try:
            _unrolled(copy.deepcopy(ast.Program(tree.statements[:length], tree.version)))
        except Exception:
            return True
        return False

    length = bisect.bisect_left(range(len(tree.statements)), True, key=fails)
    return tree.statements[length - 1].span if length else None


def _first(tree: ast.Program) -> ast.QASMNode | None:
    try:
        _Search().visit(tree)
    except _Needed as found:
        return found.node
    return None


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """Collect what pyqasm logs, which is where it says the place of an error."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, listener = logging.getLogger("pyqasm"), Listener()
    before, logger.handlers = logger.handlers, [listener]
    try:
        yield said
    finally:
        logger.handlers = before
        # It takes all tracebacks away from the whole process when it raises an error.
        if hasattr(sys, "tracebacklimit"):
            del sys.tracebacklimit


def _told(message: str, said: list[str], tree: ast.Program) -> ProgramError:
    # An error in a subroutine is logged where it is, and then where the subroutine is called.
    places = (_LOGGED.search(line) for line in said)
    text = plain_names(_CLASS.sub(r"\1", _NODE.split(message)[0])).rstrip(".")
    for found in places:
        if found:
            return ProgramError(text, int(found.group(1)), int(found.group(2)) + 1)
    return error_at(_where(tree), text)
