"""The noise of a QPU, made of the calibration document that it publishes.

Runs in the simulator process only. Only Pauli and readout errors: qiskit-aer crashes at some
others when they are combined.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from qiskit_aer.noise import NoiseModel, ReadoutError, pauli_error


def noise_model(document: dict[str, Any]) -> NoiseModel:
    """Return the noise that a calibration document tells."""
    model = NoiseModel(basis_gates=[*document["pulses"], document["entangler"]])
    for qubit in document["qubits"]:
        paulis = qubit["pauli_errors"]
        error = pauli_error([*paulis.items(), ("I", 1 - sum(paulis.values()))])
        model.add_quantum_error(error, document["pulses"], [qubit["qubit"]])
        told = qubit["readout_errors"]
        reads_1, reads_0 = told["reads_1_at_0"], told["reads_0_at_1"]
        readout = ReadoutError([[1 - reads_1, reads_1], [reads_0, 1 - reads_0]])
        model.add_readout_error(readout, [qubit["qubit"]])
    none, *others = ("".join(pair) for pair in product("IXYZ", repeat=2))
    for coupling in document["couplings"]:
        error = coupling["error"]
        terms = [(none, 1 - error), *((name, error / len(others)) for name in others)]
        for pair in (coupling["qubits"], coupling["qubits"][::-1]):
            model.add_quantum_error(pauli_error(terms), document["entangler"], pair)
    return model
