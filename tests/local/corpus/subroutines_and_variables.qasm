// results: {"c": {"111010": 1000}}
OPENQASM 3.0;
include "stdgates.inc";
const int n = 3;
qubit[6] q;
bit[6] c;
def flip(qubit a, int times) {
  for int i in [0:times] { x a; }
}
int at = 0;
while (at < n) {
  x q[at];
  at += 1;
}
flip(q[3], 1);
flip(q[4], 2);
switch (n) {
  case 3 { z q[0]; }
  default { x q[5]; }
}
float theta = pi;
if (n > 2) { rx(2 * theta) q[5]; }
for int i in {0, 1} { y q[i]; y q[i]; }
c = measure q;
