"""Spoilt answers: errors, web pages, nothing, late, or half of what there was to say."""

from __future__ import annotations

import asyncio
import functools

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from oqc_notebook.local.errors import ApiError
from oqc_notebook.local.faults import Faults
from oqc_notebook.local.guard import error_response
from oqc_notebook.local.scenario import (
    DroppedConnection,
    HtmlAnswer,
    Refusal,
    SlowAnswer,
    SpoiltCall,
    TruncatedAnswer,
)
from oqc_notebook.local.settings import Settings

_HANG_UP = "oqc_notebook.hang_up"

_PAGE = b"<!doctype html><html><title>Sign in</title><body>Sign in to continue.</body></html>\n"

#: What the statuses commonly mean.
_TEXTS = {
    401: "the token has expired",
    403: "this account has no access to that",
    404: "that is not here",
    408: "the request took too long to arrive",
    429: "too many requests; try again later",
    500: "the service failed at this call",
    502: "the gateway got no valid answer from the service",
    503: "the service is not available at the moment",
    504: "the gateway got no answer from the service in time",
}


class Connection(H11Protocol):
    """One connection, which the application can close at any moment."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(transport)
        served = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_HANG_UP] = transport.close
            await served(scope, receive, send)

        self.app = app


class Spoiler:
    """Answers a call, unless there is a fault for it.

    Parameters
    ----------
    app
        What answers the call.
    call
        Its name in ``scenario.Call``.
    faults
        What goes wrong.
    settings
        How fast the time of a fault passes.
    """

    def __init__(self, app: ASGIApp, call: str, faults: Faults, settings: Settings) -> None:
        self._app = app
        self._call = call
        self._faults = faults
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        self._faults.calls[self._call] += 1
        fault = self._faults.strike(SpoiltCall, lambda fault: fault.call in (self._call, "any"))
        match fault:
            case None:
                await self._app(scope, receive, send)
            case SlowAnswer():
                await self._app(scope, receive, self._held_back(fault, send))
            case TruncatedAnswer():
                await self._app(scope, receive, functools.partial(_send_half, fault.bytes, send))
                await _hang_up(scope, receive)
            case Refusal() | HtmlAnswer() | DroppedConnection():
                if fault.accepted:
                    await self._app(scope, receive, _send_nowhere)
                await _answer(fault, scope, receive, send)

    def _held_back(self, fault: SlowAnswer, send: Send) -> Send:
        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._settings.paced(fault.seconds))
            await send(message)

        return send_late


async def _answer(
    fault: Refusal | HtmlAnswer | DroppedConnection, scope: Scope, receive: Receive, send: Send
) -> None:
    if isinstance(fault, Refusal):
        text = fault.text or _TEXTS.get(fault.status, "the service does not say why")
        answer = error_response(ApiError(fault.status, text))
        if fault.retry_after is not None:
            answer.headers["Retry-After"] = str(fault.retry_after)
        await answer(scope, receive, send)
    elif isinstance(fault, HtmlAnswer):
        page = Response(_PAGE, media_type="text/html")
        await page(scope, receive, send)
    else:
        await _hang_up(scope, receive)


async def _send_half(most: int, send: Send, message: Message) -> None:
    """Send an answer's head, which tells the whole length, and the begin of its body."""
    if message["type"] == "http.response.body":
        message = {**message, "body": message["body"][:most], "more_body": True}
    await send(message)


async def _send_nowhere(message: Message) -> None:
    pass


async def _hang_up(scope: Scope, receive: Receive) -> None:
    scope["extensions"][_HANG_UP]()
    while (await receive())["type"] != "http.disconnect":
        pass
