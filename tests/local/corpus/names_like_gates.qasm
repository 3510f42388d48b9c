// results: {"x": {"1": 1000}, "p": {"01": 1000}}
OPENQASM 3.0;
include "stdgates.inc";
gate y a { U(0, 0, 0) a; }
qubit z;
qubit[2] h;
bit x;
bit[2] p;
U(pi, 0, pi) z;
y h[0];
cx z, h[1];
x = measure z;
p = measure h;
