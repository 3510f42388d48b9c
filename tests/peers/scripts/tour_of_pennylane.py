"""Use the PennyLane plugin as its users do.

Orders: ``url`` and ``token`` of a local QPU, and ``qpu_id``.
"""

import os

import peer
import pennylane as qml


def main(orders):
    """Run circuits on the device, and say what PennyLane makes of the counts."""
    os.environ |= {
        "OQC_URL": orders["url"],
        "OQC_AUTH_TOKEN": orders["token"],
        "OQC_DEVICE": orders["qpu_id"],
    }
    device = qml.device("oqc_qcaas", wires=2)

    @qml.qnode(device)
    def bell():
        qml.Hadamard(0)
        qml.CNOT(wires=[0, 1])
        return qml.counts()

    @qml.qnode(device)
    def turned(angle):
        qml.RX(angle, wires=0)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.PauliZ(1))

    @qml.qnode(device)
    def shared():
        qml.RY(1.2, wires=0)
        return qml.probs(wires=[0, 1])

    @qml.qnode(device, diff_method="parameter-shift")
    def sloped(angle):
        qml.RX(angle, wires=0)
        return qml.expval(qml.PauliZ(0))

    # named, since PennyLane cannot print a circuit on this device, whose shots are a plain number
    def slope_of(angle):
        return sloped(angle, shots=4000)

    slope = qml.grad(slope_of)(qml.numpy.array(0.7, requires_grad=True))
    return {
        "bell": {bits: int(count) for bits, count in bell(shots=2000).items()},
        "expectations": {str(angle): float(turned(angle, shots=4000)) for angle in (0.0, 0.7, 2.0)},
        "probabilities": [float(p) for p in shared(shots=4000)],
        "slope": float(slope),
    }


peer.answer(main(peer.orders()))
