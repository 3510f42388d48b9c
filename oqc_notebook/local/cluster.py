"""Simulations on a Dask cluster, seen from the server.

They go there through the executor of ``distributed``, and are run as they are here: each Dask
worker has a simulator process for each of its threads (see :mod:`.on_cluster`), so that time and
memory limits, cancellations and crashes mean the same. A simulation whose Dask worker is lost
is run again on another one, with the same seed.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import itertools
import logging
import uuid
from typing import Any, TypeAlias

from distributed import Client

from oqc_notebook.local import on_cluster
from oqc_notebook.local.settings import Settings
from oqc_notebook.local.tasks import Outcome, failure
from oqc_notebook.local.workers import WorkerError

_CONNECT_SECONDS = 5
_CLOSE_SECONDS = 2
_LOOK_SECONDS = 1.0

#: A simulation that the cluster has.
Running: TypeAlias = concurrent.futures.Future[Outcome]

logger = logging.getLogger("oqc_notebook.local")


def connect(address: str) -> Client:
    """Connect to a scheduler.

    Raises
    ------
    WorkerError
        If none answers.
    """
    try:
        return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise WorkerError(f"no Dask scheduler answers at {address}") from error


class Place:
    """Room for one simulation on the cluster."""

    def __init__(self, pool: ClusterPool, name: str) -> None:
        self._pool = pool
        self._name = name
        self._killed = False
        self._running: Running | None = None

    async def run(self, request: dict[str, Any]) -> Outcome:
        """Run one request, within the time limit, and give the place back."""
        try:
            if not self._killed:
                self._running = await self._pool.submit(self._name, request)
                return await asyncio.wrap_future(self._running)
        except WorkerError as error:
            return failure(500, str(error))
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            if not self._killed:
                return failure(500, "the Dask cluster was lost, and this simulation with it")
        except Exception as error:
            logger.exception("a simulation failed on the Dask cluster")
            text = f"the Dask cluster could not run this ({type(error).__name__}: {error!s:.300})"
            return failure(500, text)
        finally:
            self.release()
        return failure(500, "the simulator ended at this program (signal SIGKILL)")

    def release(self) -> None:
        """Give the place back."""
        self._pool.release(self._name)

    def kill(self) -> None:
        """End the simulation at once."""
        self._killed = True
        if self._running is not None:
            self._running.cancel()
            self._pool.kill(self._name)


class ClusterPool:
    """As many places as the Dask cluster has threads at the moment.

    Parameters
    ----------
    settings
        The scheduler's address, and the limits of a simulation.
    """

    def __init__(self, settings: Settings) -> None:
        assert settings.executor is not None
        self._address = settings.executor
        self._limits = Settings(
            max_seconds=settings.max_seconds, max_memory_mb=settings.max_memory_mb
        )
        self._client: Client | None = None
        self._names = (f"oqc-{uuid.uuid4().hex}-{number}" for number in itertools.count())
        self._taken: set[str] = set()
        self._freed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._kills: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Nothing has to be started: the first task connects."""

    async def acquire(self) -> Place:
        """Wait for a free thread of the cluster; `run` or `release` gives it back.

        Raises
        ------
        WorkerError
            If the scheduler cannot be reached.
        """
        async with self._turn:  # first come, first served
            while len(self._taken) >= await self._threads():
                # workers may join and leave, of which nobody tells
                self._freed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._freed.wait(), _LOOK_SECONDS)
            name = next(self._names)
            self._taken.add(name)
            return Place(self, name)

    def release(self, name: str) -> None:
        """Take a place back."""
        self._taken.discard(name)
        self._freed.set()

    async def submit(
        self, name: str, request: dict[str, Any]
    ) -> concurrent.futures.Future[Outcome]:
        """Hand a simulation over to the cluster."""
        executor = (await self._connected()).get_executor(pure=False)
        running: concurrent.futures.Future[Outcome] = executor.submit(
            on_cluster.simulate, name, request, self._limits
        )
        return running

    def kill(self, *names: str) -> None:
        """End simulations, wherever in the cluster they run."""
        ending = asyncio.create_task(self._kill(names))
        self._kills.add(ending)
        ending.add_done_callback(self._kills.discard)

    async def close(self) -> None:
        """End what runs, and leave the cluster, which lives on."""
        if self._client is not None:
            self.kill(*self._taken)
            await asyncio.gather(*self._kills)
            await asyncio.to_thread(self._client.close, _CLOSE_SECONDS)

    async def _kill(self, names: tuple[str, ...]) -> None:
        if self._client is not None:
            with contextlib.suppress(OSError):  # where the cluster is gone, they are too
                await asyncio.to_thread(self._client.run, on_cluster.stop, names, on_error="ignore")

    async def _threads(self) -> int:
        client = await self._connected()
        try:
            return sum((await asyncio.to_thread(client.nthreads)).values())
        except OSError as error:
            raise WorkerError(f"the Dask scheduler at {self._address} was lost") from error

    async def _connected(self) -> Client:
        if self._client is not None and self._client.status != "running":
            await asyncio.to_thread(self._client.close, _CLOSE_SECONDS)
            self._client = None
        if self._client is None:
            self._client = await asyncio.to_thread(connect, self._address)
        return self._client
