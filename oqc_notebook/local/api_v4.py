"""The calls that only v4 has: those of a gateway with one address for all QPUs.

Documents about a QPU are wrapped in ``{"qpu_id", "data"}``. Tasks are served as in v3.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oqc_notebook.local.errors import ApiError
from oqc_notebook.local.guard import JsonResponse
from oqc_notebook.local.routes import Handler, route
from oqc_notebook.local.scenario import Call
from oqc_notebook.local.service import Service

VERSION = "4-local"


def routes_v4(service: Service) -> list[Route]:
    """Return the calls and their paths."""

    async def healthz(request: Request) -> Response:
        return JsonResponse({"status": "ok", "version": VERSION})

    async def qpus(request: Request) -> Response:
        return JsonResponse(
            [
                {"id": qpu.id, "name": qpu.name, "active": True, "status": "ACTIVE"}
                for qpu in service.qpus()
            ]
        )

    async def features(request: Request) -> Response:
        return _wrapped(request, service.features(_qpu_id(request)))

    async def benchmarks(request: Request) -> Response:
        return _wrapped(request, service.calibration(_qpu_id(request)))

    async def search(request: Request) -> Response:
        service.qpu(_qpu_id(request))
        raise ApiError(501, "benchmarks of a day are not kept here, as in the cloud")

    async def status(request: Request) -> Response:
        qpu = service.qpu(_qpu_id(request))
        (found,) = (item for item in service.statuses() if item["qpu_id"] == qpu.id)
        return _wrapped(request, found)

    handlers: dict[str, tuple[Handler, Call]] = {
        "/healthz": (healthz, "version"),
        "/qpus": (qpus, "qpus"),
        "/qpus/{qpu_id}/features": (features, "qpus"),
        "/qpus/{qpu_id}/benchmarks": (benchmarks, "monitoring"),
        "/qpus/{qpu_id}/benchmarks/search": (search, "monitoring"),
        "/qpus/{qpu_id}/status": (status, "monitoring"),
    }
    return [
        route(path, handler, "GET", call, service) for path, (handler, call) in handlers.items()
    ]


def _qpu_id(request: Request) -> str:
    return str(request.path_params["qpu_id"])


def _wrapped(request: Request, data: dict[str, Any]) -> Response:
    return JsonResponse({"qpu_id": _qpu_id(request), "data": data})
