"""The QPUs that this service offers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from oqc_notebook.local.clock import iso


@dataclass(frozen=True)
class Qpu:
    """One simulated QPU.

    Attributes
    ----------
    id
        The same at every start, so that saved jobs find their QPU again.
    name
        What people read in lists.
    qubits
        Number of qubits; a program that declares more is refused.
    max_shots
        Most shots (``repeats``) of one task.
    """

    id: str
    name: str
    qubits: int
    max_shots: int = 100_000

    def features(self) -> dict[str, Any]:
        """Return what this QPU can do, under the keys that the cloud uses."""
        return {
            "qubit_count": self.qubits,
            "simulator": True,
            "always_on": True,
            "Maximum Shots": self.max_shots,
        }

    def item(self, url: str, started_at: float) -> dict[str, Any]:
        """Return the entry of this QPU in the list of QPUs.

        Parameters
        ----------
        url
            Base URL of its calls.
        started_at
            When this service was started, in seconds since the epoch.
        """
        return {
            "id": self.id,
            "name": self.name,
            "active": True,
            "status": "ACTIVE",
            "generation": 1,
            "region": "local",
            "price_per_shot": "0",
            "price_per_task": "0",
            "url": url,
            "created_at": iso(started_at),
            "updated_at": iso(started_at),
            # JSON text inside the JSON, as in the cloud.
            "feature_set": json.dumps(self.features()),
        }


QPUS = (
    Qpu(id="qpu:local:1:exact", name="Exact 32-qubit", qubits=32),
    Qpu(id="qpu:local:2:simulator", name="8-qubit Simulator", qubits=8),
)
