"""The server process: one port on 127.0.0.1, from its ready line to its end."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn

from oqc_notebook.local.api import make_app
from oqc_notebook.local.control import obey_stdin
from oqc_notebook.local.service import Service
from oqc_notebook.local.settings import Settings
from oqc_notebook.local.spoiling import Connection

_HOST = "127.0.0.1"
_TOKEN_BYTES = 24
_SHUTDOWN_SECONDS = 1


async def serve(settings: Settings) -> None:
    """Run a local QPU until it is asked to end.

    The first line on standard output, one JSON object with ``url``, ``token`` and ``pid``, says
    that it can be called.

    Raises
    ------
    OSError
        If the port cannot be had.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with _listen(settings.port) as listener:
        service = Service(settings)
        config = uvicorn.Config(
            make_app(service, token),
            http=Connection,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
        port = listener.getsockname()[1]
        server = _Server(config, {"url": f"http://{_HOST}:{port}", "token": token})
        if settings.exit_with_stdin:
            obey_stdin(service, at_end=functools.partial(setattr, server, "should_exit", True))
        service.start()
        try:
            await server.serve([listener])
        finally:
            await service.close()


class _Server(uvicorn.Server):
    """A server that says when it is ready, and for which SIGTERM is a way to end, not to fail."""

    def __init__(self, config: uvicorn.Config, ready: dict[str, str]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        sys.stdout.write(json.dumps(self._ready | {"pid": os.getpid()}) + "\n")
        sys.stdout.flush()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, self.handle_exit) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is given; it costs 40 ms a call.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere this option lets two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError:
        listener.close()
        raise
    return listener
