"""Command line of the local QPU."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import math
import sys
from pathlib import Path

from oqc_notebook.local.scenario import Fault, ScenarioError, read_scenario
from oqc_notebook.local.settings import Settings

_NEEDED = ("starlette", "uvicorn", "qiskit", "qiskit_aer", "qiskit_qasm3_import")

_DESCRIPTION = """\
Start a local QPU: QCaaS on this machine, with programs simulated by qiskit-aer.

The first line on standard output is one JSON object:
  {"url": "http://127.0.0.1:PORT", "token": "...", "pid": N}
Give url and token to any client of QCaaS. Messages go to standard error. It runs until it is
stopped with Ctrl-C or SIGTERM; nothing is kept after that."""

_EPILOG = """\
QPUs:
  qpu:local:1:exact      Exact 32-qubit
  qpu:local:2:simulator  8-qubit Simulator (with noise)
  qpu:local:3:large      Large 100-qubit (a truncated matrix product state)
  qpu:local:4:priced     Priced 16-qubit (asks for a price)

Programs are OpenQASM 2 or 3, which begin with their version, or QIR of the base profile.

A scenario is a TOML file that says what is to go wrong, a table for each fault:
  [[fault]]
  kind = "refuse"          # the answer is an error
  status = 429
  retry_after = 2
  call = "submit"          # which calls (default: any)
  times = 3                # how often, or "always" (default: 1)
  after = 1                # so many of these calls pass first (default: 0)
  after_s = 10             # not before so many seconds (default: 0)

  [[fault]]
  kind = "drop"            # the connection is closed instead of an answer
  accepted = true          # only the answer is lost: the service does what was asked

kind and its fields:
  refuse         status, text, retry_after, accepted, call
  html           accepted, call               a web page with status 200
  drop           accepted, call
  slow           seconds, call                the answer is held back
  truncate       bytes, call                  the answer ends after so many bytes
  purge          state, task_id               the task is deleted when it is asked about
  reject_config  text                         a submission is refused for its configuration
  crash_worker                                the simulator is killed, and the task fails
  remove_qpu     qpu_id                       (has no times and after, as the next)
  fewer_qubits   qpu_id, qubits
call: any, version, login, qpus (their list and features), reserve (ids), submit, poll (a look at
a task), cancel, tasks (their list) or monitoring (queues, windows, calibrations)"""


def main(argv: list[str] | None = None) -> int:
    """Run a local QPU until it is stopped; return the exit code."""
    settings = _read_arguments(argv)
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return _complain(
            f"The local QPU needs {', '.join(missing)}: pip install 'oqc_notebook[local]'"
        )
    if settings.executor is not None and (why := _why_no_cluster(settings.executor)):
        return _complain(why)
    from oqc_notebook.local.server import serve  # needs what was just looked for

    try:
        asyncio.run(serve(settings))
    except OSError as error:
        return _complain(f"Port {settings.port} cannot be used: {error.strerror}")
    return 0


def _why_no_cluster(address: str) -> str | None:
    if importlib.util.find_spec("distributed") is None:
        return "--executor needs distributed: pip install 'oqc_notebook[local,dask]'"
    from oqc_notebook.local.cluster import connect
    from oqc_notebook.local.workers import WorkerError

    try:
        connect(address).close()
    except WorkerError as error:
        return f"{error}. Start one with: dask scheduler"
    return None


def _complain(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 1


def _read_arguments(argv: list[str] | None) -> Settings:
    parser = argparse.ArgumentParser(
        prog="oqc-notebook qpu",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=port_number,
        default=Settings.port,
        help="port on 127.0.0.1 (default: any free one)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        help="make results repeatable: the n-th task submitted to a QPU gives the same shots at "
        "every start with this seed (default: random)",
    )
    parser.add_argument(
        "--workers",
        type=whole_number,
        default=Settings.workers,
        metavar="N",
        help="simulator processes, about 100 MB each (default: %(default)s)",
    )
    parser.add_argument(
        "--executor",
        type=dask_address,
        metavar="dask://HOST:PORT",
        help="run the simulations on the Dask cluster of this scheduler, as many at once as it "
        "has threads, instead of on this machine; its workers need oqc_notebook[local,dask]",
    )
    parser.add_argument(
        "--latency",
        type=seconds,
        default=Settings.latency,
        metavar="SECONDS",
        help="least time that a task is seen as SUBMITTED, and again as RUNNING "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--speed",
        type=factor,
        default=Settings.speed,
        metavar="FACTOR",
        help="let time pass so many times as fast: latency, retention and the times of a "
        "scenario (default: %(default)s)",
    )
    parser.add_argument(
        "--retention",
        type=seconds,
        metavar="SECONDS",
        help="delete a task so long after its end; it is answered with 404 then (default: never)",
    )
    parser.add_argument(
        "--scenario",
        type=scenario,
        default=Settings.scenario,
        metavar="FILE",
        help="let go wrong what this file says, see below",
    )
    parser.add_argument(
        "--max-seconds",
        type=time_limit,
        default=Settings.max_seconds,
        metavar="SECONDS",
        help="time limit of one simulation (default: %(default)s)",
    )
    parser.add_argument(
        "--max-memory-mb",
        type=whole_number,
        default=Settings.max_memory_mb,
        metavar="MB",
        help="memory limit of one simulation; 16 bytes x 2^qubits are needed for a program that "
        "is not Clifford, so the default does for 27 qubits (default: %(default)s)",
    )
    parser.add_argument(
        "--profile",
        choices=("permissive", "oqc"),
        default=Settings.profile,
        help="permissive runs what can be run; oqc refuses what OQC's compiler refuses, such as "
        "'if' and loops (default: %(default)s)",
    )
    parser.add_argument(
        "--exit-with-stdin",
        action="store_true",
        help="obey standard input and end with it, for a server that is started by another process",
    )
    return Settings(**vars(parser.parse_args(argv)))


# argparse names these functions where it refuses a value.


def port_number(text: str) -> int:
    """Read the number of a TCP port."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not from 0 to 65535")
    return port


def dask_address(text: str) -> str:
    """Read the address of a scheduler; give it as Dask writes it."""
    scheme, _, place = text.partition("://")
    host, _, port = place.rpartition(":")
    if scheme != "dask" or not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form dask://HOST:PORT")
    return f"tcp://{place}"


def whole_number(text: str) -> int:
    """Read a number of things, at least one."""
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} is less than 1")
    return count


def seconds(text: str) -> float:
    """Read a time that may be 0."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a time in seconds")
    return value


def factor(text: str) -> float:
    """Read how many times as fast something is."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a factor above 0")
    return value


def scenario(text: str) -> tuple[Fault, ...]:
    """Read the file of a scenario."""
    try:
        return tuple(read_scenario(Path(text)))
    except ScenarioError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def time_limit(text: str) -> float:
    """Read a time that may not be 0."""
    value = seconds(text)
    if value == 0:
        raise argparse.ArgumentTypeError("0 is too short")
    return value


if __name__ == "__main__":
    sys.exit(main())
