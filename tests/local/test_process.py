"""The server and its simulators as processes: start, limits, crashes, end."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

import oqc_notebook.local
from oqc_notebook.local import simulator, worker
from oqc_notebook.local.__main__ import main

ROOT = Path(oqc_notebook.local.__file__).parents[2]


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() for process in processes)


def test_the_ready_line(start_qpu):
    first, second = start_qpu("--workers", "1"), start_qpu("--workers", "1")
    assert set(first.ready) == {"url", "token", "pid"}
    assert first.ready["pid"] == first.process.pid
    assert len(first.ready["token"]) >= 32
    assert first.ready["token"] != second.ready["token"]
    assert httpx.URL(first.ready["url"]).host == "127.0.0.1"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop(start_qpu, bell, endless, number):
    qpu = start_qpu("--latency", "0", "--workers", "2")
    task_id = qpu.submit(endless, bell)[0]
    qpu.until(lambda: qpu.status(task_id) == "RUNNING")
    workers = qpu.workers()
    assert len(workers) == 2
    qpu.process.send_signal(number)
    out, err = qpu.process.communicate(timeout=5)
    assert (qpu.process.returncode, out, err) == (0, "", "")
    assert gone(workers)


def test_a_stop_before_the_simulators_are_ready(start_qpu):
    qpu = start_qpu("--workers", "4")
    qpu.until(lambda: len(qpu.workers()) == 4)
    workers = qpu.workers()
    qpu.process.send_signal(signal.SIGTERM)
    assert qpu.process.communicate(timeout=5) == ("", "")
    assert qpu.process.returncode == 0
    assert gone(workers)


def test_the_end_of_standard_input(start_qpu, bell):
    stays = start_qpu("--latency", "0", "--workers", "1")
    ends = start_qpu("--latency", "0", "--workers", "1", "--exit-with-stdin")
    for qpu in (stays, ends):
        assert qpu.run(bell)
        qpu.process.stdin.close()
        qpu.process.stdin = None
    workers = ends.workers()
    assert ends.process.communicate(timeout=5) == ("", "")
    assert ends.process.returncode == 0
    assert gone(workers)
    assert stays.run(bell)


HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\n'


def test_no_simulator_outlives_a_killed_server(start_qpu, endless):
    qpu = start_qpu("--latency", "0", "--workers", "2")
    task_id = qpu.submit(endless)[0]
    qpu.until(lambda: qpu.status(task_id) == "RUNNING" and len(qpu.workers()) == 2)
    workers = qpu.workers()
    qpu.process.kill()
    qpu.until(lambda: gone(workers), seconds=10)


def test_a_killed_simulator_fails_its_task_only(start_qpu, bell, endless):
    qpu = start_qpu("--latency", "0", "--workers", "1")
    task_ids = qpu.submit(endless, bell)
    qpu.until(lambda: qpu.status(task_ids[0]) == "RUNNING")
    qpu.workers()[0].kill()
    error = qpu.info(task_ids[0])["task_error"]
    assert error == {
        "error_code": 500,
        "error_message": "the simulator ended at this program (signal SIGKILL)",
    }
    assert qpu.info(task_ids[1])["status"] == "COMPLETED"
    # An idle one is replaced before the next task, or that task would fail.
    (idle,) = qpu.workers()
    idle.kill()
    qpu.until(lambda: gone([idle]) or idle.status() == psutil.STATUS_ZOMBIE)
    qpu.until(lambda: gone([idle]))
    assert qpu.run(bell)


def test_the_time_limit(start_qpu, bell, endless):
    qpu = start_qpu("--latency", "0", "--workers", "1", "--max-seconds", "0.5")
    error = qpu.fail(endless)
    assert error["error_code"] == 408
    assert "the limit of 0.5 s" in error["error_message"]
    assert qpu.run(bell)


def test_the_memory_limit_of_programs_that_run_shot_by_shot(start_qpu, bell):
    qpu = start_qpu("--latency", "0", "--workers", "1", "--max-memory-mb", "64")
    program = bell.replace("[2]", "[22]").replace("measure", "t q; h q; reset q[3]; measure")
    error = qpu.fail(program)
    assert error["error_code"] == 413
    assert "more memory than the limit of 64 MB" in error["error_message"]
    assert qpu.run(bell)


def test_the_memory_limit(start_qpu, bell):
    qpu = start_qpu("--latency", "0", "--workers", "1", "--max-memory-mb", "64")
    dense = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[24]; creg c[24]; rx(0.1) q; measure q -> c;'
    error = qpu.fail(dense)
    assert error["error_code"] == 413
    assert "needs 256 MB of memory; the limit is 64 MB" in error["error_message"]
    assert qpu.run(bell)


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux only")
def test_a_program_that_means_more_gates_than_there_is_room_for_names_the_limit(start_qpu, bell):
    qpu = start_qpu("--latency", "0", "--workers", "1", "--max-memory-mb", "64")
    doubled = "".join(f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}\n" for i in range(1, 40))
    program = f"{HEADER}gate g0 a {{ x a; x a; }}\n{doubled}g39 q[0];\nmeasure q -> c;"
    text = "the program means 1099511627777 gates, which need more memory than the limit of 64 MB"
    assert qpu.fail(program)["error_message"] == text
    head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[1] q;\nbit[1] c;\n'
    for also in ("", "const int n = 1;\n"):
        version3 = program.replace(HEADER, head + also).replace("measure q -> c", "c = measure q")
        assert "gate 'g16' means 131072 gates; at most" in qpu.fail(version3)["error_message"]
    assert qpu.run(bell)


def test_the_limit_of_results_is_named(monkeypatch, bell):
    # Beyond what the server reads in one piece, a task ran for ever, and with it all behind it.
    monkeypatch.setattr(worker, "_MOST_RESULT_BYTES", 2**20)
    request = {
        "program": bell.replace("c[2]", "c[20]").replace("q -> c", "q[0] -> c[0]"),
        "qpu_id": "qpu:local:1:exact",
        "qubits": 32,
        "profile": "permissive",
        "shots": 100_000,
        "seed": 1,
        "results_format": "raw",
    }
    outcome, results = worker._answer(simulator, request, 2048)
    error = {"error_code": 413, "error_message": "the results take 9 MB; the limit is 1 MB"}
    assert (outcome, results) == ({"error": error}, b"")
    outcome, results = worker._answer(simulator, request | {"shots": 10}, 2048)
    assert "error" not in outcome
    assert [len(bits) for bits in json.loads(results)["c"]] == [10] * 20


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux only")
def test_the_address_space_of_a_simulator():
    # For what Aer does not count.
    code = (
        "from oqc_notebook.local.worker import _limit_memory as limit; limit(64); bytearray(2**{})"
    )
    for power, ends in ((24, 0), (40, 1)):
        process = subprocess.run(
            [sys.executable, "-c", code.format(power)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == ends
        assert ("MemoryError" in process.stderr) == bool(ends)


@pytest.mark.skipif(sys.platform == "win32", reason="a module that shadows another by its path")
def test_a_simulator_that_cannot_start(start_qpu, bell, tmp_path):
    (tmp_path / "qiskit_aer.py").write_text("raise ImportError('broken on purpose')\n")
    qpu = start_qpu("--workers", "1", env={"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"})
    for _ in range(2):
        error = qpu.fail(bell)
        assert error["error_code"] == 500
        assert "could not be started" in error["error_message"]
    qpu.process.send_signal(signal.SIGTERM)
    assert "broken on purpose" in qpu.process.communicate(timeout=5)[1]


def test_the_server_imports_no_simulator():
    code = (
        "import sys, oqc_notebook.local.server as server;"
        "sys.exit(any(name.startswith(('qiskit', 'numpy')) for name in sys.modules))"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 0


def test_missing_libraries(monkeypatch, capsys):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find_spec(name)
    )
    assert main([]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "The local QPU needs uvicorn: pip install 'oqc_notebook[local]'\n"


def test_a_port_that_is_taken(start_qpu, capsys):
    port = httpx.URL(start_qpu("--workers", "1").ready["url"]).port
    assert main(["--port", str(port)]) == 1
    assert f"Port {port} cannot be used" in capsys.readouterr().err


def test_help(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for word in ("--latency", "--max-memory-mb", "--exit-with-stdin", "qpu:local:1:exact", "token"):
        assert word in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--workers", "0"],
        ["--latency", "-1"],
        ["--latency", "nan"],
        ["--retention", "-1"],
        ["--speed", "0"],
        ["--scenario", "none.toml"],
        ["--max-seconds", "0"],
        ["--max-memory-mb", "none"],
        ["--seed", "x"],
    ],
)
def test_arguments_that_make_no_sense(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert arguments[0] in capsys.readouterr().err
