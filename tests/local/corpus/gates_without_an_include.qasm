// results: {"c": {"10": 1000}}
OPENQASM 3.0;
qubit[2] q;
bit[2] c;
h q[0];
z q[0];
h q[0];
sxdg q[1];
sx q[1];
ecr q[0], q[1];
ecr q[0], q[1];
c = measure q;
