"""The QPUs that this service offers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from oqc_notebook.local.calibration import RING_OF_EIGHT, Calibration
from oqc_notebook.local.clock import iso, stamp


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
    method
        How qiskit-aer simulates it; ``"automatic"`` takes the fastest exact way.
    max_bond_dimension
        Where a matrix product state is cut off, in a method that has one.
    calibration
        Its errors; without, it has none.
    price_per_shot, price_per_task
        In no currency, as text.
    max_shots
        Most shots (``repeats``) of one task.
    """

    id: str
    name: str
    qubits: int
    method: str = "automatic"
    max_bond_dimension: int | None = None
    calibration: Calibration | None = None
    price_per_shot: str = "0"
    price_per_task: str = "0"
    max_shots: int = 100_000

    def features(self, profile: str) -> dict[str, Any]:
        """Return what this QPU can do, under the keys that the cloud uses where it has one.

        Parameters
        ----------
        profile
            Which programs it takes.
        """
        features: dict[str, Any] = {
            "qubit_count": self.qubits,
            "simulator": True,
            "always_on": True,
            "Maximum Shots": self.max_shots,
            "Programs": _PROGRAMS[profile],
            "Noise": "Pauli and readout errors, as its calibration tells"
            if self.calibration
            else "none",
        }
        if self.max_bond_dimension:
            features["Simulation"] = (
                "matrix product state, truncated: the bond dimension is at most "
                f"{self.max_bond_dimension}, so that much entanglement gives wrong counts"
            )
        if self.calibration:
            features["Native Gates"] = ["rz", *self.calibration.pulses, self.calibration.entangler]
            features["Couplings"] = [list(pair) for pair in self.calibration.couplings]
        return features

    def calibration_document(self, calibrated_at: float) -> dict[str, Any]:
        """Return the errors of this QPU, as it publishes them and as its noise is made of them.

        Parameters
        ----------
        calibrated_at
            Seconds since the epoch.
        """
        document = {
            "qpu_id": self.id,
            "calibrated_at": stamp(calibrated_at),
            "simulated": True,
        }
        if self.calibration:
            return document | self.calibration.document()
        return document | {"gate_error": 0.0, "readout_error": 0.0}

    def item(self, url: str, started_at: float, profile: str) -> dict[str, Any]:
        """Return the entry of this QPU in the list of QPUs.

        Parameters
        ----------
        url
            Base URL of its calls.
        started_at
            When this service was started, in seconds since the epoch.
        profile
            Which programs it takes.
        """
        return {
            "id": self.id,
            "name": self.name,
            "active": True,
            "status": "ACTIVE",
            "generation": 1,
            "region": "local",
            "price_per_shot": self.price_per_shot,
            "price_per_task": self.price_per_task,
            "url": url,
            "created_at": iso(started_at),
            "updated_at": iso(started_at),
            # JSON text inside the JSON, as in the cloud.
            "feature_set": json.dumps(self.features(profile)),
        }


_PROGRAMS = {
    "permissive": "OpenQASM 2, OpenQASM 3, QIR base profile",
    "oqc": "what OQC's compiler takes of OpenQASM 2, OpenQASM 3 and QIR",
}

#: Their ids are in people's files and notebooks: none of them ever changes.
QPUS = (
    Qpu(id="qpu:local:1:exact", name="Exact 32-qubit", qubits=32),
    Qpu(
        id="qpu:local:2:simulator",
        name="8-qubit Simulator",
        qubits=8,
        calibration=RING_OF_EIGHT,
    ),
    Qpu(
        id="qpu:local:3:large",
        name="Large 100-qubit",
        qubits=100,
        method="matrix_product_state",
        max_bond_dimension=64,
    ),
    Qpu(
        id="qpu:local:4:priced",
        name="Priced 16-qubit",
        qubits=16,
        price_per_shot="0.0004",
        price_per_task="0.3",
    ),
)

QPU_OF = {qpu.id: qpu for qpu in QPUS}
