// results: {"a": {"10": 1000}, "b": {"011": 1000}}
OPENQASM 2.0;
include "qelib1.inc";
qreg first[2];
qreg second[3];
creg a[2];
creg b[3];
x first[0];
x second[1];
cx second[1], second[2];
barrier first, second;
measure first -> a;
measure second -> b;
