"""What a local QPU is started with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oqc_notebook.local.scenario import Fault


@dataclass(frozen=True)
class Settings:
    """Start-up values of one local QPU process.

    Attributes
    ----------
    port
        TCP port on 127.0.0.1; 0 takes any free one.
    seed
        With a seed, the n-th task submitted to a QPU gives the same shots at every start.
    workers
        Number of simulator processes, shared by all QPUs.
    executor
        Address of the scheduler of a Dask cluster that runs the simulations, or None: then
        simulator processes on this machine do.
    latency
        Least time, in seconds, that a task is seen as SUBMITTED, and again as RUNNING.
    speed
        How many times as fast the times of this service pass: latency, retention and the times
        of faults.
    retention
        How long a task is kept after its end, in seconds; None keeps it for good.
    scenario
        What goes wrong.
    max_seconds
        Wall-clock limit of one simulation, in seconds.
    max_memory_mb
        Memory limit of one simulation, in MiB.
    profile
        Which programs are taken: ``"permissive"`` runs what can be run, ``"oqc"`` refuses what
        OQC's compiler refuses.
    exit_with_stdin
        Obey standard input and end with it, for a server that a parent process starts.
    """

    port: int = 0
    seed: int | None = None
    workers: int = min(os.cpu_count() or 1, 4)
    executor: str | None = None
    latency: float = 0.2
    speed: float = 1.0
    retention: float | None = None
    scenario: tuple[Fault, ...] = ()
    max_seconds: float = 150.0
    # 2048 MiB hold the amplitudes of 27 qubits, about what fits into the time limit too.
    max_memory_mb: int = 2048
    profile: str = "permissive"
    exit_with_stdin: bool = False

    def paced(self, seconds: float) -> float:
        """Return how long a time of this service takes here."""
        return seconds / self.speed
