"""The calls of the QCaaS REST API in its v4 dialect, switched on by ``OQC_QCAAS_V4``.

One base address serves every QPU, documents come wrapped in ``{"qpu_id", "data"}``,
and ids are reserved one by one in a list. Everything else is as in v3.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from oqc_notebook.sdk.errors import DisturbanceError, ServerError
from oqc_notebook.sdk.service import Service, items_of, member
from oqc_notebook.sdk.wait_times import wait_time_of

#: Each id is asked for with the name of its QPU, and a request holds 128 KiB.
_MAX_RESERVED_AT_ONCE = 1000


class ServiceV4(Service):
    """The service behind a transport, in its v4 dialect."""

    async def version(self) -> str:
        """Ask the gateway whether it is well, and for its version; needs no token."""
        answer = await self._transport.get("/healthz", authenticate=False)
        if not isinstance(answer, dict):
            raise DisturbanceError(
                "The answer to /healthz is no object; is this the address of a QCaaS gateway?",
                may_have_arrived=True,
            )
        return str(answer.get("version", ""))

    async def qpus(self) -> list[dict[str, Any]]:
        """List the QPUs that the account may use, in the server's order."""
        answer = await self._transport.get("/qpus")
        qpus = items_of(answer if isinstance(answer, list) else member(answer, "items", list))
        self._listed = {qpu["id"]: True for qpu in qpus}
        return self._known(qpus)

    async def qpu(self, qpu_id: str) -> dict[str, Any]:
        """Get what the list says of one QPU, and its feature set; v4 has no call for both."""
        found = next((qpu for qpu in await self.qpus() if qpu["id"] == qpu_id), None)
        if found is None:
            raise self._not_offered(qpu_id)
        return found | {"feature_set": await self.features(qpu_id)}

    async def features(self, qpu_id: str) -> Any:
        """Get the feature set of a QPU."""
        return await self._document(qpu_id, "features")

    async def calibration(self, qpu_id: str, date: str | None) -> Any:
        """Get the benchmarks of a QPU, v4's name for its calibration; of a day if given."""
        if date is None:
            return await self._document(qpu_id, "benchmarks")
        day = {"start_date": f"{date}T00:00:00", "end_date": f"{date}T23:59:59"}
        return await self._document(qpu_id, "benchmarks/search", day)

    async def statuses(self, qpu_id: str | None) -> Any:
        """Get the status of a QPU; v4 has none for all of them together."""
        if qpu_id is None:
            raise ValueError("In v4, the status is that of one QPU: give its qpu_id.")
        return await self._transport.get(f"/qpus/{quote(qpu_id, safe=':')}/status")

    async def next_window(self, qpu_id: str) -> str | None:
        """Get the start of the next window from the wait time; v4 has no call for it."""
        window = wait_time_of(qpu_id, await self.qpu_wait_time(qpu_id)).next_window
        return None if window is None else f"{window.start:%Y-%m-%dT%H:%M:%SZ}"

    async def reserve(self, qpu_id: str, count: int) -> list[str]:
        """Reserve task ids; nothing runs under them until they are submitted."""
        reserved: list[str] = []
        while (missing := count - len(reserved)) > 0:
            asked = min(missing, _MAX_RESERVED_AT_ONCE)
            body = {"tasks": [{"qpu_id": qpu_id, "tag": None}] * asked}
            answer = await self._transport.post("/tasks", body, repeatable=True)
            ids = member(answer, "tasks", list)
            if len(ids) != asked:
                raise ServerError(
                    f"The server reserved {ids!r:.80} where {asked} task ids were asked for.", 502
                )
            reserved += map(str, ids)
        return reserved

    async def _document(self, qpu_id: str, name: str, params: dict[str, str] | None = None) -> Any:
        answer = await self._transport.get(f"/qpus/{quote(qpu_id, safe=':')}/{name}", params)
        return answer.get("data") if isinstance(answer, dict) else answer

    async def _endpoint(self, qpu_id: str) -> str:
        return self._transport.url

    async def _servers(self) -> list[str]:
        return [self._transport.url]
