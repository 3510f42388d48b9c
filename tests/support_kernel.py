"""A real kernel for tests: it gets its cells all at once, as "Run All" sends them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import ConnectionFileMixin
from jupyter_client.manager import KernelManager


@dataclass
class Cell:
    """What came back for a cell.

    Attributes
    ----------
    status
        ``"ok"``, ``"error"`` or ``"aborted"``.
    text, stderr
        What it printed.
    outputs
        The mime bundles that it showed, in order.
    error, message
        The kind of the error, and its text.
    traceback
        The lines of the error as they are shown, without colours.
    ended
        When the answer came (monotonic seconds).
    """

    status: str = ""
    text: str = ""
    stderr: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    message: str = ""
    traceback: list[str] = field(default_factory=list)
    ended: float = 0.0

    @property
    def shown(self) -> str:
        """All that it printed and showed, as text."""
        plain = "\n".join(str(output.get("text/plain", "")) for output in self.outputs)
        return self.text + plain


class Client:
    """A client of a kernel that somebody else started.

    Parameters
    ----------
    connection
        The kernel's connection file, or its manager.
    """

    def __init__(self, connection: Path | ConnectionFileMixin) -> None:
        if isinstance(connection, Path):
            self.client = BlockingKernelClient(connection_file=str(connection))
            self.client.load_connection_file()
            # a kernel that is starting on a busy machine is not dead after a second
            self.client.hb_channel.time_to_dead = 20.0
        else:
            self.client = connection.client()  # type: ignore[attr-defined]
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def send(self, *sources: str, metadata: dict[str, Any] | None = None) -> list[str]:
        """Send cells, and give the ids of the requests."""
        sent = []
        for source in sources:
            content = {
                "code": source,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": True,
            }
            message = self.client.session.msg("execute_request", content, metadata=metadata)
            self.client.shell_channel.send(message)
            sent.append(message["header"]["msg_id"])
        return sent

    def receive(self, message_ids: list[str], timeout: float = 60) -> list[Cell]:
        """Wait until all cells have ended."""
        cells = {message_id: Cell() for message_id in message_ids}
        idle: set[str] = set()
        while idle < set(message_ids):
            message = self.client.get_iopub_msg(timeout=timeout)
            parent = message["parent_header"].get("msg_id")
            if parent in cells:
                _note(cells[parent], message)
                if message["content"].get("execution_state") == "idle":
                    idle.add(parent)
        answered: set[str] = set()
        while answered < set(message_ids):
            message = self.client.get_shell_msg(timeout=timeout)
            parent = message["parent_header"]["msg_id"]
            if parent in cells:
                content = message["content"]
                cell = cells[parent]
                cell.status = content["status"]
                cell.error, cell.message = content.get("ename", ""), content.get("evalue", "")
                cell.ended = time.monotonic()
                answered.add(parent)
        return list(cells.values())

    def run(self, *sources: str, metadata: dict[str, Any] | None = None) -> list[Cell]:
        """Send cells all at once, and wait until all have ended."""
        return self.receive(self.send(*sources, metadata=metadata))

    def complete(self, code: str) -> list[str]:
        """Ask for what completes a cell at its end; the whole text with each completion."""
        content = self.client.complete(code, reply=True, timeout=30)["content"]
        return [code[: content["cursor_start"]] + match for match in content["matches"]]

    def stop(self) -> None:
        """Close the connection; the kernel goes on."""
        self.client.stop_channels()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def _note(cell: Cell, message: dict[str, Any]) -> None:
    content = message["content"]
    match message["msg_type"]:
        case "stream" if content["name"] == "stdout":
            cell.text += content["text"]
        case "stream":
            cell.stderr += content["text"]
        case "display_data" | "execute_result":
            cell.outputs.append(content["data"])
        case "error":
            colours = r"\x1b\[[0-9;]*m"
            cell.traceback = [re.sub(colours, "", line) for line in content["traceback"]]


class Kernel(Client):
    """A kernel of one's own.

    Parameters
    ----------
    options
        As for ``start_kernel``, such as `cwd` and `env`.
    """

    def __init__(self, **options: Any) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(**options)
        try:
            super().__init__(self.manager)
        except BaseException:
            self.manager.shutdown_kernel(now=True)
            raise

    def interrupt(self) -> float:
        """Interrupt what runs, and give the time."""
        began = time.monotonic()
        self.manager.interrupt_kernel()
        return began

    def stop(self) -> None:
        """End the kernel."""
        super().stop()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
