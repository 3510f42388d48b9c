"""OpenQASM 3 with variables, subroutines and loops over qubits is unrolled before it runs."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from qiskit.quantum_info import Statevector

from oqc_notebook.local.programs import read_program
from oqc_notebook.local.qasm3_gates import _KNOWN

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
UNROLLED = HEAD + "const int n = 2;\n"
FLIPPED = "qubit[3] q;\nbit[2] c;\nbit d;\nx q[0];\nc = measure q[0:1];\n"


@pytest.mark.parametrize(
    ("statements", "results"),
    [
        ("qubit[2] a; qubit[2] b; bit[2] c; x a; cx a, b; c = measure b;", {"c": "11"}),
        ("qubit[2] a; qubit[2] b; bit[2] c; x a; swap a, b; c = measure a;", {"c": "00"}),
        ("qubit q; qubit[2] b; bit[2] c; x q; cx q, b; c = measure b;", {"c": "11"}),
        ("gate x a { } qubit q; bit c; switch (n) { case 2 { x q; } } c = measure q;", {"c": "0"}),
        ("gate g a { rx(pi / n) a; } qubit q; bit c; pow(2) @ g q; c = measure q;", {"c": "1"}),
        (
            "gate g(t) a { rx(t / 2 ** n + sin(0)) a; } qubit[2] q; bit[2] c;"
            "x q[0]; ctrl @ g(4 * pi) q[0], q[1]; c = measure q;",
            {"c": "11"},
        ),
        (
            "def f(float t, qubit a) { rx(t) a; } qubit q; bit c; f(pi, q); c = measure q;",
            {"c": "1"},
        ),
        (
            "def f(int k) -> float { return k * pi; } qubit q; bit c; float t = f(1);"
            "rx(t) q; c = measure q;",
            {"c": "1"},
        ),
        (
            "def f(qubit[2] a) { cx a[0], a[1]; } qubit[3] q; bit[3] c;"
            "x q[1]; f(q[1:2]); c = measure q;",
            {"c": "011"},
        ),
        (
            "qubit[3] q; bit[3] c; x q; h q[0:1]; for int i in [1:n] { for int j in [0:i-1] {"
            "inv @ cp(pi / 2 ** (i - j)) q[j], q[i]; cp(pi / 2 ** (i - j)) q[j], q[i]; } }"
            "h q[0:1]; c = measure q;",
            {"c": "111"},
        ),
    ],
)
def test_unrolled_programs_give_what_they_say(
    local_qpu: Any, statements: str, results: dict[str, str]
) -> None:
    expected = {name: {bits: 1000} for name, bits in results.items()}
    assert local_qpu.run(UNROLLED + statements) == expected


@pytest.mark.parametrize(
    ("statements", "bits"),
    [
        ("for int i in [0:1] { x q[i + 1]; }", "011"),
        ("for int i in [0:1] { x q[i]; cx q[i], q[i + 1]; }", "100"),
        ("for int i in [0:1] { for int j in [0:i] { x q[i + j]; } }", "111"),
        ("for int i in [0:1] { x q[i:i + 1]; }", "101"),
        ("for int i in [0:2] { if (i == 1) { x q[i]; } }", "010"),
        ("for int i in [0:2:1] { x q[i]; }", "100"),
        ("for int i in [2:-2:1] { x q[i]; }", "001"),
        ("for int i in [1:0] { x q[i]; }", "000"),
        ("int i = 0; x q[i:2:2];", "101"),
        ("x q[1:-1];", "011"),
        ("x q[2:-2:0];", "101"),
        ("x q[-2:-2];", "010"),
        ("x q[2:-1:1];", "011"),
        ("for int i in [0:2] { pow(i) @ x q[i]; }", "010"),
    ],
)
def test_loops_over_qubits_run(local_qpu: Any, statements: str, bits: str) -> None:
    program = f"{HEAD}qubit[3] q;\nbit[3] c;\n{statements}\nc = measure q;"
    assert local_qpu.run(program) == {"c": {bits: 1000}}


@pytest.mark.parametrize(
    ("statement", "bit"),
    [
        ("for int i in [0:1] { if (c[i] == 1) { x q[2]; } }", "1"),
        ("for int i in [0:1] { if (!c[1 - i]) { x q[2]; } else { y q[1]; } }", "1"),
        ("int i = 1; if (c == i) { x q[2]; }", "1"),
        ("int i = 1; d = measure q[0]; if (d) { x q[2]; }", "1"),
        ("int i = 1; d = measure q[0]; if (!d) { x q[2]; }", "0"),
        ("def f(qubit a) { x a; } if (c[0] == 1) { f(q[2]); }", "1"),
        ("if (c[0] == 1) { int k = 1; k += 1; rx(k * pi / 2) q[2]; }", "1"),
        ("if (c > 0) { x q[2]; }", "1"),
        ("if (c >= 2) { x q[2]; } else { y q[0]; }", "0"),
        ("if (c != 2) { x q[2]; }", "1"),
        ('int i = 1; if (c == "01") { x q[2]; }', "1"),
    ],
)
def test_conditions_on_bits_stay_for_the_run(local_qpu: Any, statement: str, bit: str) -> None:
    results = local_qpu.run(f"{HEAD}{FLIPPED}{statement}\nd = measure q[2];")
    assert results["d"] == {bit: 1000}


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("int i = c;", "8:9 the value of bit 'c' is known only while the program runs"),
        ("int i = 0;\ni += c[0];", "9:6 the value of bit 'c' is known"),
        ("def f(qubit a, bit b) { if (b) { x a; } }\nf(q[2], c[0]);", "9:9 the value of bit 'c'"),
        ("int i = 0;\nif (c[1] == 1) { i = 1; }", "9:18 'i' is set where a measurement decides"),
        ("int i = 0;\nd = 1;", "9:1 bit 'd' can be set by measurements only"),
        ("int i = 0;\nwhile (i < 3) { x q; break; }", "9:22 'break' cannot be unrolled"),
        ("int i = 0;\nfor int k in [0:3] { continue; }", "9:22 'continue' cannot be unrolled"),
        ("int i = 0;\nfor int k in [0:c] { x q; }", "9:17 the value of bit 'c' is known"),
        ("x q[c[0]];", "8:5 the value of bit 'c' is known"),
        ("int i = 1;\nif (bool(c[0])) { x q[i]; }", "9:10 the value of bit 'c' is known"),
        ("int i = 1;\nwhile (int(c[0]) < i) { x q; }", "9:12 the value of bit 'c' is known"),
    ],
)
def test_variables_that_measurements_decide_are_refused(
    local_qpu: Any, statement: str, text: str
) -> None:
    message = local_qpu.fail(f"{HEAD}{FLIPPED}{statement}\nd = measure q[2];")["error_message"]
    assert message.startswith(text)


@pytest.mark.parametrize("constant", ["", "const int n = 2;\n"])
@pytest.mark.parametrize("call", ["rx(1/2*pi) q;", "pow(1/2) @ x q;", "rx((1+2)/-6*pi) q;"])
def test_fractions_are_what_oqcs_compiler_takes_them_for(
    local_qpu: Any, constant: str, call: str
) -> None:
    program = f"{HEAD}{constant}qubit q;\nbit c;\n{call}\n{call}\nc = measure q;"
    assert local_qpu.run(program) == {"c": {"1": 1000}}


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("  cx q[0], q[0];", "6:3 duplicate bit arguments\n      cx q[0], q[0];\n      ^"),
        ("let a = q ++ r;", "6:1 Unsupported aliasing\n    let a = q ++ r;\n    ^"),
        ("foo q[0];", "6:1 gate 'foo' is not defined\n    foo q[0];\n    ^"),
        (
            "cx q, r;",
            "6:1 registers of different sizes, 2 and 3, cannot be paired\n    cx q, r;\n    ^",
        ),
    ],
)
def test_places_in_unrolled_programs_are_those_of_the_program(
    local_qpu: Any, statement: str, message: str
) -> None:
    program = f"{UNROLLED}qubit[n] q; qubit[3] r;\nbit c;\n{statement}\nc = measure q[0];"
    assert local_qpu.fail(program)["error_message"] == message


def test_huge_registers_are_refused_before_they_are_made(local_qpu: Any) -> None:
    for size in ("n", "n * 10", "2 ** 40", "9 ** 9 ** 9 ** 9"):
        program = f"{HEAD}const int n = 1000000000;\nqubit[{size}] q;\nbit c;\nc = measure q[0];"
        assert "32-qubit has 32" in local_qpu.fail(program)["error_message"]


def test_gates_are_the_same_in_a_program_that_is_unrolled() -> None:
    lines, calls = [], 0
    modifiers = ("", "inv @ ", "ctrl @ ", "negctrl @ inv @ ", "pow(2) @ ", "pow(-1) @ ctrl @ ")
    for (name, (_, angles, qubits)), modifier in product(sorted(_KNOWN.items()), modifiers):
        if (count := qubits + modifier.count("ctrl")) <= 4:
            calls += 1
            given = f"({', '.join(f'0.{calls}{k + 1}' for k in range(angles))})" if angles else ""
            operands = [f"q[{(calls + k) % 4}]" for k in range(count)]
            lines.append(f"{modifier}{name}{given} {', '.join(operands)};")
            lines += [f"U(0.7, 0.{calls}, 0.3) q[{k}];" for k in range(4)]
    body = "qubit[4] q;\nbit c;\n" + "\n".join(lines) + "\nc = measure q[0];"
    assert calls > 200
    states = []
    for head in (HEAD, UNROLLED):
        circuit = read_program(head + body, "", 4, as_in_the_cloud=False).circuit
        circuit.remove_final_measurements()
        states.append(Statevector(circuit))
    assert states[0].equiv(states[1])
