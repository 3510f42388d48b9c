// results: {"c": {"0101": 1000}}
OPENQASM 2.0;
include "qelib1.inc";
qreg q[1];
creg c[4];
measure q[0] -> c[0];
x q[0];
measure q[0] -> c[1];
reset q[0];
measure q[0] -> c[2];
reset q[0];
x q[0];
measure q[0] -> c[3];
