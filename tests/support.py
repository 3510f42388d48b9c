"""What several tests need: a local QPU, programs, and waiting without sleeping blindly."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Self

from oqc_notebook.sdk import OqcSdk

EXACT = "qpu:local:1:exact"
#: With noise.
SIMULATOR = "qpu:local:2:simulator"
#: Without noise, as the exact one.
PRICED = "qpu:local:4:priced"
#: The QPUs of the local QPU, in their order.
QPUS = (EXACT, SIMULATOR, "qpu:local:3:large", PRICED)

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""

#: One qubit, always measured as 1.
ONE = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[1];
creg c[1];
x q[0];
measure q -> c;
"""

BROKEN = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[1];
creg c[1];
hadamard q[0];
measure q -> c;
"""


class LocalQpu:
    """A local QPU in a process of its own."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "oqc_notebook.local", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.url: str = ready["url"]
        self.token: str = ready["token"]

    def sdk(self, **options: Any) -> OqcSdk:
        """A session with it, not opened yet, with its exact QPU as the default."""
        options.setdefault("default_qpu_id", EXACT)
        return OqcSdk(self.url, self.token, **options)

    def stop(self) -> None:
        """End the process, and wait for its end."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait until `condition()` is true, and give it; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(AssertionError):
            if value := condition():
                return value
        time.sleep(0.01)
    raise AssertionError(f"not true within {seconds} s: {condition}")


async def met(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until `condition()` is true, while the loop goes on; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
