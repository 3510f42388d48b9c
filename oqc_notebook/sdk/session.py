"""A session with the service: constructing, opening, closing and observing it."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Self

from oqc_notebook.sdk.arguments import (
    attempts_from_environment,
    checked_url,
    refuse_in_replay,
    v4_from_environment,
)
from oqc_notebook.sdk.credentials import Credential, credential_from
from oqc_notebook.sdk.errors import (
    AuthenticationError,
    SessionClosedError,
    SessionNotOpenError,
    SessionUnreachableError,
)
from oqc_notebook.sdk.loops import on_loop
from oqc_notebook.sdk.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from oqc_notebook.sdk.connection import Connection
    from oqc_notebook.sdk.recording import Recorder
    from oqc_notebook.sdk.registry import SessionObserver

#: The longest that opening a session may take (seconds), so that whoever waits knows within 10 s.
_OPENING_S = 9.0


class Session:
    """What :class:`~oqc_notebook.sdk.OqcSdk` is before it asks anything; see its parameters."""

    def __init__(
        self,
        url: str,
        authentication_token: str | None = None,
        email: str | None = None,
        password: str | None = None,
        credential: Credential | None = None,
        default_qpu_id: str | None = None,
        *,
        recorder: Recorder | None = None,
    ) -> None:
        self.url = checked_url(url)
        self._credential = credential_from(authentication_token, email, password, credential)
        self._default_qpu_id = default_qpu_id
        self._attempts = attempts_from_environment()
        self._v4 = v4_from_environment()
        self._connection: Connection | None = None
        self._was_open = False
        self._registry = Registry()
        self._recorder = recorder

    # ---- opening and closing ----

    async def open(self) -> Self:
        """Open the session on this event loop, and give it back.

        Raises
        ------
        AuthenticationError
            If the server does not accept the token.
        SessionUnreachableError
            If there is no usable answer within 10 s. No other host is asked.
        SessionError
            If ``OQC_NOTEBOOK_MODE`` is ``replay`` and the session has no archive.
        """
        if self._connection is not None and not self._connection.loop.is_closed():
            return self
        served_by = None if self._recorder is None else self._recorder.opening(self.url)
        if served_by is not None:
            self._opened(served_by)
            return self
        refuse_in_replay()
        # HTTP comes in with the first session: loading and looking at jobs needs none
        from oqc_notebook.sdk.connection import Connection
        from oqc_notebook.sdk.transport import Transport

        transport = Transport(self.url, self._credential, attempts=self._attempts)
        transport.on_reach = partial(self._registry.tell, "connection")
        connection = Connection(transport, v4=self._v4)
        try:
            async with asyncio.timeout(_OPENING_S):
                await connection.service.version()
                await connection.service.qpus()
        except TimeoutError:
            await connection.close()
            raise SessionUnreachableError(
                f"{self.url} gave no usable answer within {_OPENING_S:.0f} s. Check the address "
                "and the network."
            ) from None
        except AuthenticationError as exc:
            await connection.close()
            raise AuthenticationError(
                f"{self.url} does not accept the credentials: {exc} Check the token; it may have "
                "expired.",
                exc.code,
                exc.answer,
            ) from None
        except BaseException:
            await connection.close()
            raise
        if self.is_open:  # another call was faster
            await connection.close()
        else:
            self._opened(connection)
        return self

    def _opened(self, connection: Connection) -> None:
        self._connection = connection
        self._was_open = True
        self._registry.tell("connection")

    async def close(self) -> None:
        """Close the session. Jobs in flight go on at the server; a later session finds them."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.loop.is_closed():
            await on_loop(connection.loop, connection.close)
            if self._recorder is not None:
                await on_loop(connection.loop, self._recorder.closing)
        self._registry.tell("connection")

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @property
    def is_open(self) -> bool:
        """Whether the session is open."""
        return self._connection is not None and not self._connection.loop.is_closed()

    @property
    def requests(self) -> int:
        """How many HTTP requests the open session has sent."""
        return 0 if self._connection is None else self._connection.transport.requests

    @property
    def connection_lost(self) -> dt.datetime | None:
        """Since when the server could not be reached, in UTC; None while it can.

        What is in flight is asked about again by itself; a job does not fail by this.
        """
        return None if self._connection is None else self._connection.transport.lost_since

    def observe(self, callback: SessionObserver) -> Callable[[], None]:
        """Have `callback(change)` called, until the function given back is called.

        `change` is ``"connection"`` when the session was opened or closed, or the
        connection to the server was lost or found again, and ``"jobs"`` when a job was
        made. What the callback raises is logged.
        """
        return self._registry.observe(callback)

    def _require_connection(self) -> Connection:
        if self._connection is not None and not self._connection.loop.is_closed():
            return self._connection
        if self._was_open:
            raise SessionClosedError(
                f"The session with {self.url} is closed; open a new one with 'await sdk.open()', "
                "'async with OqcSdk(...)' or oqc_notebook.connect()."
            )
        raise SessionNotOpenError(
            f"The session with {self.url} is not open; open it with 'await sdk.open()', "
            "'async with OqcSdk(...)' or oqc_notebook.connect()."
        )

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed" if self._was_open else "not open"
        default = f", default_qpu={self._default_qpu_id!r}" if self._default_qpu_id else ""
        return f"OqcSdk(url={self.url!r}, {state}{default})"
