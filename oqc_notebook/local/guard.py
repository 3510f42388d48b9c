"""Who may call: the checks that come before every call."""

from __future__ import annotations

import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oqc_notebook.local.errors import ApiError

MAX_REQUEST_BYTES = 128 * 1024
# What is too large is read to its end, up to here, so that the sender gets to see the answer.
_MAX_DISCARDED_BYTES = 64 * 2**20

_HOSTS = {"127.0.0.1", "localhost"}
_OPEN_PATHS = {"/admin/version", "/admin/login", "/admin/logout", "/healthz"}


class JsonResponse(Response):
    """JSON in ASCII, so that text which is not valid Unicode can be sent back as it came."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the body; bytes are JSON text already."""
        return content if isinstance(content, bytes) else json.dumps(content).encode()


def error_response(refusal: ApiError) -> JsonResponse:
    """Return a refusal in the shapes in which clients of v3 and v4 look for its text."""
    content = {"response": {"errors": [refusal.text]}, "detail": refusal.text}
    return JsonResponse(content, refusal.status)


class Guard:
    """Lets a request through to the application, or answers it with an error.

    A web page in a browser can reach 127.0.0.1 too, under another name (Host) or from another
    origin (Origin). Neither gets as far as the token.

    Parameters
    ----------
    app
        The application.
    token
        What the header Authentication-Token must say.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        try:
            self._check_headers(request)
            body = await _read_body(request)
        except ApiError as refusal:
            await error_response(refusal)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        given = False

        async def receive_body() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_body, send)

    def _check_headers(self, request: Request) -> None:
        host = request.headers.get("host", "")
        if _hostname(host) not in _HOSTS:
            raise ApiError(403, "the local QPU answers to 127.0.0.1 and localhost only")
        origin = request.headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            raise ApiError(403, "the local QPU answers no web page of another origin")
        if request.url.path in _OPEN_PATHS:
            return
        token = request.headers.get("authentication-token")
        if token is None:
            raise ApiError(401, "the header Authentication-Token is missing")
        if not hmac.compare_digest(token.encode(), self._token):
            raise ApiError(401, "the token is not that of this local QPU")


def _hostname(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return parts.hostname if port_is_valid and parts.netloc == host and "@" not in host else None


async def _read_body(request: Request) -> bytes:
    size = sum(len(name) + len(value) for name, value in request.scope["headers"])
    body = b""
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_REQUEST_BYTES:
            body += chunk
        elif size > _MAX_DISCARDED_BYTES:
            break
    if size > MAX_REQUEST_BYTES:
        raise ApiError(413, f"a request can have {MAX_REQUEST_BYTES} bytes; this one has {size}")
    return body
