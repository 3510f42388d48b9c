"""The local QPU: QCaaS on this machine, with programs simulated by qiskit-aer.

``python -m oqc_notebook.local`` starts it as a process of its own on 127.0.0.1. It answers the
same REST API (version 3) as the cloud, so any client of QCaaS runs against it unchanged.

One request passes through these files, in this order::

    __main__.py     command line
    server.py       the process: port, ready line, signals
    guard.py        who may call: Host, Origin, token, size
    api.py          which call is answered by what (routes.py, api_v4.py)
    spoiling.py     the answers that a fault spoils
    service.py      reserve, submit, find, cancel, estimate
    submissions.py  what a submitted task must look like
    configs.py      what its configuration asks for
    queue.py        first in, first out, one queue a QPU
    workers.py      the simulator processes, seen from the server; or, with a Dask cluster,
                    cluster.py, and on_cluster.py in the processes of its workers
    ------------    (the process boundary; the server never imports qiskit)
    worker.py       the simulator process
    programs.py     a program to a circuit, or an error with line and column; by language:
                    qasm2.py, qasm3.py (qasm3_gates.py; qasm3_unrolling.py, qasm3_flow.py and
                    qasm3_visitor.py), qir.py; and cloud.py for what OQC's compiler refuses
    simulator.py    a circuit to shots (compiling.py: in which gates, noise.py: with which errors)
    results.py      shots to the results format asked for

``tasks.py`` holds what is known of one task, ``qpus.py`` which QPUs there are, ``calibration.py``
the errors of a noisy one, ``settings.py`` what the process is started with, ``source.py`` places in
a program, ``scenario.py`` what may go wrong, ``faults.py`` what does now, ``control.py`` how the
process that started this one says so, ``errors.py`` and ``clock.py`` how refusals and times are
written.
"""
