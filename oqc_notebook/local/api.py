"""The REST API, version 3 and what version 4 shares with it, as an ASGI application.

Where the published clients leave a shape open, it is written down here: errors are
``{"response": {"errors": [text]}}`` for v3 and, in the same object, ``"detail"`` for v4, a second
submission of an id is answered with 409, and a batch with one bad task is refused whole.
"""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from oqc_notebook.local.api_v4 import routes_v4
from oqc_notebook.local.clock import iso, read_date, read_moment
from oqc_notebook.local.errors import ApiError, quote
from oqc_notebook.local.guard import Guard, JsonResponse, error_response
from oqc_notebook.local.routes import Handler, route
from oqc_notebook.local.scenario import Call
from oqc_notebook.local.service import Service
from oqc_notebook.local.submissions import list_field, tag_field, text_field, whole_number
from oqc_notebook.local.tasks import PARTS, Task

VERSION = "3-local"

_MAX_RESERVED = 10_000
_MAX_PER_PAGE = 1000


def make_app(service: Service, token: str) -> ASGIApp:
    """Return the application.

    Parameters
    ----------
    service
        What answers the calls.
    token
        What callers must send as Authentication-Token.
    """
    app = Starlette(
        routes=[*_Api(service, token).routes(), *routes_v4(service)],
        exception_handlers={
            ApiError: _refused,
            HTTPException: _no_such_call,
            Exception: _failed,
        },
    )
    app.router.redirect_slashes = False
    return Guard(app, token)


