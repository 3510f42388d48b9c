"""The simulator processes, seen from the server.

They live on from task to task, as importing the simulator takes most of a second. A simulation
cannot be interrupted from within, so a time-out or a cancellation kills the process, and another
one takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

from oqc_notebook.local.settings import Settings
from oqc_notebook.local.tasks import Outcome, failure

# The package's folder goes to the end of the path: it is needed where the package is not installed.
_CODE = (
    "import sys; sys.path.append(sys.argv[1]); from oqc_notebook.local.worker import main; main()"
)
_ROOT = str(Path(__file__).resolve().parents[2])
_START_SECONDS = 120
_LINE_LIMIT = 2**30


class WorkerError(Exception):
    """A simulator process that could not be started, or ended by itself."""


class Worker:
    """One simulator process."""

    def __init__(self, process: Process, max_memory_mb: int) -> None:
        self._process = process
        self._max_memory_mb = max_memory_mb

    @classmethod
    async def start(cls, settings: Settings) -> Worker:
        """Start a process and wait until its imports are done.

        Raises
        ------
        WorkerError
            If it ends, or is not ready in time.
        """
        limits = {
            "max_memory_mb": settings.max_memory_mb,
            "max_seconds": settings.max_seconds,
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-W", "ignore", "-c", _CODE, _ROOT, json.dumps(limits)),
                stdin=PIPE,
                stdout=PIPE,
                limit=_LINE_LIMIT,
                # Idle threads that spin would take the cores from the other processes.
                env=os.environ | {"OMP_WAIT_POLICY": "passive"},
                # Ctrl-C in a terminal is for the server, which ends its workers itself.
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerError(f"the simulator could not be started: {error.strerror}") from error
        worker = cls(process, settings.max_memory_mb)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await worker._read()
        except WorkerError as error:
            raise WorkerError(
                "the simulator could not be started; the messages of the local QPU say why"
            ) from error
        except TimeoutError as error:
            worker.kill()
            raise WorkerError(
                f"the simulator did not start within {_START_SECONDS} seconds"
            ) from error
        except asyncio.CancelledError:
            worker.kill()
            await worker.wait()
            raise
        return worker

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        stdout = self._process.stdout
        return self._process.returncode is None and stdout is not None and not stdout.at_eof()

    async def simulate(self, request: dict[str, Any]) -> tuple[Outcome, bool]:
        """Run one request; return its outcome and whether the process is to be replaced.

        Raises
        ------
        WorkerError
            If the process ends before it has answered.
        """
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            await stdin.drain()
        except OSError as error:
            raise await self._ended() from error
        head = json.loads(await self._read())
        if "error" in head:
            return Outcome(error=head["error"]), head.get("recycle", False)
        results = (await self._read()).rstrip()
        return Outcome(results, head["metrics"], None, head["seconds"]), False

    async def _read(self) -> bytes:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise await self._ended()
        return line

    async def _ended(self) -> WorkerError:
        code = await self._process.wait()
        if code < 0:
            names = {number.value: number.name for number in signal.Signals}
            how = f"signal {names.get(-code, -code)}"
            if code == -signal.SIGABRT:
                how += f", mostly for more memory than the limit of {self._max_memory_mb} MB"
        else:
            how = f"exit code {code}"
        return WorkerError(f"the simulator ended at this program ({how})")

    def kill(self) -> None:
        """End the process at once."""
        if self._process.returncode is None:
            self._process.kill()

    async def wait(self) -> None:
        """Wait until the process has ended and its pipes are closed."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        with contextlib.suppress(OSError):
            await self._process.stdin.wait_closed()


class Simulator:
    """A simulator process that was acquired, until it is given back."""

    def __init__(self, pool: WorkerPool, worker: Worker) -> None:
        self._pool = pool
        self._worker = worker

    async def run(self, request: dict[str, Any]) -> Outcome:
        """Run one request, within the time limit, and give the process back."""
        return await self._pool.run(self._worker, request)

    def release(self) -> None:
        """Give back a process that was not used."""
        self._pool.release(self._worker)

    def kill(self) -> None:
        """End the process at once."""
        self._worker.kill()


class WorkerPool:
    """A fixed number of simulator processes.

    Parameters
    ----------
    settings
        How many there are, and their limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A failed start lies here too: the next task then gets its text instead of a worker.
        self._idle: asyncio.Queue[Worker | WorkerError] = asyncio.Queue()
        self._starting: set[asyncio.Task[None]] = set()
        self._workers: set[Worker] = set()
        self._closed = False

    def start(self) -> None:
        """Begin to start the processes."""
        for _ in range(self._settings.workers):
            self._start_one()

    async def acquire(self) -> Simulator:
        """Wait for an idle process; `run` or `release` gives it back.

        Raises
        ------
        WorkerError
            If a process could not be started. Another start has begun then.
        """
        while True:
            worker = await self._idle.get()
            if isinstance(worker, WorkerError):
                self._start_one()
                raise worker
            if worker.alive:
                return Simulator(self, worker)
            self._replace(worker)

    def release(self, worker: Worker) -> None:
        """Give back a process that was acquired and not used."""
        self._idle.put_nowait(worker)

    async def run(self, worker: Worker, request: dict[str, Any]) -> Outcome:
        """Run one request on an acquired process, within the time limit, and give it back."""
        replace = True
        try:
            async with asyncio.timeout(self._settings.max_seconds):
                outcome, replace = await worker.simulate(request)
        except TimeoutError:
            limit = f"{self._settings.max_seconds:g} s"
            outcome = failure(408, f"the simulation took longer than the limit of {limit}")
        except WorkerError as error:
            outcome = failure(500, str(error))
        finally:
            if replace:
                self._replace(worker)
            else:
                self.release(worker)
        return outcome

    async def close(self) -> None:
        """End all processes and wait until they are gone."""
        self._closed = True
        for starting in self._starting:
            starting.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for worker in self._workers:
            worker.kill()
        await asyncio.gather(*(worker.wait() for worker in self._workers))

    def _replace(self, worker: Worker) -> None:
        worker.kill()
        self._workers.discard(worker)
        self._start_one()

    def _start_one(self) -> None:
        if self._closed:
            return
        starting = asyncio.create_task(self._fill())
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)

    async def _fill(self) -> None:
        try:
            worker = await Worker.start(self._settings)
        except WorkerError as error:
            self._idle.put_nowait(error)
        else:
            self._workers.add(worker)
            self._idle.put_nowait(worker)
