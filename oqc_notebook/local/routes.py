"""A call of the API: its path, what answers it, and what spoils it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oqc_notebook.local.scenario import Call
from oqc_notebook.local.service import Service
from oqc_notebook.local.spoiling import Spoiler

Handler = Callable[[Request], Awaitable[Response]]


def route(path: str, handler: Handler, method: str, call: Call, service: Service) -> Route:
    """Return the route of a call.

    Parameters
    ----------
    path, handler, method
        The call, and what answers it.
    call
        What faults name it.
    service
        Whose faults.
    """
    spoiler = Middleware(Spoiler, call, service.faults, service.settings)
    return Route(path, handler, methods=[method], middleware=[spoiler])
