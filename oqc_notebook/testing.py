"""Testing what is done with jobs: a local QPU on which things go wrong as you say.

.. code-block:: python

    from oqc_notebook.testing import local_qpu

    with local_qpu() as qpu:
        qpu.faults.refuse(503, call="submit", times=2)
        async with qpu.sdk() as sdk:
            job = sdk.create_job(program=bell)
            await job.execute()

In pytest, the fixture ``oqc_local_qpu`` gives one, without any faults at the start of each test.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from oqc_notebook.local_process import LocalProcess
from oqc_notebook.sdk.client import OqcSdk

if TYPE_CHECKING:
    from oqc_notebook.local.scenario import Call

__all__ = ["Faults", "LocalQpu", "local_qpu"]

_EXACT = "qpu:local:1:exact"

Times = int | Literal["always"]


class Faults:
    """What goes wrong on a local QPU. Each method adds a fault; they strike in this order.

    Most of them take these, too:

    - ``call``: which calls of the service are meant, such as ``"submit"`` or ``"poll"`` (a look at
      a task); ``oqc-notebook qpu --help`` lists them.
    - ``times``: how often it strikes; ``"always"`` is until it is cleared.
    - ``after``: how many such calls (submissions, runs) pass before.
    - ``after_s``: how many seconds pass before.
    - ``accepted``: whether the service does what was asked, so that only its answer is not given.
    """

    def __init__(self, process: LocalProcess) -> None:
        self._process = process

    def refuse(
        self,
        status: int,
        call: Call = "any",
        *,
        text: str | None = None,
        retry_after: int | None = None,
        accepted: bool = False,
        times: Times = 1,
        after: int = 0,
        after_s: float = 0.0,
    ) -> None:
        """Answer with an error: 401, 403, 404, 408, 429, 503, ...

        Parameters
        ----------
        status
            The HTTP status.
        text
            What the error says; by default, what this status commonly means.
        retry_after
            Seconds for the header Retry-After.
        """
        self._add("refuse", **_given(locals()))

    def html(
        self,
        call: Call = "any",
        *,
        accepted: bool = False,
        times: Times = 1,
        after: int = 0,
        after_s: float = 0.0,
    ) -> None:
        """Answer with a web page and status 200, as a proxy's log-in page is."""
        self._add("html", **_given(locals()))

    def drop(
        self,
        call: Call = "any",
        *,
        accepted: bool = False,
        times: Times = 1,
        after: int = 0,
        after_s: float = 0.0,
    ) -> None:
        """Close the connection instead of an answer; with `accepted`, the answer is lost."""
        self._add("drop", **_given(locals()))

    def slow(
        self,
        seconds: float,
        call: Call = "any",
        *,
        times: Times = 1,
        after: int = 0,
        after_s: float = 0.0,
    ) -> None:
        """Hold the answer back for so many seconds."""
        self._add("slow", **_given(locals()))

    def truncate(
        self,
        call: Call = "any",
        *,
        bytes: int = 10,
        times: Times = 1,
        after: int = 0,
        after_s: float = 0.0,
    ) -> None:
        """Close the connection after so many bytes of the answer."""
        self._add("truncate", **_given(locals()))

    def purge(
        self,
        task_id: object = None,
        *,
        state: str | None = None,
        times: Times = 1,
        after: int = 0,
        after_s: float = 0.0,
    ) -> None:
        """Delete a task from the service when it is asked about.

        Parameters
        ----------
        task_id
            Which one, as UUID or text; without, the one that is asked about first.
        state
            Only one that is in this state then, such as ``"RUNNING"``.
        """
        given = _given(locals())
        self._add("purge", **given | ({} if task_id is None else {"task_id": str(task_id)}))

    def reject_config(
        self,
        text: str | None = None,
        *,
        times: Times = 1,
        after: int = 0,
        after_s: float = 0.0,
    ) -> None:
        """Refuse a submission for its configuration, with this text."""
        self._add("reject_config", **_given(locals()))

    def crash_worker(self, *, times: Times = 1, after: int = 0, after_s: float = 0.0) -> None:
        """Kill the simulator process of a task; the task fails."""
        self._add("crash_worker", **_given(locals()))

    def remove_qpu(self, qpu_id: str, *, after_s: float = 0.0) -> None:
        """Take a QPU away, and its tasks with it."""
        self._add("remove_qpu", **_given(locals()))

    def fewer_qubits(self, qpu_id: str, qubits: int, *, after_s: float = 0.0) -> None:
        """Leave a QPU with so many qubits."""
        self._add("fewer_qubits", **_given(locals()))

    def pending(self) -> list[dict[str, Any]]:
        """Give the faults that are still to strike, as a scenario writes them."""
        pending: list[dict[str, Any]] = self._process.ask("pending")
        return pending

    def clear(self) -> None:
        """Let nothing go wrong any more; a QPU that was removed is back."""
        self._process.ask("clear")

    def _add(self, kind: str, **fields: Any) -> None:
        self._process.ask("add", fault={"kind": kind, **fields})


class LocalQpu:
    """A local QPU in a process of its own, which things go wrong on.

    Attributes
    ----------
    url, token
        What any client of the service needs.
    faults
        What goes wrong on it.
    """

    def __init__(self, process: LocalProcess) -> None:
        self._process = process
        self.url = process.url
        self.token = process.token
        self.faults = Faults(process)

    def sdk(self, **options: Any) -> OqcSdk:
        """Give a session with it, not opened yet, with its exact QPU as the default.

        Parameters
        ----------
        **options
            What :class:`oqc_notebook.sdk.OqcSdk` takes besides.
        """
        return OqcSdk(self.url, self.token, **{"default_qpu_id": _EXACT} | options)

    def calls(self) -> dict[str, int]:
        """Give how many calls came, by their names, since the start or `reset`."""
        calls: dict[str, int] = self._process.ask("calls")
        return calls

    def reset(self) -> None:
        """Make everything as it was at the start: no tasks, no faults, the same shots again."""
        self._process.ask("reset")

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.is_alive

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def local_qpu(
    *,
    latency: float = 0.0,
    speed: float = 1.0,
    retention: float | None = None,
    seed: int | None = None,
    workers: int = 1,
    profile: Literal["permissive", "oqc"] = "permissive",
    scenario: str | Path | None = None,
) -> LocalQpu:
    """Start a local QPU, which runs until `stop()`, or the end of a ``with``, or of this process.

    Parameters
    ----------
    latency
        Least time, in seconds, that a task is seen as SUBMITTED, and again as RUNNING.
    speed
        How many times as fast its times pass: latency, retention and the times of faults.
    retention
        How long a task is kept after its end, in seconds; None keeps it for good.
    seed
        With a seed, the n-th task submitted to a QPU gives the same shots at every start.
    workers
        Number of simulator processes, about 100 MB each.
    profile
        Which programs it takes: all it can run, or what OQC's compiler takes.
    scenario
        A file that says what goes wrong.

    Raises
    ------
    SessionError
        If it does not start; the text says why.
    """
    options = {
        "--latency": latency,
        "--speed": speed,
        "--retention": retention,
        "--seed": seed,
        "--workers": workers,
        "--profile": profile,
        "--scenario": scenario,
    }
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    return LocalQpu(LocalProcess(*given))


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a method's arguments what was not given."""
    return {k: v for k, v in arguments.items() if k != "self" and v is not None}
