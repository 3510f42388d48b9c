"""The faults that are still to strike, and which of them strikes now."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from oqc_notebook.local.qpus import Qpu
from oqc_notebook.local.scenario import (
    AnyFault,
    CountedFault,
    Fault,
    FewerQubits,
    RemovedQpu,
)
from oqc_notebook.local.settings import Settings


class _Waiting:
    """A fault that is still to strike."""

    def __init__(self, fault: Fault, due_at: float) -> None:
        self.fault = fault
        self.due_at = due_at
        self.to_pass = fault.after if isinstance(fault, CountedFault) else 0
        self.left = fault.times if isinstance(fault, CountedFault) else "always"

    def document(self) -> dict[str, Any]:
        """Return the fault with what is left of its count."""
        document = self.fault.document()
        if isinstance(self.fault, CountedFault):
            document |= {"times": self.left, "after": self.to_pass}
        return document


class Faults:
    """What goes wrong here. It lives within one event loop.

    Parameters
    ----------
    settings
        How fast the time of a fault passes.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: list[_Waiting] = []
        #: How many calls came, of each name in ``scenario.Call``.
        self.calls: Counter[str] = Counter()

    def add(self, fault: Fault) -> None:
        """Let something go wrong from now on."""
        due_at = _now() + self._settings.paced(fault.after_s)
        self._waiting.append(_Waiting(fault, due_at))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._waiting.clear()

    def pending(self) -> list[dict[str, Any]]:
        """Return the faults that have not struck as often as they are to."""
        return [waiting.document() for waiting in self._waiting]

    def strike(
        self, kind: type[AnyFault], fits: Callable[[AnyFault], bool] = lambda fault: True
    ) -> AnyFault | None:
        """Return the first fault of a kind that strikes at this occasion, and count it.

        Parameters
        ----------
        kind
            A class of faults.
        fits
            Whether a fault is meant for this occasion.
        """
        for waiting in self._waiting:
            fault = waiting.fault
            if not isinstance(fault, kind) or waiting.due_at > _now() or not fits(fault):
                continue
            if waiting.to_pass:
                waiting.to_pass -= 1
                continue
            if isinstance(waiting.left, int):
                waiting.left -= 1
                if not waiting.left:
                    self._waiting.remove(waiting)
            return fault
        return None

    def has_removed(self, qpu_id: str) -> bool:
        """Whether a QPU is there no more."""
        return self._lasting(RemovedQpu, lambda fault: fault.qpu_id == qpu_id) is not None

    def qubits_of(self, qpu: Qpu) -> int:
        """Return how many qubits a QPU has now."""
        fewer = self._lasting(FewerQubits, lambda fault: fault.qpu_id == qpu.id)
        return qpu.qubits if fewer is None else fewer.qubits

    def _lasting(self, kind: type[AnyFault], fits: Callable[[AnyFault], bool]) -> AnyFault | None:
        for waiting in reversed(self._waiting):  # what was said last holds
            fault = waiting.fault
            if isinstance(fault, kind) and waiting.due_at <= _now() and fits(fault):
                return fault
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()
