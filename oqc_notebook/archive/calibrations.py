"""Keeping the calibration that a QPU had when something was submitted to it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING

from oqc_notebook.archive.cells import now
from oqc_notebook.archive.durable import write_files
from oqc_notebook.archive.kernel_session import KernelSession
from oqc_notebook.archive.redaction import redacted
from oqc_notebook.archive.sidecar import Sidecar, json_of

if TYPE_CHECKING:
    from oqc_notebook.sdk.connection import Connection

#: A QPU is asked again for its calibration after so long (seconds).
_FRESH_S = 600.0


class Calibrations:
    """Asks each QPU for its calibration once in a while, and never keeps anybody waiting.

    Parameters
    ----------
    sidecar
        Where they are kept, each under the hash of its content.
    session
        Notes what was asked for and what came.
    """

    def __init__(self, sidecar: Sidecar, session: KernelSession) -> None:
        self._sidecar = sidecar
        self._session = session
        self._asked: dict[str, float] = {}
        self._files: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def file_of(self, qpu_id: str) -> str | None:
        """Give the file of the calibration that a QPU has now, if it is here."""
        return self._files.get(qpu_id)

    def submitted_to(self, qpu_id: str, connection: Connection) -> None:
        """Ask for the calibration, unless that was done lately; on the session's loop."""
        if time.monotonic() - self._asked.get(qpu_id, -_FRESH_S) >= _FRESH_S:
            self._asked[qpu_id] = time.monotonic()
            task = asyncio.get_running_loop().create_task(self._ask(qpu_id, connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop asking on this loop: the session is being closed."""
        tasks = [task for task in self._tasks if task.get_loop() is asyncio.get_running_loop()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, qpu_id: str, connection: Connection) -> None:
        note = {"qpu": qpu_id, "asked": now().isoformat()}
        try:
            answer = await connection.service.calibration(qpu_id, None)
            content = json_of(answer)
            path = self._sidecar.calibrations / f"{hashlib.sha256(content).hexdigest()}.json"
            if not path.exists():
                self._sidecar.require()
                await asyncio.to_thread(write_files, {path: content})
            note["file"] = self._files[qpu_id] = self._sidecar.name_of(path)
        except Exception as exc:  # a run does without
            note["error"] = redacted(str(exc))[:300] or type(exc).__name__
        self._session.note_calibration(note)
