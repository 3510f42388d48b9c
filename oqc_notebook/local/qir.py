"""QIR of the base profile: LLVM's text, or its bitcode in base64.

pyqir reads it. A program is one function without branches that depend on results: gates, then
measurements, then a record of which results are its output.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, QuantumRegister

from oqc_notebook.local.results import Register
from oqc_notebook.local.source import ProgramError, place

_BITCODE = re.compile(r"\s*(?:QkPA3|3sAXC)")  # "BC\xc0\xde", or the wrapper's magic number
_TEXT = re.compile(r"\A\s*; ModuleID|@__quantum__(?:qis|rt)__")
_QIS = re.compile(r"__quantum__qis__(\w+?)_?_(body|adj)")
_RECORD = "__quantum__rt__result_record_output"
_PASSED_OVER = re.compile(r"__quantum__rt__(?:initialize|(?:tuple|array)_(?:\w+_)?record_output)")
_POINTER = re.compile(r"ptr (?:null|inttoptr \(i\d+ (\d+) to ptr\))")
_EXTRA = "pip install 'oqc_notebook[local]'"


class _Gate(NamedTuple):
    method: str  # of QuantumCircuit
    angles: int
    qubits: int
    adjoint: str | None = None


_GATES = {
    "barrier": _Gate("barrier", 0, 0),
    "ccnot": _Gate("ccx", 0, 3),
    "ccx": _Gate("ccx", 0, 3),
    "cnot": _Gate("cx", 0, 2),
    "cx": _Gate("cx", 0, 2),
    "cy": _Gate("cy", 0, 2),
    "cz": _Gate("cz", 0, 2),
    "h": _Gate("h", 0, 1),
    "i": _Gate("id", 0, 1),
    "reset": _Gate("reset", 0, 1),
    "rx": _Gate("rx", 1, 1),
    "rxx": _Gate("rxx", 1, 2),
    "ry": _Gate("ry", 1, 1),
    "ryy": _Gate("ryy", 1, 2),
    "rz": _Gate("rz", 1, 1),
    "rzz": _Gate("rzz", 1, 2),
    "s": _Gate("s", 0, 1, "sdg"),
    "swap": _Gate("swap", 0, 2),
    "t": _Gate("t", 0, 1, "tdg"),
    "x": _Gate("x", 0, 1),
    "y": _Gate("y", 0, 1),
    "z": _Gate("z", 0, 1),
}
_MEASURES = {"mz", "m"}
# OQC's compiler leaves out the others without a word, also s__adj.
_KNOWN_IN_THE_CLOUD = re.compile(
    r"__quantum__qis__(?:(?:ccx|cnot|cx|cz|h|mz|reset|rx|ry|rz|s|t|x|y|z)__body|s_adj|t__adj)"
)


class _Call(NamedTuple):
    """A call in the entry point; its pointers are numbers of qubits and results."""

    name: str
    arguments: list[Any]


def is_qir(program: str) -> bool:
    """Return whether a program looks like QIR."""
    return bool(_BITCODE.match(program) or _TEXT.search(program))


def read(
    program: str, check_sizes: Callable[[int, int], None], *, as_in_the_cloud: bool
) -> tuple[QuantumCircuit, list[Register]]:
    """Return the circuit of a QIR program, and its classical register.

    Parameters
    ----------
    program
        LLVM's text, or its bitcode in base64.
    check_sizes
        Called with the numbers of qubits and of results before the circuit is built.
    as_in_the_cloud
        Whether to refuse what OQC's compiler does not run.

    Raises
    ------
    ProgramError
        If it is not of the base profile, or damaged.
    """
    reader = _Reader(program, as_in_the_cloud)
    try:
        steps = [reader.step(call) for call in _calls(program)]
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyqir has no name for it
            raise
        raise ProgramError("the QIR program is damaged: pyqir cannot read it") from None
    gates = [step for step in steps if isinstance(step, _Step)]
    # A number of a qubit is as large as the author likes; only those in use are counted.
    qubits = 1 + max((qubit for step in gates for qubit in step.qubits), default=-1)
    results = 1 + max((step.result for step in gates if step.result is not None), default=-1)
    results = max(results, 1 + max((result for result, _ in reader.recorded), default=-1))
    check_sizes(qubits, results)
    bits = ClassicalRegister(results, "c")
    circuit = QuantumCircuit(QuantumRegister(qubits, "q"), bits)
    for step in gates:
        if step.result is None:
            getattr(circuit, step.method)(*step.angles, *step.qubits)
        else:
            circuit.measure(step.qubits[0], step.result)
    if not reader.recorded:
        return circuit, [Register("c", list(range(results)))]
    # The cloud returns one register, named by all labels.
    name = "_".join(label for _, label in reader.recorded)
    return circuit, [Register(name, [result for result, _ in reader.recorded])]


class _Step(NamedTuple):
    method: str
    angles: list[float]
    qubits: list[int]
    result: int | None = None


class _Reader:
    """Turns calls into steps of a circuit, and refuses what is none."""

    def __init__(self, program: str, as_in_the_cloud: bool) -> None:
        self._program = program
        self._as_in_the_cloud = as_in_the_cloud
        self._calls: Counter[str] = Counter()
        self.recorded: list[tuple[int, str]] = []

    def step(self, call: _Call) -> _Step | None:
        self._calls[call.name] += 1
        if call.name == _RECORD:
            self._take(call, 0, 1, more=1)
            result, label = call.arguments
            self.recorded.append((result, label or f"r{result}"))
            return None
        if _PASSED_OVER.fullmatch(call.name):
            return None
        if not call.name:
            text = "QIR that calls assembly or pointers cannot be run here: only its base profile"
            raise ProgramError(text)
        match = _QIS.fullmatch(call.name)
        name, form = match.groups() if match else (None, None)
        if name in _MEASURES and form == "body":
            self._take(call, 0, 2)
            self._check_cloud(call)
            return _Step("measure", [], call.arguments[:1], call.arguments[1])
        gate = _GATES.get(name or "")
        if gate is None or (form != "body" and not (form == "adj" and gate.adjoint)):
            raise self._refusal(call, f"'{call.name}' is not of QIR's base profile")
        self._check_cloud(call)
        angles, qubits = self._take(call, gate.angles, gate.qubits)
        if len(set(qubits)) < len(qubits):
            raise self._refusal(call, f"'{call.name}' is called with the same qubit twice")
        return _Step(gate.adjoint if form == "adj" else gate.method, angles, qubits)  # type: ignore[arg-type]

    def _take(
        self, call: _Call, angles: int, pointers: int, more: int = 0
    ) -> tuple[list[float], list[int]]:
        given = call.arguments
        numbers, ids = given[:angles], given[angles : angles + pointers]
        if len(given) != angles + pointers + more or not (
            all(isinstance(value, float) for value in numbers)
            and all(type(value) is int for value in ids)
        ):
            raise self._refusal(
                call, f"'{call.name}' is called with arguments of a wrong number or kind"
            )
        return numbers, ids

    def _check_cloud(self, call: _Call) -> None:
        if self._as_in_the_cloud and not _KNOWN_IN_THE_CLOUD.fullmatch(call.name):
            raise self._refusal(call, f"OQC's compiler leaves out '{call.name}'")

    def _refusal(self, call: _Call, text: str) -> ProgramError:
        # pyqir knows no lines; in bitcode there are none.
        calls = re.finditer(rf"\bcall\b[^\n]*@{re.escape(call.name)}\b", self._program)
        found = next(itertools.islice(calls, self._calls[call.name] - 1, None), None)
        where = place(self._program, found.start()) if found else ()
        return ProgramError(text, *where)


def _calls(program: str) -> Iterator[_Call]:
    """Yield what the entry point calls, in its order."""
    try:
        import pyqir
    except ImportError:
        raise ProgramError(f"QIR needs pyqir, which is not installed: {_EXTRA}") from None
    module = _module(pyqir, program)
    entry = next(filter(pyqir.is_entry_point, module.functions), None)
    if entry is None:
        raise ProgramError("the QIR program has no function with the attribute entry_point")
    block, seen = (entry.basic_blocks or [None])[0], set()
    while block is not None:
        seen.add(block.name)
        for instruction in block.instructions:
            if isinstance(instruction, pyqir.Call):
                name = instruction.callee.name
                arguments = [_argument(pyqir, argument) for argument in instruction.args]
                if name == _RECORD and len(arguments) == 2:
                    arguments[1] = _label(pyqir, instruction.args[1])
                yield _Call(name, arguments)
        block = _following(pyqir, block, seen)


def _following(pyqir: Any, block: Any, seen: set[str]) -> Any:
    successors = block.terminator.successors if block.terminator else []
    if not successors:
        return None
    if len(successors) > 1 or successors[0].name in seen:
        raise ProgramError("QIR with branches or loops cannot be run here: only its base profile")
    return successors[0]


def _argument(pyqir: Any, argument: Any) -> Any:
    """Return an angle as a float, and what a pointer points to as its number, or None."""
    if isinstance(argument, pyqir.FloatConstant):
        return float(argument.value)
    if isinstance(argument, pyqir.IntConstant):
        return argument.value
    # pyqir can tell the number, too, and crashes at other pointers.
    number = _POINTER.fullmatch(str(argument))
    return int(number.group(1) or 0) if number else None


def _label(pyqir: Any, argument: Any) -> str | None:
    # pyqir crashes where it is asked for the text of a pointer to anything but a constant.
    if not isinstance(argument, pyqir.GlobalVariable):
        return None
    label = pyqir.extract_byte_string(argument)
    return None if label is None else label.rstrip(b"\0").decode(errors="replace")


def _module(pyqir: Any, program: str) -> Any:
    if not _BITCODE.match(program):
        if "\0" in program:  # pyqir ends the process there
            raise ProgramError("the program is no text of LLVM")
        try:
            return pyqir.Module.from_ir(pyqir.Context(), program)
        except ValueError as error:
            raise _syntax_error(str(error), program) from None
    try:
        bitcode = base64.b64decode("".join(program.split()), validate=True)
        return pyqir.Module.from_bitcode(pyqir.Context(), bitcode)
    except binascii.Error:
        raise ProgramError(
            "the program looks like QIR in base64, and is not valid base64"
        ) from None
    except ValueError as error:
        raise ProgramError(f"the QIR bitcode cannot be read: {error}") from None


def _syntax_error(message: str, program: str) -> ProgramError:
    """Return LLVM's error, which shows the line and a caret but does not say which line it is."""
    what, *shown = message.removeprefix("error: ").split("\n")
    lines = program.split("\n")
    if len(shown) >= 2 and lines.count(shown[0]) == 1 and shown[1].strip() == "^":
        return ProgramError(what, lines.index(shown[0]) + 1, shown[1].index("^") + 1)
    return ProgramError(what)
