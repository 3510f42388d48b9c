"""What runs in the processes of a Dask cluster's workers: the simulator processes of one of them.

It needs ``oqc_notebook[local]`` there, in the same version as here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from oqc_notebook.local.settings import Settings
from oqc_notebook.local.tasks import Outcome
from oqc_notebook.local.workers import Simulator, WorkerPool

_LOCK = threading.Lock()


class _Simulators:
    """A pool of simulator processes, on an event loop of its own in this process."""

    def __init__(self, settings: Settings) -> None:
        self._loop = asyncio.new_event_loop()
        self._running: dict[str, Simulator] = {}
        self._pool = WorkerPool(settings)
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._loop.call_soon_threadsafe(self._pool.start)

    def simulate(self, name: str, request: dict[str, Any]) -> Outcome:
        return asyncio.run_coroutine_threadsafe(self._simulate(name, request), self._loop).result()

    def stop(self, names: Iterable[str]) -> None:
        self._loop.call_soon_threadsafe(self._stop, names)

    async def _simulate(self, name: str, request: dict[str, Any]) -> Outcome:
        simulator = await self._pool.acquire()
        self._running[name] = simulator
        try:
            return await simulator.run(request)
        finally:
            del self._running[name]

    def _stop(self, names: Iterable[str]) -> None:
        for name in self._running.keys() & set(names):
            self._running[name].kill()


#: One for each set of limits that a local QPU asked for.
_simulators: dict[Settings, _Simulators] = {}


def simulate(name: str, request: dict[str, Any], limits: Settings) -> Outcome:
    """Run one request in a simulator process of this worker.

    Parameters
    ----------
    name
        What :func:`stop` calls it.
    request
        As a simulator process takes it.
    limits
        Those of time and memory.
    """
    from distributed import get_worker

    limits = replace(limits, workers=get_worker().state.nthreads)
    with _LOCK:
        if limits not in _simulators:
            _simulators[limits] = _Simulators(limits)
        simulators = _simulators[limits]
    return simulators.simulate(name, request)


def stop(names: Iterable[str]) -> None:
    """End those of some simulations at once that run here."""
    with _LOCK:
        found = list(_simulators.values())
    for simulators in found:
        simulators.stop(names)
