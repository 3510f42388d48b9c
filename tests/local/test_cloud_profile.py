"""The profile ``oqc`` refuses what OQC's compiler refuses, and the permissive one runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

QASM2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
QASM3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'
END2, END3 = "\nmeasure q -> c;", "\nc = measure q;"


@pytest.fixture(scope="module")
def strict_qpu(start_for_module: Any) -> Iterator[Any]:
    return start_for_module("--latency", "0", "--workers", "1", "--profile", "oqc")


@pytest.mark.parametrize(
    ("program", "text"),
    [
        (QASM2 + "if (c == 1) x q[0];" + END2, "5:1 OQC's compiler does not take 'if'"),
        (QASM2 + "measure q -> c;\nx q[0];", "a gate on a qubit that was measured: 'x' on q[0]"),
        (QASM3 + "if (c[0]) { x q[0]; }" + END3, "5:1 OQC's compiler does not take 'if'"),
        (QASM3 + "for int i in [0:1] { x q[i]; }" + END3, "5:1 OQC's compiler does not take 'for'"),
        (QASM3 + "while (c[0]) { x q[0]; }" + END3, "5:1 OQC's compiler does not take 'while'"),
        (
            QASM3 + "x q[0]; ctrl @ x q[0], q[1];" + END3,
            "5:9 OQC's compiler does not take gate mod",
        ),
        (
            QASM3 + "def f(qubit a) { x a; }\nf(q[0]);" + END3,
            "5:1 OQC's compiler does not take 'def'",
        ),
        (QASM3 + "const int n = 1;" + END3, "5:1 OQC's compiler does not take 'const'"),
        (QASM3 + "int n = 1;" + END3, "5:1 OQC's compiler does not take variables other than bits"),
        (QASM3 + "let r = q[0:1];\nx r;" + END3, "5:1 OQC's compiler does not take 'let'"),
        (QASM3 + "box { x q[0]; }" + END3, "5:1 OQC's compiler does not take 'box'"),
        (QASM3 + "gphase(pi);" + END3, "5:1 OQC's compiler does not take 'gphase'"),
        (QASM3 + "x q[0:1];" + END3, "5:3 OQC's compiler does not take an index"),
        (QASM3 + "rx((pi + 1) / 2) q[0];" + END3, "5:4 OQC's compiler does not take brackets"),
        (QASM3 + "rx(sin(pi)) q[0];" + END3, "5:4 OQC's compiler does not take functions"),
        (QASM3 + "rx(2 ** 3) q[0];" + END3, "5:4 OQC's compiler does not take the operator '**'"),
        (QASM3 + "bit d = measure q[0];" + END3, "5:1 OQC's compiler does not take a value in a d"),
        (QASM3.replace("3.0", "3.1") + END3, "1:1 OQC's compiler does not take versions"),
        (
            "OPENQASM 3.0;\nqubit[1 + 1] q;\nbit[2] c;\nc = measure q;",
            "2:1 OQC's compiler does not take a size that is no plain number",
        ),
        (
            'OPENQASM 3.0;\nqubit q;\ninclude "stdgates.inc";\nbit c;\nx q;\nc = measure q;',
            "3:1 OQC's compiler does not take 'include' after another statement",
        ),
    ],
)
def test_what_the_cloud_refuses_runs_here_only(
    strict_qpu: Any, local_qpu: Any, program: str, text: str
) -> None:
    assert text in strict_qpu.fail(program)["error_message"]
    assert local_qpu.run(program)


@pytest.mark.parametrize(
    "program",
    [
        QASM2 + "h q[0];\ncx q[0], q[1];\nbarrier q;\nrz(-(pi / 2)) q[0];" + END2,
        QASM2
        + "ecr q[0], q[1];\nmeasure q[0] -> c[0];\nrz(1) q[0];\nx q[1];\nmeasure q[1] -> c[1];",
        QASM3 + "gate g(a) x, y { rx(a / 2) x; cx x, y; }\ng(0.1) q[0], q[1];\nreset q[0];" + END3,
        QASM3 + "rx(-pi / 2 + 1) q[0];\nU(0.1, 0.2, 0.3) q;\nbarrier q;\ndelay[1us] q[0];" + END3,
        "OPENQASM 3;\nqreg q[2];\ncreg c[2];\necr q[0], q[1];\nmeasure q[0] -> c[0];",
    ],
)
def test_what_the_cloud_takes_runs(strict_qpu: Any, program: str) -> None:
    assert strict_qpu.run(program)


def test_qir_that_the_cloud_leaves_out_is_refused(strict_qpu: Any, local_qpu: Any) -> None:
    program = """\
define void @main() #0 {
  call void @__quantum__qis__NAME__body(ptr null, ptr inttoptr (i64 1 to ptr))
  call void @__quantum__qis__mz__body(ptr null, ptr null)
  ret void
}
declare void @__quantum__qis__NAME__body(ptr, ptr)
declare void @__quantum__qis__mz__body(ptr, ptr)
attributes #0 = { "entry_point" }
"""
    assert strict_qpu.run(program.replace("NAME", "cnot")) == {"c": {"0": 1000}}
    swap = program.replace("NAME", "swap")
    message = strict_qpu.fail(swap)["error_message"]
    assert message.startswith("2:3 OQC's compiler leaves out '__quantum__qis__swap__body'\n")
    assert local_qpu.run(swap) == {"c": {"0": 1000}}


def test_the_profile_is_told(strict_qpu: Any, local_qpu: Any) -> None:
    for qpu, said in ((strict_qpu, "OQC's compiler takes"), (local_qpu, "QIR base profile")):
        for item in qpu.get("/admin/qpu", per_page="100")["items"]:
            assert said in json.loads(item["feature_set"])["Programs"]
