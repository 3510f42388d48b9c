"""The local QPU with its simulations on a Dask cluster: a real scheduler, with workers."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from oqc_notebook.local.__main__ import main
from tests.local.conftest import LocalQpu
from tests.support import until

StartQpu = Callable[..., LocalQpu]

NO_LATENCY = ("--latency", "0", "--seed", "7")


class Cluster:
    """A scheduler on 127.0.0.1 and one worker of two threads, each in processes of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.place = f"127.0.0.1:{free.getsockname()[1]}"
        self.address = f"dask://{self.place}"
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.start_scheduler()
        self.start_worker()

    def start_scheduler(self) -> None:
        host, _, port = self.place.partition(":")
        self.scheduler = self._start("dask_scheduler", "--host", host, "--port", port)
        until(self._listens, 60)

    def _listens(self) -> bool:
        host, _, port = self.place.partition(":")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return True
        return False

    def start_worker(self) -> None:
        self.worker = self._start("dask_worker", f"tcp://{self.place}", "--nthreads", "2")

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments, "--no-dashboard"]
        with (self._folder / f"{program}.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        self._processes.append(process)
        return process

    def simulators(self) -> list[psutil.Process]:
        """The simulator processes below the worker."""
        below = psutil.Process(self.worker.pid).children(recursive=True)
        return [process for process in below if "oqc_notebook.local.worker" in _command(process)]

    def end(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                for below in psutil.Process(process.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                        below.kill()
                process.kill()
            process.wait()


def _busy(cluster: Cluster) -> list[psutil.Process] | None:
    """Two simulators that have used more of their processors than their start takes."""
    with contextlib.suppress(psutil.NoSuchProcess):
        busy = [process for process in cluster.simulators() if process.cpu_times().user > 6]
        return busy if len(busy) == 2 else None
    return None


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.end()


def test_a_cluster_gives_the_same_shots_as_this_machine(
    start_qpu: StartQpu, cluster: Cluster, bell: str
) -> None:
    there = start_qpu("--executor", cluster.address, *NO_LATENCY)
    here = start_qpu("--workers", "1", *NO_LATENCY)
    assert [there.run(bell) for _ in range(3)] == [here.run(bell) for _ in range(3)]
    assert there.fail("OPENQASM 2.0;\nx q[0];") == here.fail("OPENQASM 2.0;\nx q[0];")
    assert there.workers() == []
    assert len(cluster.simulators()) == 2


def test_limits_cancellations_and_crashes_mean_the_same(
    start_qpu: StartQpu, cluster: Cluster, bell: str, endless: str
) -> None:
    qpu = start_qpu("--executor", cluster.address, "--max-seconds", "2", *NO_LATENCY)
    error = qpu.fail(endless)
    assert error["error_code"] == 408
    assert "the limit of 2 s" in error["error_message"]
    qpu = start_qpu("--executor", cluster.address, *NO_LATENCY)
    first, second, third = qpu.submit(endless, endless, bell)
    qpu.until(lambda: qpu.status(second) == "RUNNING")
    assert qpu.status(third) == "SUBMITTED"  # the cluster has two threads
    busy = until(lambda: _busy(cluster), seconds=90)  # of processors that others may use, too
    qpu.post("/tasks/cancel_many", {"tasks": [first]})
    assert qpu.status(first) == "CANCELLED"
    until(lambda: not all(process.is_running() for process in busy))
    qpu.post("/tasks/cancel_many", {"tasks": [second]})
    assert qpu.info(third)["status"] == "COMPLETED"


def test_what_runs_on_a_worker_that_is_killed_runs_again(
    start_qpu: StartQpu, cluster: Cluster, bell: str
) -> None:
    qpu = start_qpu("--executor", cluster.address, *NO_LATENCY)
    expected = start_qpu("--workers", "1", *NO_LATENCY).run(bell)
    (task,) = qpu.submit(bell)
    for process in psutil.Process(cluster.worker.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # what ended with its parent
            process.kill()  # the nanny starts another worker
    assert qpu.info(task)["results"] == expected


def test_a_scheduler_that_goes_and_comes_back(
    start_qpu: StartQpu, cluster: Cluster, bell: str, endless: str
) -> None:
    qpu = start_qpu("--executor", cluster.address, *NO_LATENCY)
    assert qpu.run(bell)
    (task,) = qpu.submit(endless)
    qpu.until(lambda: qpu.status(task) == "RUNNING")
    cluster.scheduler.kill()
    assert "Dask" in qpu.info(task)["task_error"]["error_message"]
    assert cluster.place in qpu.fail(bell)["error_message"]
    cluster.start_scheduler()
    cluster.start_worker()
    assert qpu.run(bell)


def test_without_a_scheduler_it_does_not_start(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{nobody.getsockname()[1]}"
        assert main(["--executor", f"dask://{place}"]) == 1
    assert f"no Dask scheduler answers at tcp://{place}" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["", "dask://", "dask://here", "tcp://127.0.0.1:8786"])
def test_an_address_that_is_none(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--executor", address])
    assert "dask://HOST:PORT" in capsys.readouterr().err
