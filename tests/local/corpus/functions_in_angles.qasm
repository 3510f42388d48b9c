// results: {"c": {"11": 1000}}
OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
rx(2 * (sin(pi / 2) * pi) / 2) q[0];
ry(cos(0) * sqrt(4) * pi / 2 ^ 1) q[1];
rz(ln(exp(-1.5))) q[0];
measure q -> c;
