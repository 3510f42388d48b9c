"""What a session can be asked about: QPUs, their queues, and the tasks of the account."""

from __future__ import annotations

import datetime as dt
from typing import Any

from oqc_notebook.sdk.arguments import day_of, moment_text
from oqc_notebook.sdk.loops import on_loop
from oqc_notebook.sdk.session import Session
from oqc_notebook.sdk.wait_times import WaitTime, moment_of, wait_time_of


class LookUps(Session):
    """The questions of :class:`~oqc_notebook.sdk.OqcSdk`; they change nothing at the service.

    Each raises a SessionError if the session is not open, is closed, or cannot reach the
    server, and a ServerError with the server's reason if it says no.
    """

    def qpu_name(self, qpu_id: str) -> str:
        """Give what people call a QPU, as far as the open session knows it; else its id."""
        names = {} if self._connection is None else self._connection.service.qpu_names
        return names.get(qpu_id, qpu_id)

    def qpu_item(self, qpu_id: str) -> dict[str, Any]:
        """Give what the list of QPUs last said of one, such as its price; empty if nothing."""
        items = {} if self._connection is None else self._connection.service.qpu_items
        return items.get(qpu_id, {})

    @property
    def default_qpu_id(self) -> str | None:
        """The QPU of jobs that name none."""
        return self._default_qpu_id

    def set_default_qpu(self, qpu_id: str) -> None:
        """Choose the QPU of jobs that name none."""
        self._default_qpu_id = qpu_id

    def _qpu_id(self, qpu_id: str | None) -> str:
        chosen = qpu_id if qpu_id is not None else self._default_qpu_id
        if chosen is None:
            raise ValueError(
                "No QPU is named: give qpu_id=, or choose a default with "
                "sdk.set_default_qpu((await sdk.list_qpus())[0]['id'])."
            )
        return chosen

    async def _look_up(self, question: str, *arguments: Any) -> Any:
        """Ask the service a question, one of its methods; or what recorded the answer."""
        connection = self._require_connection()

        async def ask() -> Any:
            return await on_loop(connection.loop, getattr(connection.service, question), *arguments)

        if self._recorder is None:
            return await ask()
        return await self._recorder.looked_up(question, arguments, ask)

    async def list_qpus(self) -> list[dict[str, Any]]:
        """List the active QPUs: ``id``, ``name``, ``status`` and what else the server says."""
        listed: list[dict[str, Any]] = await self._look_up("qpus")
        return listed

    async def get_qpu(self, qpu_id: str | None = None) -> dict[str, Any]:
        """Get what the server says of one QPU; ``feature_set`` in it is what it can do."""
        told: dict[str, Any] = await self._look_up("qpu", self._qpu_id(qpu_id))
        return told

    async def get_features(self, qpu_id: str | None = None) -> Any:
        """Get what a QPU can do, such as its qubits and its largest number of shots."""
        return await self._look_up("features", self._qpu_id(qpu_id))

    async def get_system_status(self, qpu_id: str | None = None) -> Any:
        """Get the status document of one QPU's server, or of all."""
        return await self._look_up("statuses", qpu_id)

    async def get_calibration(
        self, qpu_id: str | None = None, date_filter: dt.date | str | None = None
    ) -> Any:
        """Get the calibration document of a QPU.

        Parameters
        ----------
        qpu_id
            The QPU; the default one if None.
        date_filter
            A day, as a date, a datetime or ``"YYYY-MM-DD"``; None means the latest.

        Raises
        ------
        ValueError
            If the text is not a day.
        TypeError
            If it is something else.
        """
        day = day_of(date_filter)
        return await self._look_up("calibration", self._qpu_id(qpu_id), day)

    async def get_next_window(self, qpu_id: str | None = None) -> dt.datetime | None:
        """Get the start of a QPU's next execution window (naive, in UTC, as published).

        In v4 it is taken from :meth:`get_wait_time`. It is None where none is told.
        """
        text = await self._look_up("next_window", self._qpu_id(qpu_id))
        start = moment_of(text)
        return None if start is None else start.replace(tzinfo=None)

    async def get_wait_time(self, qpu_id: str | None = None) -> WaitTime:
        """Ask how long the queue of a QPU is, and when it runs next.

        It is one request, so asking each QPU every few seconds does no harm.
        """
        chosen = self._qpu_id(qpu_id)
        return wait_time_of(chosen, await self._look_up("qpu_wait_time", chosen))

    # ---- tasks ----

    async def list_tasks(
        self,
        start: dt.date | None = None,
        end: dt.date | None = None,
        qpu_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """List the tasks of the account, also those whose jobs are lost, as the server says them.

        ``attach(task_id, qpu_id)`` makes a job of one.

        Parameters
        ----------
        start, end
            Only tasks that were made between these, as datetimes or days; without a
            zone they are local time, as in Python. A day counts as a whole.
        qpu_id
            Only tasks of this QPU; None lists those of every active QPU.

        Raises
        ------
        TypeError
            If `start` or `end` is something else.
        """
        since, until = moment_text(start, end=False), moment_text(end, end=True)
        found: list[dict[str, Any]] = await self._look_up("tasks", qpu_id, since, until)
        return found
