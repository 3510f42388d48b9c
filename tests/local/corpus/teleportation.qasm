// bitstrings: {"a": ["0", "1"], "b": ["0", "1"], "c": ["0"]}
OPENQASM 2.0;
include "qelib1.inc";
qreg q[3];
creg a[1];
creg b[1];
creg c[1];
u3(0.3, 0.2, 0.1) q[0];
h q[1];
cx q[1], q[2];
barrier q;
cx q[0], q[1];
h q[0];
measure q[0] -> a[0];
measure q[1] -> b[0];
if (b == 1) x q[2];
if (a == 1) z q[2];
u3(-0.3, -0.1, -0.2) q[2];
measure q[2] -> c[0];
