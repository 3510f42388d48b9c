"""Programs and their results, through the API."""

from __future__ import annotations

import json

import pytest
from compiler_config.config import CompilerConfig, QuantumResultsFormat
from compiler_config.experimental.erado.config import EradoConfig

QASM2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
QASM3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'
MEASURE2 = "measure q -> c;"
MEASURE3 = "c = measure q;"


def config(repeats, results_format=None):
    return CompilerConfig(repeats=repeats, results_format=results_format).to_json()


def test_bell(local_qpu, bell):
    counts = local_qpu.run(bell)["c"]
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 1000
    assert 400 < counts["00"] < 600


@pytest.mark.parametrize("qubits", [20, 32])
def test_ghz(local_qpu, qubits):
    chain = "".join(f"cx q[{i}],q[{i + 1}];" for i in range(qubits - 1))
    program = QASM2.replace("[2]", f"[{qubits}]") + "h q[0];" + chain + MEASURE2
    assert set(local_qpu.run(program)["c"]) == {"0" * qubits, "1" * qubits}


@pytest.mark.parametrize(
    ("program", "results"),
    [
        # The first bit of a register is the leftmost character.
        (
            'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[2]; x q[0]; measure q -> a;',
            {"a": {"10": 1000}},
        ),
        # Several registers; one is not measured.
        (
            # "p" is also the name of a gate.
            'OPENQASM 2.0; include "qelib1.inc"; qreg p[1]; qreg q[2]; creg a[2]; creg b[1];'
            "creg d[1]; x q[1]; measure q -> a; measure p[0] -> b[0];",
            {"a": {"01": 1000}, "b": {"0": 1000}, "d": {"0": 1000}},
        ),
        # Mid-circuit measurement, reset, barrier, a condition.
        (
            QASM2 + "x q[0]; measure q[0] -> c[1]; reset q[0]; barrier q; measure q[0] -> c[0];",
            {"c": {"01": 1000}},
        ),
        (QASM2 + "x q[0]; measure q -> c; if (c==1) x q[1]; " + MEASURE2, {"c": {"11": 1000}}),
        # Gates of the program's own, also one that is called like a library gate.
        (QASM2 + "gate flip a,b { x a; x b; } flip q[0],q[1];" + MEASURE2, {"c": {"11": 1000}}),
        (QASM2 + "gate sxdg a { x a; } sxdg q[0];" + MEASURE2, {"c": {"10": 1000}}),
        (
            "OPENQASM 2.0; qreg q[1]; creg c[1]; gate x a { U(0,0,0) a; } x q[0]; measure q -> c;",
            {"c": {"0": 1000}},
        ),
        (
            "OPENQASM 3.0; gate x a { } qubit[2] q; bit[2] c; U(pi, 0, pi) q[0];"
            "ctrl @ x q[0], q[1]; x q[1]; c = measure q;",
            {"c": {"10": 1000}},
        ),
        # Gates that OpenQASM 2 programs expect although the first qelib1.inc lacks them.
        (QASM2 + "x q[0]; swap q[0],q[1]; p(0.5) q[1];" + MEASURE2, {"c": {"01": 1000}}),
        # Comments of both kinds.
        ("/* OPENQASM 3; */ // no\n" + QASM2 + "x /* y */ q[0];" + MEASURE2, {"c": {"10": 1000}}),
        # OpenQASM 3: scalar bits, names with capitals, bits that are set on declaration.
        (QASM3 + "x q[0];" + MEASURE3, {"c": {"10": 1000}}),
        (
            'OPENQASM 3; include "stdgates.inc"; qubit[2] q; x q[0]; bit out; bit[2] Out;'
            "out = measure q[0]; Out = measure q; bit last = measure q[1];",
            {"out": {"1": 1000}, "Out": {"10": 1000}, "last": {"0": 1000}},
        ),
        # What goes beyond gates and still runs.
        (
            QASM3 + "for int i in [0:4] { x q[0]; } x q[0]; box { x q[1]; } pow(2) @ s q[0];"
            "negctrl @ x q[0], q[1]; " + MEASURE3,
            {"c": {"00": 1000}},
        ),
        (
            QASM3 + "x q; c = measure q; while (c[1] == true) { x q[1]; c[1] = measure q[1]; }"
            "if (c == 1) { x q[1]; } else { x q[0]; }" + MEASURE3,
            {"c": {"11": 1000}},
        ),
        # Conditions before anything was measured.
        (
            QASM3 + "while (!c[0]) { x q[0]; c[0] = measure q[0]; } if (c == 2) { x q[1]; }",
            {"c": {"10": 1000}},
        ),
        (QASM2 + "if (c == 0) x q[0]; if (c == 1) x q[1];" + MEASURE2, {"c": {"10": 1000}}),
        # Qubits that only a condition acts on.
        (
            QASM2 + "x q[1]; if (c == 0) x q[0]; measure q[1] -> c[0];",
            {"c": {"10": 1000}},
        ),
        (
            QASM2 + "creg d[4]; measure q[1] -> d[2]; if (c == 1) id q[0];",
            {"c": {"00": 1000}, "d": {"0000": 1000}},
        ),
        # What a register cannot hold, it never is.
        (QASM2 + "x q; measure q -> c; if (c == 7) x q[0];" + MEASURE2, {"c": {"11": 1000}}),
        (
            QASM3 + "while (c == 4) { x q; } if (c == 8) { x q[0]; } else { x q[1]; }" + MEASURE3,
            {"c": {"01": 1000}},
        ),
    ],
)
def test_results(local_qpu, program, results):
    assert local_qpu.run(program) == results


