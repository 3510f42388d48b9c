"""What the process that started this one may ask of it, over standard input.

No client of the service comes here by accident: nothing of it can be reached over HTTP. One command
is a line of JSON on standard input, and its answer a line of JSON on standard output::

    {"do": "add", "fault": {"kind": "drop", "call": "submit"}}     {"answer": null}
    {"do": "add", "fault": {"kind": "drip"}}                       {"error": "kind is ..."}

``add`` lets something go wrong and ``clear`` nothing any more; ``pending`` gives the faults that
are still to strike, and ``calls`` how many calls came; ``reset`` makes everything as it was at the
start.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from oqc_notebook.local.scenario import ScenarioError, read_fault
from oqc_notebook.local.service import Service


def answer(service: Service, line: bytes) -> dict[str, Any]:
    """Do what a line asks for; return what there is to say."""
    command = json.loads(line)
    faults = service.faults
    match command["do"]:
        case "add":
            try:
                faults.add(read_fault(command["fault"]))
            except ScenarioError as error:
                return {"error": str(error)}
        case "clear":
            faults.clear()
        case "pending":
            return {"answer": faults.pending()}
        case "calls":
            return {"answer": faults.calls}
        case "reset":
            service.reset()
    return {"answer": None}


def obey_stdin(service: Service, at_end: Callable[[], None]) -> None:
    """Do what standard input asks for, in the running event loop, until it ends.

    Parameters
    ----------
    service
        The service.
    at_end
        Called in the loop when standard input has ended.
    """
    loop = asyncio.get_running_loop()

    def obey(line: bytes) -> None:
        sys.stdout.write(json.dumps(answer(service, line)) + "\n")
        sys.stdout.flush()

    def read() -> None:
        # Not sys.stdin: its lock would be held by this thread when the interpreter ends.
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: the loop has ended already
            with open(0, "rb", closefd=False) as lines:
                for line in lines:
                    loop.call_soon_threadsafe(obey, line)
            loop.call_soon_threadsafe(at_end)

    threading.Thread(target=read, daemon=True).start()
