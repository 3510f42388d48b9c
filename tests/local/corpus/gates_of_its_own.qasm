// results: {"c": {"011": 1000}}
OPENQASM 2.0;
include "qelib1.inc";
gate majority a, b, c { cx c, b; cx c, a; ccx a, b, c; }
gate half_turn(angle) a { rx(angle / 2) a; rx(angle * 0.5) a; }
gate nothing a { }
gate sxdg a { x a; }
qreg q[3];
creg c[3];
x q[0];
x q[1];
majority q[0], q[1], q[2];
nothing q;
half_turn(pi) q[0];
sxdg q[1];
sxdg q[1];
measure q -> c;
