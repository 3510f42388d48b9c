"""What the author of a wrong program is shown: line, column, the place and a caret."""

from __future__ import annotations

from typing import Any

import pytest

QASM2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
QASM3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'
QIR = """\
define void @main() #0 {
  call void @__quantum__qis__h__body(ptr null)
  STATEMENT
  call void @__quantum__qis__mz__body(ptr null, ptr null)
  ret void
}
declare void @__quantum__qis__h__body(ptr)
declare void @__quantum__qis__h__ctl(ptr, ptr)
declare i1 @__quantum__qis__read_result__body(ptr)
declare void @__quantum__qis__rx__body(double, ptr)
declare void @__quantum__qis__cz__body(ptr, ptr)
declare void @__quantum__qis__mz__body(ptr, ptr)
attributes #0 = { "entry_point" }
"""


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            QASM2 + "h q[0];\n  hadamard q[0]; // no such gate",
            "6:3 'hadamard' is not defined in this scope\n"
            "      hadamard q[0]; // no such gate\n"
            "      ^",
        ),
        (
            QASM3 + "x q[0]\nx q[1];",
            "6:1 unexpected 'x', expected ';'\n    x q[1];\n    ^",
        ),
        (QASM3 + "x q[0]", "5:7 the program ends here, expected ';'\n    x q[0]\n          ^"),
        (QASM3 + "x q[0];\nx  r;", "6:4 Undefined symbol 'r'\n    x  r;\n       ^"),
        (
            QASM3 + "x q[0];\ncx q[0], r[1];",
            "6:10 Undefined symbol 'r'\n    cx q[0], r[1];\n             ^",
        ),
        (QASM3 + "x q[0];\n\tx q[7];", "6:2 an index is out of range\n     x q[7];\n     ^"),
        (
            QASM2 + "x q[0];" * 30 + "oops q[0];" + "x q[0];" * 30,
            "5:211 'oops' is not defined in this scope\n"
            "    …q[0];x q[0];x q[0];x q[0];x q[0];x q[0];oops q[0];x q[0];x q[0];x q[0];x q[0];"
            "x q[0];x q[0…\n"
            "                                             ^",
        ),
        (
            QASM2 + "\x1b[31m;",
            "5:1 encountered '\\x1b', which doesn't match any valid tokens\n     [31m;\n    ^",
        ),
        (
            QIR.replace("STATEMENT", "call void @__quantum__qis__h__ctl(ptr null, ptr null)"),
            "3:3 '__quantum__qis__h__ctl' is not of QIR's base profile\n"
            "      call void @__quantum__qis__h__ctl(ptr null, ptr nu…\n"
            "      ^",
        ),
        (
            QIR.replace("STATEMENT", "call void nonsense"),
            "3:13 expected value token\n      call void nonsense\n                ^",
        ),
    ],
)
def test_the_place_is_shown(local_qpu: Any, program: str, message: str) -> None:
    assert local_qpu.fail(program) == {"error_code": 400, "error_message": message}


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("%1 = call i1 @__quantum__qis__read_result__body(ptr null)", "3:8 '__quantum__qis__read"),
        ("call void @__quantum__qis__cz__body(ptr null, ptr null)", "the same qubit twice"),
        ("call void @__quantum__qis__rx__body(double 1.0, ptr @main)", "wrong number or kind"),
        (
            "%1 = inttoptr i64 1 to ptr\n  call void @__quantum__qis__h__body(ptr %1)",
            "4:3 '__quantum__qis__h__body' is called with arguments of a wrong number or kind",
        ),
        ('call void asm "nop", ""()', "calls assembly or pointers"),
        ("br label %main", "branches or loops"),
        (
            "%1 = call i1 @__quantum__qis__read_result__body(ptr null)\n"
            "br i1 %1, label %a, label %b\na:\nret void\nb:",
            "3:8 '__quantum__qis__read_result__body' is not of QIR's base profile",
        ),
    ],
)
def test_qir_beyond_the_base_profile_is_refused(local_qpu: Any, statement: str, text: str) -> None:
    program = QIR.replace("STATEMENT", statement)
    if statement.startswith("br"):
        program = program.replace("#0 {\n", "#0 {\n  br label %main\nmain:\n")
    assert text in local_qpu.fail(program)["error_message"]


@pytest.mark.parametrize(
    ("program", "text"),
    [
        (QIR.replace("STATEMENT", "") + "\0", "no text of LLVM"),
        ("QkPA3g" + "!!", "not valid base64"),
        ("QkPA3kFBQUE=", "the QIR bitcode cannot be read"),
        (QIR.replace("STATEMENT", "").replace("entry_point", "other"), "attribute entry_point"),
        (
            QIR.replace("STATEMENT", "").replace("ptr null)", "ptr inttoptr (i64 99 to ptr))", 1),
            "needs 100 qubits; Exact 32-qubit has 32",
        ),
    ],
)
def test_damaged_qir_is_refused(local_qpu: Any, program: str, text: str) -> None:
    assert text in local_qpu.fail(program)["error_message"]


def test_no_program_opens_a_file(local_qpu: Any, tmp_path: Any) -> None:
    secret = tmp_path / "secret.inc"
    secret.write_text("secret words;")
    for version, names in (("2.0", "qelib1.inc"), ("3.0", "stdgates.inc")):
        for quote in "\"'":
            program = f"OPENQASM {version};\ninclude {quote}{secret}{quote};\nqreg q[1];"
            message = local_qpu.fail(program)["error_message"]
            assert message.startswith(f"2:1 only {names}")
            assert "words" not in message
    assert "secret" not in local_qpu.fail(str(secret))["error_message"]


def test_what_runs_without_pyqasm_and_pyqir(start_qpu: Any, tmp_path: Any, bell: str) -> None:
    for name in ("pyqasm", "pyqir"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not there')\n")
    qpu = start_qpu("--latency", "0", "--workers", "1", env={"PYTHONPATH": str(tmp_path)})
    assert qpu.run(bell)
    message = qpu.fail(QASM3 + "x q[0];\nint a = 1;")["error_message"]
    assert message.startswith("6:1 this statement needs pyqasm")
    assert "pip install 'oqc_notebook[qasm3]'" in message
    message = qpu.fail(QIR.replace("STATEMENT", ""))["error_message"]
    assert message == "QIR needs pyqir, which is not installed: pip install 'oqc_notebook[local]'"
