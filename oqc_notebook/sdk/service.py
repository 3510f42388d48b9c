"""The calls of the QCaaS REST API, one method for each, in its v3 dialect.

Whether a call is retried is decided here: reading and reserving ids is, because
it can be repeated without harm; submitting is left to :mod:`.submission`.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from oqc_notebook.sdk.errors import DisturbanceError, ServerError
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
        #: QPU id -> base address of that QPU's own calls.
        self._endpoints: dict[str, str] = {}
        #: QPU id -> what people call it.
        self.qpu_names: dict[str, str] = {}

    # ---- the service and its QPUs ----

    async def version(self) -> str:
        """Ask for the server's version; needs no token."""
        answer = await self._transport.get("/admin/version", authenticate=False)
        return str(member(answer, "version", str))

    async def qpus(self) -> list[dict[str, Any]]:
        """List the active QPUs, in the server's order."""
        answer = await self._transport.get("/admin/qpu", {"per_page": "1000"})
        items = member(answer, "items", list)
        active = [q for q in items if isinstance(q, dict) and q.get("active") and q.get("id")]
        self._endpoints = {
            q["id"]: str(q.get("url") or self._transport.url).rstrip("/") for q in active
        }
        self.qpu_names |= {q["id"]: str(q.get("name") or q["id"]) for q in active}
        return active

    async def features(self, qpu_id: str) -> Any:
        """Get the feature set of a QPU; the server sends JSON text or an object."""
        answer = await self._transport.get(f"/admin/qpu/{quote(qpu_id, safe=':')}")
        features = answer.get("feature_set") if isinstance(answer, dict) else None
        return json.loads(features) if isinstance(features, str) else features

    async def calibration(self, qpu_id: str, date: str | None) -> Any:
        """Get the calibration document of a QPU, of a day (``YYYY-MM-DD``) if given."""
        params = {"qpu_id": qpu_id} | ({"date": date} if date else {})
        return await self._get(qpu_id, "/monitoring/calibrations", params)

    async def statuses(self, qpu_id: str | None) -> Any:
        """Get the system status from a QPU's server, or from every server."""
        if qpu_id is not None:
            return await self._get(qpu_id, "/monitoring/statuses")
        await self.qpus()
        servers = sorted(set(self._endpoints.values()))
        answers = [await self._transport.get(f"{s}/monitoring/statuses") for s in servers]
        return answers[0] if len(answers) == 1 else answers

    async def next_window(self, qpu_id: str) -> str | None:
        """Get the start of the next execution window, ``YYYY-mm-ddTHH:MM:SSZ``."""
        answer = await self._get(qpu_id, "/windows/next")
        window = answer.get("next_window") if isinstance(answer, dict) else None
        return window.get("starting") if isinstance(window, dict) else None

    # ---- tasks ----

    async def reserve(self, qpu_id: str, count: int) -> list[str]:
        """Reserve task ids; nothing runs under them until they are submitted."""
        url = await self._endpoint(qpu_id) + "/tasks"
        body = {"qpu_id": qpu_id, "task_count": count, "tag": None}
        answer = await self._transport.post(url, body, repeatable=True)
        if not (isinstance(answer, list) and len(answer) == count):
            raise ServerError(
                f"The server reserved {answer!r:.80} where {count} task ids were asked for.", 502
            )
        return [str(task_id) for task_id in answer]

    async def submit(self, qpu_id: str, tasks: list[dict[str, Any]]) -> None:
        """Submit tasks under the ids that they carry; sent once, never retried here."""
        url = await self._endpoint(qpu_id) + "/tasks/submit"
        await self._transport.post(url, {"tasks": tasks}, repeatable=False)

    async def task(self, qpu_id: str, task_id: str, *, attempts: int | None = None) -> Any:
        """Get everything that the server knows of a task."""
        answer = await self._get(qpu_id, f"/tasks/{task_id}/all_info", attempts=attempts)
        if not isinstance(answer, dict) or "status" not in answer:
            raise DisturbanceError(
                f"The answer about task {task_id} has no status.", may_have_arrived=True
            )
        return answer

    async def cancel(self, qpu_id: str, task_ids: list[str]) -> None:
        """Ask for tasks to be cancelled."""
        url = await self._endpoint(qpu_id) + "/tasks/cancel_many"
        await self._transport.post(url, {"tasks": task_ids}, repeatable=True)

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
            offered = ", ".join(self._endpoints) or "none"
            raise ServerError(
                f"The server offers no QPU {qpu_id!r}: it was removed or renamed, or your account "
                f"has no access to it. Offered now: {offered}.",
                404,
            )
        return self._endpoints[qpu_id]


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