@pytest.mark.parametrize(
    ("program", "text"),
    [
        (QASM2 + "hadamard q[0];", "5:1 'hadamard' is not defined"),
        (QASM2 + "h q[0];\n  h q[7];", "6:7 index 7 is out-of-range"),
        (QASM2 + "h q[0]", "5:1 unexpected end-of-file"),
        (QASM2 + "rx(1/0) q[0];", "5:5 "),
        (QASM2 + "é", "5:1 "),
        (QASM2 + "\ud800", "cannot be read"),
        (
            QASM2 + "gate g a { rx(exp(1e3)) a; } g q[0];" + MEASURE2,
            "an angle of a gate 'rx' is inf",
        ),
        (QASM3 + "U(1e999, 0, 0) q[0];" + MEASURE3, "an angle of a gate 'u' is infinite"),
        (QASM2 + "x q[0]; /* x q[1];\n", "5:9 this comment has no end"),
        (QASM2 + "\x00", "5:1 "),
        (QASM2 + "opaque mist a; mist q[0];" + MEASURE2, "5:16 gate 'mist' is opaque"),
        (QASM2 + "opaque swap a, b; swap q[0], q[1];", "5:19 gate 'swap' is opaque"),
        (QASM2 + "// qreg x[99];\n/*\n*/ oops;", "7:4 'oops' is not defined"),
        (QASM2 + "x q[0];", "measures nothing"),
        (QASM2 + "if (c == 4) measure q -> c;", "measures nothing"),
        (QASM3 + "hadamard q[0];", "5:1 gate 'hadamard' is not defined"),
        (QASM3 + "x q[0];\n  x q[7];", "6:3 an index is out of range"),
        (QASM3 + "x q[0]\nx q[1];", "6:1 unexpected 'x', expected ';'"),
        (QASM3 + "x q[0]", "the program ends here, expected ';'"),
        (QASM3 + "x $$;", "5:3 "),
        (QASM3 + "rx q[0];", "5:1 "),
        (QASM3 + "rx(1/0) q[0];", "5:1 a division by zero"),
        (QASM3 + "x q[0], q[1];", "5:1 "),
        (QASM3 + "gate g a { }\ngate g a { }", "6:1 'g' is already defined"),
        (QASM3 + "end;", "5:1 statements of the kind EndStatement cannot be run here"),
        (QASM3 + "int a = b;\nx q[a];", "5:9 "),
        (QASM3 + "def f(qubit a) { x b; }\nf(q[0]);", "5:20 there is no such qubit here"),
        (QASM3 + "int a = 0; while (a < 1) { x q[0]; }", "5:12 a loop has more than 10000 rounds"),
        (QASM3 + 'int a;\nbit[2] b = "11";\nif (int[2](b) != 0) { x q; }', "7:12 the value of bit"),
        (QASM3 + "input float theta; rx(theta) q[0];" + MEASURE3, "5:1 the program has inputs"),
        (QASM3 + "extern f(int) -> int;\nint i = f(2);" + MEASURE3, "5:1 statements of the kind"),
        (QASM3 + "x q[0];", "measures nothing"),
        (QASM3 + "U(" + "(" * 400 + "1" + ")" * 400 + ", 0, 0) q[0];", "nested too deeply"),
        ("OPENQASM 4.0;", "OpenQASM 4 is not known"),
        ("; ModuleID = 'qir'", "no function with the attribute entry_point"),
        ("quantum", "no OpenQASM program"),
        ("qreg q[1];", "begin with their version"),
    ],
)
def test_errors_say_where(local_qpu, program, text):
    error = local_qpu.fail(program)
    assert text in error["error_message"]
    assert error["error_code"] == 400