class _Api:
    """One method a call."""

    def __init__(self, service: Service, token: str) -> None:
        self._service = service
        self._token = token

    def routes(self) -> list[Route]:
        """Return the calls and their paths."""
        return [
            self._get("/admin/version", self.version, "version"),
            self._post("/admin/login", self.login, "login"),
            self._post("/admin/logout", self.logout, "login"),
            self._get("/admin/qpu", self.qpus, "qpus"),
            self._get("/admin/qpu/{qpu_id}", self.qpu, "qpus"),
            self._post("/tasks", self.reserve, "reserve"),
            self._get("/tasks", self.tasks, "tasks"),
            self._post("/tasks/submit", self.submit, "submit"),
            self._post("/tasks/cancel_many", self.cancel, "cancel"),
            self._get("/tasks/{task_id}/all_info", self.all_info, "poll"),
            self._get("/tasks/{task_id}/{part}", self.part, "poll"),
            self._get("/monitoring/statuses", self.statuses, "monitoring"),
            self._get("/monitoring/calibrations", self.calibrations, "monitoring"),
            self._post("/monitoring/task_wait_time", self.task_wait_time, "monitoring"),
            self._post("/monitoring/qpu_wait_time", self.qpu_wait_time, "monitoring"),
            self._get("/windows/next", self.next_window, "monitoring"),
        ]

    def _get(self, path: str, handler: Handler, call: Call) -> Route:
        return route(path, handler, "GET", call, self._service)

    def _post(self, path: str, handler: Handler, call: Call) -> Route:
        return route(path, handler, "POST", call, self._service)

    async def version(self, request: Request) -> Response:
        return JsonResponse({"version": VERSION})

    async def login(self, request: Request) -> Response:
        body = await _body(request)
        text_field(body, "email")
        password = text_field(body, "password")
        # Any address will do; the token serves as the password. A lone surrogate cannot be encoded.
        if not hmac.compare_digest(password.encode(errors="replace"), self._token.encode()):
            raise ApiError(401, "the password of a local QPU is its token, and this is not it")
        return JsonResponse({"response": {"user": {"authentication_token": self._token}}})

    async def logout(self, request: Request) -> Response:
        return JsonResponse({"response": {}})

    async def qpus(self, request: Request) -> Response:
        per_page = _number_in_query(request, "per_page", 20, _MAX_PER_PAGE)
        page = _number_in_query(request, "page", 1, _MAX_PER_PAGE)
        items = [self._service.item(qpu, _base_url(request)) for qpu in self._service.qpus()]
        first = (page - 1) * per_page
        return JsonResponse(
            {
                "items": items[first : first + per_page],
                "page": page,
                "per_page": per_page,
                "total": len(items),
            }
        )

    async def qpu(self, request: Request) -> Response:
        qpu = self._service.qpu(request.path_params["qpu_id"])
        return JsonResponse(self._service.item(qpu, _base_url(request)))

    async def reserve(self, request: Request) -> Response:
        body = await _body(request)
        if "tasks" in body:  # v4: one entry for each id
            return JsonResponse({"tasks": self._reserve_each(list_field(body, "tasks"))})
        count = whole_number(body.get("task_count"), "task_count", 1, _MAX_RESERVED)
        return JsonResponse(
            self._service.reserve(text_field(body, "qpu_id"), count, tag_field(body))
        )

    def _reserve_each(self, items: list[Any]) -> list[str]:
        if len(items) > _MAX_RESERVED:
            raise ApiError(400, f"at most {_MAX_RESERVED} ids can be reserved at once")
        for item in items:
            if not isinstance(item, dict):
                raise ApiError(400, f"a task is {quote(item)}; it must be an object")
        wanted = [(text_field(item, "qpu_id"), tag_field(item)) for item in items]
        for qpu_id, _ in wanted:
            self._service.qpu(qpu_id)
        return [self._service.reserve(qpu_id, 1, tag)[0] for qpu_id, tag in wanted]

    async def tasks(self, request: Request) -> Response:
        start = _moment_in_query(request, "start_date", end=False)
        end = _moment_in_query(request, "end_date", end=True)
        return JsonResponse(self._service.summaries(start, end))

    async def submit(self, request: Request) -> Response:
        received_at = time.time()
        items = list_field(await _body(request), "tasks")
        ids = self._service.submit(items, received_at)
        return JsonResponse([{"task_id": task_id} for task_id in ids])

    async def cancel(self, request: Request) -> Response:
        self._service.cancel(list_field(await _body(request), "tasks"))
        return JsonResponse("OK")

    async def all_info(self, request: Request) -> Response:
        return JsonResponse(self._asked_about(request).all_info())

    async def part(self, request: Request) -> Response:
        part = request.path_params["part"]
        if part not in PARTS:
            raise HTTPException(404)
        return JsonResponse(self._asked_about(request).part(part))

    def _asked_about(self, request: Request) -> Task:
        return self._service.task_asked_about(request.path_params["task_id"])

    async def statuses(self, request: Request) -> Response:
        return JsonResponse(self._service.statuses())

    async def calibrations(self, request: Request) -> Response:
        qpu_id = request.query_params.get("qpu_id")
        date = request.query_params.get("date")
        try:
            if date is not None:
                read_date(date)
        except ValueError as error:
            raise ApiError(400, f"date is {quote(date)}; it must be YYYY-MM-DD") from error
        if qpu_id is None:
            raise ApiError(400, "qpu_id is missing")
        return JsonResponse(self._service.calibration(qpu_id))

    async def task_wait_time(self, request: Request) -> Response:
        body = await _body(request)
        self._service.qpu(text_field(body, "qpu_id"))
        task_ids = _texts(list_field(body, "task_ids"))
        times = [self._service.task_wait_time(task_id) for task_id in task_ids]
        return JsonResponse({"task_wait_times": times})

    async def qpu_wait_time(self, request: Request) -> Response:
        targets = _texts(list_field(await _body(request), "targets"))
        times = [self._service.qpu_wait_time(qpu_id) for qpu_id in targets]
        return JsonResponse({"qpu_wait_times": times})

    async def next_window(self, request: Request) -> Response:
        # It is always open.
        return JsonResponse({"next_window": {"starting": iso(time.time())}})


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "the body is not valid JSON") from error
    if not isinstance(body, dict):
        raise ApiError(400, f"the body is {quote(body)}; it must be a JSON object")
    return body


def _texts(values: list[Any]) -> list[str]:
    for value in values:
        if not isinstance(value, str):
            raise ApiError(400, f"{quote(value)} is not an id")
    return values


def _number_in_query(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    return whole_number(int(text) if digits else text, name, 1, most)


def _moment_in_query(request: Request, name: str, *, end: bool) -> float | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return read_moment(text, end=end)
    except ValueError as error:
        raise ApiError(400, f"{name} is {quote(text)}; it must be an ISO 8601 time") from error


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_response(error)


async def _no_such_call(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    call = f"{request.method} {request.url.path}"
    return error_response(ApiError(error.status_code, f"there is no call {quote(call)} here"))


async def _failed(request: Request, error: Exception) -> Response:
    return error_response(ApiError(500, "the local QPU failed at this call"))
