"""The calls of the QCaaS REST API, one method for each, in its v3 dialect.

Whether a call is retried is decided here: reading and reserving ids is, because
it can be repeated without harm; submitting is left to :mod:`.submission`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from oqc_notebook.sdk.errors import (
    DisturbanceError,
    OqcError,
    ServerError,
    SessionUnreachableError,
)
from oqc_notebook.sdk.transport import Transport


class Service:
    """The service behind a transport.

    Parameters
    ----------
    transport
        The open transport.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        #: QPU id -> base address of that QPU's own calls, of every QPU that was ever listed.
        self._endpoints: dict[str, str] = {}
        #: QPU id -> whether it is active, of the QPUs in the last list.
        self._listed: dict[str, bool] = {}
        #: QPU id -> what people call it.
        self.qpu_names: dict[str, str] = {}
        #: QPU id -> what the list of QPUs last said of it.
        self.qpu_items: dict[str, dict[str, Any]] = {}

    def unanswered(self) -> None:
        """Note that a request was given up without an answer."""
        self._transport.unanswered()

    # ---- the service and its QPUs ----

    async def version(self) -> str:
        """Ask for the server's version; needs no token."""
        answer = await self._transport.get("/admin/version", authenticate=False)
        return str(member(answer, "version", str))

    async def qpus(self) -> list[dict[str, Any]]:
        """List the active QPUs, in the server's order."""
        answer = await self._transport.get("/admin/qpu", {"per_page": "1000"})
        listed = items_of(member(answer, "items", list))
        # also of those that are not active: their servers still know what ran there
        self._endpoints |= {
            qpu["id"]: str(qpu.get("url") or self._transport.url).rstrip("/") for qpu in listed
        }
        self._listed = {qpu["id"]: bool(qpu.get("active")) for qpu in listed}
        return self._known([qpu for qpu in listed if qpu.get("active")])

    async def qpu(self, qpu_id: str) -> dict[str, Any]:
        """Get what the server says of one QPU, its feature set included."""
        answer = await self._transport.get(f"/admin/qpu/{quote(qpu_id, safe=':')}")
        if not isinstance(answer, dict):
            raise DisturbanceError(
                f"The answer about QPU {qpu_id!r} is no object.", may_have_arrived=True
            )
        features = answer.get("feature_set")
        if isinstance(features, str):  # JSON text inside the JSON
            with suppress(ValueError):
                answer["feature_set"] = json.loads(features)
        return answer

    async def features(self, qpu_id: str) -> Any:
        """Get the feature set of a QPU."""
        return (await self.qpu(qpu_id)).get("feature_set")

    async def calibration(self, qpu_id: str, date: str | None) -> Any:
        """Get the calibration document of a QPU, of a day (``YYYY-MM-DD``) if given."""
        params = {"qpu_id": qpu_id} | ({"date": date} if date else {})
        return await self._get(qpu_id, "/monitoring/calibrations", params)

    async def statuses(self, qpu_id: str | None) -> Any:
        """Get the system status from a QPU's server, or from every server."""
        if qpu_id is not None:
            return await self._get(qpu_id, "/monitoring/statuses")
        servers = await self._servers()
        answers = [await self._transport.get(f"{s}/monitoring/statuses") for s in servers]
        return answers[0] if len(answers) == 1 else answers

    async def next_window(self, qpu_id: str) -> str | None:
        """Get the start of the next execution window, ``YYYY-mm-ddTHH:MM:SSZ``."""
        answer = await self._get(qpu_id, "/windows/next")
        window = answer.get("next_window") if isinstance(answer, dict) else None
        return window.get("starting") if isinstance(window, dict) else None

    async def qpu_wait_time(self, qpu_id: str) -> dict[str, Any]:
        """Get what the server expects of a QPU's queue; :mod:`.wait_times` reads it."""
        url = await self._endpoint(qpu_id) + "/monitoring/qpu_wait_time"
        answer = await self._transport.post(url, {"targets": [qpu_id]}, repeatable=True)
        told = member(answer, "qpu_wait_times", list)
        return next((each for each in told if isinstance(each, dict)), {})

    # ---- tasks ----

    async def reserve(self, qpu_id: str, count: int) -> list[str]:
        """Reserve task ids; nothing runs under them until they are submitted."""
        if not self._listed.get(qpu_id):
            await self.qpus()
        if not self._listed.get(qpu_id):
            raise self._not_offered(qpu_id)
        url = await self._endpoint(qpu_id) + "/tasks"
        body = {"qpu_id": qpu_id, "task_count": count, "tag": None}
        answer = await self._transport.post(url, body, repeatable=True)
        if not (isinstance(answer, list) and len(answer) == count):
            raise ServerError(
                f"The server reserved {answer!r:.80} where {count} task ids were asked for.", 502
            )
        return [str(task_id) for task_id in answer]

    async def submit(self, qpu_id: str, tasks: list[dict[str, Any]]) -> set[str]:
        """Submit tasks under the ids that they carry; sent once, never retried here.

        Returns
        -------
        set of str
            The ids of the tasks that the server says it took.
        """
        url = await self._endpoint(qpu_id) + "/tasks/submit"
        answer = await self._transport.post(url, {"tasks": tasks}, repeatable=False)
        taken = answer if isinstance(answer, list) else []
        return {str(task.get("task_id")) for task in taken if isinstance(task, dict)}

    async def task(self, qpu_id: str, task_id: str, *, attempts: int | None = None) -> Any:
        """Get everything that the server knows of a task.

        The calls for its parts (``/status``, ``/results`` and so on) are not used: they
        tell nothing more, cost a request each, and could tell of different moments.
        """
        try:
            answer = await self._get(qpu_id, f"/tasks/{task_id}/all_info", attempts=attempts)
        except (DisturbanceError, SessionUnreachableError):
            await self._still_listed(qpu_id)
            raise
        if not isinstance(answer, dict) or "status" not in answer:
            raise DisturbanceError(
                f"The answer about task {task_id} has no status.", may_have_arrived=True
            )
        return answer

    async def cancel(self, qpu_id: str, task_ids: list[str]) -> None:
        """Ask for tasks to be cancelled."""
        url = await self._endpoint(qpu_id) + "/tasks/cancel_many"
        await self._transport.post(url, {"tasks": task_ids}, repeatable=True)

    async def tasks(
        self, qpu_id: str | None, start: str | None, end: str | None
    ) -> list[dict[str, Any]]:
        """List the tasks of the account, of one QPU or of every active one."""
        servers = await self._servers() if qpu_id is None else [await self._endpoint(qpu_id)]
        dates = {"start_date": start, "end_date": end}
        params = {name: date for name, date in dates.items() if date is not None}
        found: list[dict[str, Any]] = []
        for server in servers:
            answer = await self._transport.get(f"{server}/tasks", params)
            if not isinstance(answer, list):
                raise DisturbanceError("The list of tasks is no list.", may_have_arrived=True)
            found += [task for task in answer if isinstance(task, dict)]
        return [task for task in found if qpu_id is None or task.get("qpu_id", qpu_id) == qpu_id]

    async def task_wait_times(self, qpu_id: str, task_ids: list[str]) -> list[dict[str, Any]]:
        """Get when the server expects tasks of a QPU to end.

        The shape of the answer is not public; it is taken to be alike that for QPUs.
        """
        url = await self._endpoint(qpu_id) + "/monitoring/task_wait_time"
        body = {"task_ids": task_ids, "qpu_id": qpu_id}
        answer = await self._transport.post(url, body, repeatable=True)
        told = member(answer, "task_wait_times", list)
        return [each for each in told if isinstance(each, dict)]

    # ---- addresses ----

    async def _get(
        self,
        qpu_id: str,
        path: str,
        params: dict[str, str] | None = None,
        *,
        attempts: int | None = None,
    ) -> Any:
        url = await self._endpoint(qpu_id) + path
        return await self._transport.get(url, params, attempts=attempts)

    async def _endpoint(self, qpu_id: str) -> str:
        """Find a QPU's own base address; the list is read anew for a QPU not seen yet."""
        if qpu_id not in self._endpoints:
            await self.qpus()
        if qpu_id not in self._endpoints:
            raise self._not_offered(qpu_id)
        return self._endpoints[qpu_id]

    async def _servers(self) -> list[str]:
        """Give the addresses of the active QPUs, each once."""
        await self.qpus()
        return sorted({self._endpoints[qpu_id] for qpu_id in self._offered()})

    async def _still_listed(self, qpu_id: str) -> None:
        """Look whether a QPU whose own server does not answer was removed meanwhile.

        Raises
        ------
        ServerError
            If it was.
        """
        if self._endpoints.get(qpu_id, self._transport.url) == self._transport.url:
            return  # who does not answer is the server that would have to be asked
        try:
            await self.qpus()
        except OqcError:
            return
        if qpu_id not in self._listed:
            raise self._not_offered(qpu_id)

    def _known(self, qpus: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Keep what the list says of the active QPUs, and give it back."""
        self.qpu_names |= {qpu["id"]: str(qpu.get("name") or qpu["id"]) for qpu in qpus}
        self.qpu_items |= {qpu["id"]: qpu for qpu in qpus}
        return qpus

    def _offered(self) -> list[str]:
        return [qpu_id for qpu_id, active in self._listed.items() if active]

    def _not_offered(self, qpu_id: str) -> ServerError:
        return ServerError(
            f"The server offers no QPU {qpu_id!r}: it was removed or renamed, or your account "
            f"has no access to it. Offered now: {', '.join(self._offered()) or 'none'}.",
            404,
        )


def items_of(listed: list[Any]) -> list[dict[str, Any]]:
    """Give the QPUs in a list; what is none is passed over."""
    return [qpu for qpu in listed if isinstance(qpu, dict) and isinstance(qpu.get("id"), str)]


def member(answer: Any, key: str, kind: type) -> Any:
    """Give a member of an answer.

    Raises
    ------
    DisturbanceError
        If it is not there, or of another type: whoever answered is not the service.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get(key), kind):
        raise DisturbanceError(
            f"The server's answer has no {key!r}; is this the address of a QCaaS service?",
            may_have_arrived=True,
        )
    return answer[key]