@pytest.mark.parametrize("header", ["OPENQASM 2.0;\n", "OPENQASM 3.0;\n"])
@pytest.mark.parametrize("name", ["/etc/passwd", "other.inc", "../qelib1.inc", ""])
def test_an_include_opens_no_file(local_qpu, header, name):
    error = local_qpu.fail(header + f'include "{name}";')
    assert error["error_message"].startswith("2:1 only ")


@pytest.mark.parametrize(
    ("program", "qubits"),
    [
        ("OPENQASM 2.0; qreg q[33];", 33),
        ("OPENQASM 2.0; qreg q[30]; qreg p [ 3 ];", 33),
        ("OPENQASM 2.0; qreg q[1000000000000];", 1_000_000_000_000),
        ("OPENQASM 3.0; qubit q; qubit[32] p;", 33),
        ("OPENQASM 3.0; qubit[1000000000000] q;", 1_000_000_000_000),
        ("OPENQASM 3.0; qubit[30 + 4] q;", 34),
    ],
)
def test_the_qubit_limit(local_qpu, program, qubits):
    error = local_qpu.fail(program)
    text = f"the program needs {qubits} qubits; Exact 32-qubit has 32"
    assert error == {"error_code": 400, "error_message": text}


@pytest.mark.parametrize(
    "program",
    ["OPENQASM 2.0; qreg q[1]; creg c[1000000000];", "OPENQASM 3.0; qubit q; bit[1000000000] c;"],
)
def test_the_limit_of_classical_bits(local_qpu, program):
    error = local_qpu.fail(program)
    assert "needs 1000000000 classical bits" in error["error_message"]


def test_each_qpu_has_its_own_qubit_limit(local_qpu):
    program = "OPENQASM 3.0; qubit[9] q; bit c; c = measure q[0];"
    error = local_qpu.fail(program, qpu_id=local_qpu.small)
    assert error["error_message"] == "the program needs 9 qubits; 8-qubit Simulator has 8"
    assert local_qpu.run(program) == {"c": {"0": 1000}}


def test_shots_share_what_they_have_in_common(local_qpu):
    # Shot by shot, this takes minutes.
    step = "h q; ccx q[0], q[1], q[2]; ccx q[0], q[1], q[2]; h q; reset q[0]; t q[3];"
    program = QASM2.replace("[2]", "[16]") + step * 6 + "x q[0];" + MEASURE2
    assert local_qpu.run(program) == {"c": {"1" + "0" * 15: 1000}}
    raw = config(3, QuantumResultsFormat().raw())
    assert local_qpu.run(program, config=raw)["c"][:2] == [[-1.0] * 3, [1.0] * 3]


def test_results_formats(local_qpu):
    program = QASM2 + "x q[0];" + MEASURE2

    def results(results_format):
        return local_qpu.run(program, config=config(3, results_format))["c"]

    assert results(QuantumResultsFormat().binary_count()) == {"10": 3}
    assert results(None) == [1, 0]
    assert results(QuantumResultsFormat().binary()) == [1, 0]
    assert results(QuantumResultsFormat().squash_binary_result_arrays()) == "10"
    assert results(QuantumResultsFormat().raw()) == [[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]


def test_erasures_are_missed_with_a_warning(local_qpu, bell):
    info = local_qpu.info(local_qpu.submit(bell, config=EradoConfig(repeats=20).to_json())[0])
    assert sum(info["results"]["c"].values()) == 20
    (message,) = info["messages"]
    assert message.startswith("Warning: this QPU simulates no erasures")
    plain = local_qpu.info(local_qpu.submit(bell)[0])
    assert "messages" not in plain


def test_shots(local_qpu, bell):
    counting = QuantumResultsFormat().binary_count()
    for repeats, shots in ((None, 1000), (1, 1), (100_000, 100_000)):
        counts = local_qpu.run(bell, config=config(repeats, counting))["c"]
        assert sum(counts.values()) == shots
    for repeats in (100_001, 0, -1, "lots", 1.5, True, [1]):
        task = {"program": bell, "qpu_id": local_qpu.exact, "config": config(repeats, counting)}
        text = local_qpu.refused("/tasks/submit", {"tasks": [task]}, 400)
        assert json.dumps(repeats) in text
        assert "100000" in text
