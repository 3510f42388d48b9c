// results: {"c": {"1101": 1000}}
OPENQASM 3.0;
include "stdgates.inc";
qubit[4] q;
bit[4] c;
x q[0];
ctrl @ x q[0], q[1];
negctrl @ x q[1], q[2];
ctrl(2) @ x q[0], q[1], q[3];
inv @ s q[3];
pow(2) @ sx q[2];
pow(2) @ x q[2];
x q[2];
c = measure q;
