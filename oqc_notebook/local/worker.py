"""The simulator process: reads requests on its standard input, writes answers on its output.

One request is one line of JSON. An answer is a line of JSON with the outcome and, after a good
one, a second line with the results, which the server passes on without reading them. The first
line of all, ``{"ready": true}``, says that the imports are done.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from typing import Any, BinaryIO

_GRACE_SECONDS = 10
# The service holds results in memory and sends them in one piece.
_MOST_RESULT_BYTES = 256 * 2**20


def main() -> None:
    """Run the process; its one argument is JSON with ``max_memory_mb`` and ``max_seconds``."""
    limits = json.loads(sys.argv[-1])
    requests, answers = _take_pipes()
    _end_with_parent()
    from oqc_notebook.local import simulator  # slow, and only when the pipes are safe

    # Aer logs each failed simulation; the answer says it already.
    logging.getLogger("qiskit_aer").setLevel(logging.CRITICAL)
    _limit_memory(limits["max_memory_mb"])
    _write(answers, _line({"ready": True}))
    for line in requests:
        _set_alarm(limits["max_seconds"] + _GRACE_SECONDS)
        outcome, results = _answer(simulator, json.loads(line), limits["max_memory_mb"])
        _set_alarm(0)
        _write(answers, _line(outcome) + results)


def _answer(
    simulator: Any, request: dict[str, Any], max_memory_mb: int
) -> tuple[dict[str, Any], bytes]:
    """Return the outcome of a request, and the line of its results, which an error has none of."""
    from oqc_notebook.local import programs, qpus, results, source

    started = time.perf_counter()
    try:
        qpu = qpus.QPU_OF[request["qpu_id"]]
        program = programs.read_program(
            request["program"],
            qpu.name,
            request["qubits"],
            as_in_the_cloud=request["profile"] == "oqc",
        )
        shots = simulator.simulate(
            program,
            qpu,
            request["shots"],
            request["seed"],
            max_memory_mb,
            keep_order=request["results_format"] == "raw",
        )
        outcome = {
            "metrics": simulator.metrics(program.language, shots.circuit),
            "seconds": time.perf_counter() - started,
        }
        line = _line(
            results.format_results(
                request["results_format"], program.registers, shots.counts, shots.in_order
            )
        )
        if len(line) > _MOST_RESULT_BYTES:
            text = (
                f"the results take {len(line) >> 20} MB; the limit is {_MOST_RESULT_BYTES >> 20} MB"
            )
            return _failure(413, text), b""
        return outcome, line
    except source.ProgramError as error:
        return _failure(400, error.told(request["program"])), b""
    except simulator.MemoryLimitError as error:
        return _failure(413, str(error)), b""
    except MemoryError:
        text = f"the simulation needs more memory than the limit of {max_memory_mb} MB"
        # What is left of this process is not to be trusted with the next task.
        return _failure(413, text) | {"recycle": True}, b""
    except RecursionError:
        return _failure(400, "the program is nested too deeply"), b""
    except BaseException:  # a panic in qiskit's Rust parts is no Exception
        logging.exception("a simulation failed")
        return _failure(500, "the simulator failed at this program") | {"recycle": True}, b""


def _failure(code: int, text: str) -> dict[str, Any]:
    return {"error": {"error_code": code, "error_message": text}}


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"


def _write(answers: BinaryIO, lines: bytes) -> None:
    answers.write(lines)
    answers.flush()


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep both pipes for the protocol; whatever a library prints goes to standard error."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, answers


def _end_with_parent() -> None:
    # The end of standard input ends this process, but Aer holds the interpreter for a whole
    # simulation, so the kernel is asked to end it too.
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _set_alarm(seconds: float) -> None:
    # Where the kernel offers nothing like that, an orphan ends soon after its time limit: the
    # default action of this signal needs no interpreter.
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(max_memory_mb: int) -> None:
    """Let the address space grow by the limit beyond what the imports took."""
    if sys.platform == "linux":
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        # Threads reserve address space that they do not use: stacks and allocator arenas.
        spare_mb = 512 + 80 * (os.cpu_count() or 1)
        limit = used + (max_memory_mb + spare_mb) * 2**20
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
