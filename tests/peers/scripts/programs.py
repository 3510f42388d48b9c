"""Programs that the scripts run."""

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""

#: One qubit, always measured as 1.
ONE = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[1];
creg c[1];
x q[0];
measure q -> c;
"""

#: It names a gate that there is not.
BROKEN = ONE.replace("x q[0]", "hadamard q[0]")

#: Its comment is in several scripts.
UNICODE = ONE + "// θ = π/2, 量子, 🐈\n"
