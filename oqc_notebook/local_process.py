"""The local QPU as a process that this one starts, and that ends with it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from typing import IO, Any

from oqc_notebook.sdk.errors import SessionError

#: The longest that the local QPU may take to start (seconds).
_STARTING_S = 60.0


class LocalProcess:
    """A local QPU that this process started; it ends with this process.

    Parameters
    ----------
    *options
        What ``oqc-notebook qpu`` is given.

    Attributes
    ----------
    url, token
        What a client needs.

    Raises
    ------
    SessionError
        If it does not start.
    """

    def __init__(self, *options: str) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "oqc_notebook.local", "--exit-with-stdin", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,  # an interrupt of the kernel is not meant for it
        )
        self._commands = threading.Lock()
        self._pid = os.getpid()
        line = self._first_line()
        if not line:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=1)  # what it has to say is written by then
            self._log.seek(0)
            said = self._log.read().decode(errors="replace").strip()
            self.stop()
            raise SessionError(f"The local QPU did not start: {said or 'it gave no reason.'}")
        ready = json.loads(line)
        self.url: str = ready["url"]
        self.token: str = ready["token"]

    @property
    def is_alive(self) -> bool:
        """Whether it is still there, and belongs to this process rather than to its parent."""
        return self._pid == os.getpid() and self._process.poll() is None

    def ask(self, do: str, **fields: Any) -> Any:
        """Have it do something that is not a client's to ask for, and give its answer.

        Parameters
        ----------
        do
            What; see :mod:`oqc_notebook.local.control`.
        **fields
            What belongs to it.

        Raises
        ------
        ValueError
            If it refuses.
        SessionError
            If it has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._commands:
            try:
                self._process.stdin.write(json.dumps({"do": do, **fields}).encode() + b"\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except (OSError, ValueError):  # ValueError: stop() has closed them
                line = b""
        if not line:
            raise SessionError("The local QPU has ended.")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["answer"]

    def stop(self) -> None:
        """End the process: it ends when its input does."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _first_line(self) -> str:
        assert self._process.stdout is not None
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        reader = threading.Thread(
            target=lambda out: lines.put(out.readline()), args=(self._process.stdout,), daemon=True
        )
        reader.start()
        try:
            return lines.get(timeout=_STARTING_S).decode().strip()
        except queue.Empty:
            self._process.kill()
            return ""
