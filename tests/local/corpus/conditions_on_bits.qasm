// results: {"c": {"111": 1000}, "once": {"1": 1000}}
OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
bit[3] c;
bit once;
x q[0];
c[0] = measure q[0];
if (c[0] == 1) { x q[1]; } else { x q[2]; }
if (once == 0) { z q[0]; }
c[1] = measure q[1];
while (!c[2]) {
  x q[2];
  c[2] = measure q[2];
}
if (c == 7) { once = measure q[0]; }
