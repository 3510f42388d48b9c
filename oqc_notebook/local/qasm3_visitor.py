"""pyqasm's visitor, which unrolls a program, but leaves its gates as they are written.

pyqasm takes gates apart, and wrongly where registers are paired (``cx a, b;``) or where a gate with
two qubits and an angle is inverted, so gates are left to qiskit's importer. What that gets are
numbers for angles, and single qubits. Needs pyqasm, which is an extra.
"""

from __future__ import annotations

import copy
from typing import Any

from openqasm3 import ast
from openqasm3.visitor import QASMTransformer
from pyqasm.exceptions import LoopLimitExceededError
from pyqasm.expressions import Qasm3ExprEvaluator
from pyqasm.maps.expressions import CONSTANTS_MAP
from pyqasm.transformer import Qasm3Transformer
from pyqasm.visitor import QasmVisitor

from oqc_notebook.local.qasm3_gates import plain_names
from oqc_notebook.local.source import error_at


class Visitor(QasmVisitor):
    """Unrolls all but gates; `gates` are the definitions of the program's own that are called."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.gates: dict[str, ast.QuantumGateDefinition] = {}

    def _visit_generic_gate_operation(
        self, operation: ast.QuantumGate | ast.QuantumPhase, ctrls: object = None
    ) -> list[ast.QuantumGate | ast.QuantumPhase]:
        """Give a call of a gate for each of the qubits that it is broadcast to."""
        plain = self._with_numbers(operation)
        operands = [self._bits_of(operation, operand) for operand in operation.qubits]
        rounds = max((len(bits) for bits in operands), default=1)
        if any(len(bits) not in (1, rounds) for bits in operands):
            sizes = " and ".join(str(size) for size in sorted({len(bits) for bits in operands}))
            text = f"registers of different sizes, {sizes}, cannot be paired"
            raise error_at(operation.span, text)
        calls = []
        for number in range(rounds):
            call = copy.copy(plain)
            call.qubits = [bits[number if len(bits) > 1 else 0] for bits in operands]
            calls.append(call)
        return calls

    def _visit_branching_statement(self, statement: ast.BranchingStatement) -> Any:
        """Give conditions on a bit in the form that pyqasm takes: ``c[1] == 1``."""
        branch = copy.copy(statement)
        branch.condition = self._condition(statement.condition)
        return super()._visit_branching_statement(branch)

    def _visit_forin_loop(self, statement: ast.ForInLoop) -> Any:
        """Give the values of a range; pyqasm goes a step too far where it does not hit the end."""
        given = statement.set_declaration
        if not isinstance(given, ast.RangeDefinition) or given.start is None or given.end is None:
            return super()._visit_forin_loop(statement)
        parts = (given.start, given.end, given.step or ast.IntegerLiteral(1))
        start, end, step = (int(self._number(part).value) for part in parts)
        if step == 0:
            raise error_at(given.span or statement.span, "the step of a range cannot be 0")
        values = range(start, end + (1 if step > 0 else -1), step)
        if len(values) > self._loop_limit:
            raise LoopLimitExceededError
        if not values:
            return []
        loop = copy.copy(statement)
        loop.set_declaration = ast.DiscreteSet([ast.IntegerLiteral(value) for value in values])
        return super()._visit_forin_loop(loop)

    def _visit_function_call(self, statement: ast.FunctionCall) -> Any:
        """Give constants such as pi as numbers; pyqasm takes a name for a variable's."""
        call = copy.copy(statement)
        call.arguments = [
            ast.FloatLiteral(CONSTANTS_MAP[each.name])
            if isinstance(each, ast.Identifier) and each.name in CONSTANTS_MAP
            else each
            for each in statement.arguments
        ]
        return super()._visit_function_call(call)

    def finalize(self, unrolled_stmts: list[ast.Statement]) -> list[ast.Statement]:
        """Leave the qubits of a phase alone; those of a controlled one mean something."""
        super().finalize([])
        return unrolled_stmts

    def _condition(self, condition: Any) -> Any:
        negated = isinstance(condition, ast.UnaryExpression) and condition.op.name in "!~"
        bit = condition.expression if negated else condition
        if isinstance(condition, ast.BinaryExpression):
            condition = copy.copy(condition)
            condition.lhs = self._with_index(condition.lhs)
            if isinstance(condition.rhs, ast.BitstringLiteral):
                condition.rhs = ast.IntegerLiteral(condition.rhs.value)
        elif self._is_bit(bit):
            value = ast.IntegerLiteral(int(not negated))
            equals = ast.BinaryOperator["=="]
            condition = ast.BinaryExpression(equals, self._with_index(bit), value)
            condition.span = bit.span
        return condition

    def _is_bit(self, expression: Any) -> bool:
        name = getattr(getattr(expression, "collection", expression), "name", None)
        return name in self._global_creg_size_map and (
            isinstance(expression, ast.IndexExpression) or self._global_creg_size_map[name] == 1
        )

    def _with_index(self, expression: Any) -> Any:
        if not (self._is_bit(expression) and isinstance(expression, ast.IndexExpression)):
            return expression
        if not isinstance(expression.index, list):
            return expression
        indexed = copy.copy(expression)
        indexed.index = [
            each if isinstance(each, ast.RangeDefinition) else self._number(each)
            for each in expression.index
        ]
        return indexed

    def _bits_of(
        self, operation: ast.QuantumGate | ast.QuantumPhase, operand: ast.QASMNode
    ) -> list[Any]:
        one: Any = copy.copy(operation)
        one.qubits = [operand]
        for formal, sizes in zip(
            reversed(self._function_qreg_transform_map),
            reversed(self._function_qreg_size_map),
            strict=True,
        ):
            one.qubits = Qasm3Transformer.transform_function_qubits(one, formal, sizes)
        bits: list[Any] = self._get_op_bits(one, qubits=True)
        if not bits:  # pyqasm passes over names that a subroutine does not know
            raise error_at(operand.span or operation.span, "there is no such qubit here")
        return bits

    def _with_numbers(self, operation: Any) -> Any:
        """Give a call whose angles and powers are numbers, and so are those within its gate."""
        plain = copy.copy(operation)
        plain.modifiers = [
            ast.QuantumGateModifier(modifier.modifier, self._number(modifier.argument))
            for modifier in operation.modifiers
        ]
        if isinstance(operation, ast.QuantumPhase):
            plain.argument = self._number(operation.argument)
            return plain
        plain.arguments = [self._number(each) for each in operation.arguments]
        if operation.name.name in self._custom_gates:
            plain.name = self._define(operation.name.name, plain)
            plain.arguments = []
        return plain

    def _define(self, name: str, call: ast.QuantumGate) -> ast.Identifier:
        """Define one of the program's gates with the angles of a call; give its name."""
        definition = self._custom_gates[name]
        if len(definition.arguments) != len(call.arguments):
            wanted, given = len(definition.arguments), len(call.arguments)
            raise error_at(
                call.span, f"gate '{plain_names(name)}' takes {wanted} parameters, not {given}"
            )
        values: dict[str, Any] = dict(
            zip((each.name for each in definition.arguments), call.arguments, strict=True)
        )
        angles = ", ".join(repr(value.value) for value in values.values())
        full = f"{name}({angles})" if values else name
        if full not in self.gates:
            bound = _Bound(values).visit(copy.deepcopy(definition))
            bound.body = [self._with_numbers(operation) for operation in bound.body]
            bound.name, bound.arguments = ast.Identifier(full), []
            self.gates[full] = bound  # after those that it calls
        return ast.Identifier(full)

    def _number(self, expression: ast.Expression | None) -> Any:
        if expression is None:
            return None
        value = Qasm3ExprEvaluator.evaluate_expression(expression)[0]
        if isinstance(value, int):
            return ast.IntegerLiteral(int(value))
        return ast.FloatLiteral(float(value))


class _Bound(QASMTransformer[None]):
    """Puts values in the place of a gate's parameters."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def visit_QuantumGateDefinition(  # noqa: N802 - the visitor's names for them
        self, node: ast.QuantumGateDefinition
    ) -> ast.QASMNode:
        for operation in node.body:
            self.visit(operation)
        return node

    def visit_QuantumGate(self, node: ast.QuantumGate) -> Any:  # noqa: N802
        node.arguments = [self.visit(each) for each in node.arguments]
        return self._with_powers(node)

    def visit_QuantumPhase(self, node: ast.QuantumPhase) -> Any:  # noqa: N802
        node.argument = self.visit(node.argument)
        return self._with_powers(node)

    def visit_FunctionCall(self, node: ast.FunctionCall) -> ast.QASMNode:  # noqa: N802
        node.arguments = [self.visit(each) for each in node.arguments]
        return node

    def visit_Identifier(self, node: ast.Identifier) -> ast.QASMNode:  # noqa: N802
        value: ast.QASMNode = self._values.get(node.name, node)
        return value

    def _with_powers(self, node: Any) -> Any:
        for modifier in node.modifiers:
            if modifier.argument is not None:
                modifier.argument = self.visit(modifier.argument)
        return node
