"""What is known of the errors of a noisy QPU. The document that it publishes is its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class QubitErrors:
    """Errors of one qubit, as probabilities.

    Attributes
    ----------
    x, y, z
        That a pulse (a native gate on this qubit) is followed by this Pauli error.
    reads_1_at_0, reads_0_at_1
        That a measurement tells the other value.
    """

    x: float
    y: float
    z: float
    reads_1_at_0: float
    reads_0_at_1: float


@dataclass(frozen=True)
class Calibration:
    """Errors of a QPU.

    Attributes
    ----------
    pulses
        Native gates on one qubit that have errors.
    entangler
        The native gate on two qubits.
    qubits
        The errors of each qubit.
    couplings
        Which qubits the entangler can act on, and the probability that it is followed by one of
        the 15 Pauli errors of two qubits, each as likely as the others.
    """

    pulses: tuple[str, ...]
    entangler: str
    qubits: tuple[QubitErrors, ...]
    couplings: dict[tuple[int, int], float]

    def document(self) -> dict[str, Any]:
        """Return what is published."""
        return {
            "pulses": list(self.pulses),
            "entangler": self.entangler,
            "qubits": [
                {
                    "qubit": number,
                    "pauli_errors": {"X": errors.x, "Y": errors.y, "Z": errors.z},
                    "readout_errors": {
                        "reads_1_at_0": errors.reads_1_at_0,
                        "reads_0_at_1": errors.reads_0_at_1,
                    },
                }
                for number, errors in enumerate(self.qubits)
            ],
            "couplings": [
                {"qubits": list(pair), "error": error} for pair, error in self.couplings.items()
            ],
        }


#: A ring of eight qubits, about as good as those of the cloud.
RING_OF_EIGHT = Calibration(
    pulses=("sx", "x"),
    entangler="ecr",
    qubits=(
        QubitErrors(x=0.00021, y=0.00018, z=0.00034, reads_1_at_0=0.011, reads_0_at_1=0.027),
        QubitErrors(x=0.00015, y=0.00012, z=0.00029, reads_1_at_0=0.008, reads_0_at_1=0.021),
        QubitErrors(x=0.00032, y=0.00027, z=0.00051, reads_1_at_0=0.017, reads_0_at_1=0.038),
        QubitErrors(x=0.00018, y=0.00016, z=0.00031, reads_1_at_0=0.012, reads_0_at_1=0.024),
        QubitErrors(x=0.00026, y=0.00022, z=0.00045, reads_1_at_0=0.014, reads_0_at_1=0.033),
        QubitErrors(x=0.00013, y=0.00011, z=0.00024, reads_1_at_0=0.007, reads_0_at_1=0.019),
        QubitErrors(x=0.00041, y=0.00035, z=0.00062, reads_1_at_0=0.022, reads_0_at_1=0.045),
        QubitErrors(x=0.00019, y=0.00017, z=0.00033, reads_1_at_0=0.010, reads_0_at_1=0.026),
    ),
    couplings={
        (0, 1): 0.0084,
        (1, 2): 0.0117,
        (2, 3): 0.0132,
        (3, 4): 0.0096,
        (4, 5): 0.0089,
        (5, 6): 0.0154,
        (6, 7): 0.0141,
        (7, 0): 0.0103,
    },
)
