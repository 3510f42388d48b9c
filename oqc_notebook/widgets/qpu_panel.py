"""The panel of a service's QPUs: status, queue, price; features and calibration of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from oqc_notebook.sdk import OqcSdk
from oqc_notebook.sdk.registry import Change
from oqc_notebook.static.listings import qpus_html, qpus_text
from oqc_notebook.widgets.actions import said_of
from oqc_notebook.widgets.channel import Channel
from oqc_notebook.widgets.facts import Facts
from oqc_notebook.widgets.live import LivePanel
from oqc_notebook.widgets.names import name_of
from oqc_notebook.widgets.qpu_facts import qpu_facts
from oqc_notebook.widgets.surroundings import reach_of


class QpuPanel(LivePanel):
    """A panel of a service's QPUs, as of one moment until it is refreshed.

    Parameters
    ----------
    sdk
        The session.
    facts
        What :func:`qpu_facts` gave.
    channel
        Carries the panel's messages to the pages that show it.
    on_change
        Called after the facts changed.
    """

    def __init__(
        self,
        sdk: OqcSdk,
        facts: tuple[Facts, list[Facts]],
        channel: Channel,
        on_change: Callable[[bool], None] = lambda over: None,
    ) -> None:
        super().__init__(channel)
        self._sdk = sdk
        self._on_change = on_change
        self._is_refreshing = False
        self._leave_session: Callable[[], None] | None = None
        view, rows = facts
        with self._lock:
            self._follow()
            self._open({"name": name_of(sdk), **view, **reach_of(sdk)}, rows)

    def static_bundle(self) -> dict[str, str]:
        """Give the facts as HTML and text that need no kernel."""
        rows = list(self.rows)
        return {"text/html": qpus_html(self.view, rows), "text/plain": qpus_text(self.view, rows)}

    # ---- following ----

    @property
    def _is_awake(self) -> bool:
        return self._leave_session is not None

    def _wake(self) -> None:
        self._follow()
        self._update(reach_of(self._sdk), {})

    def _follow(self) -> None:
        self._leave_session = self._sdk.observe(self._on_session)

    def _sleep(self) -> None:
        if self._leave_session is not None:
            self._leave_session()
            self._leave_session = None

    def _on_session(self, change: Change) -> None:
        if change == "connection":
            self._update(reach_of(self._sdk), {})

    # ---- what pages ask for ----

    def _do(self, action: str, message: Facts) -> None:
        if action == "refresh" and not self._is_refreshing:
            try:
                self._on_loop(self._refresh())
            except Exception as exc:  # printed by nobody: here it is seen
                self.say(said_of(exc), bad=True)

    async def _refresh(self) -> None:
        self._is_refreshing = True
        self.set_busy("refresh")
        try:
            view, rows = await qpu_facts(self._sdk)
        except Exception as exc:
            self.say(said_of(exc), bad=True)
        else:
            removed = len(rows) < len(self.rows)
            del self.rows[len(rows) :]
            self._update(view, dict(enumerate(rows)), whole=removed)
            self._on_change(True)
        finally:
            self._is_refreshing = False
            self.set_busy(None)

    def _answer(self, key: str, question: Facts) -> None:
        try:
            self._on_loop(self._details(key, str(question.get("id"))))
        except Exception as exc:  # printed by nobody: here it is seen
            self._send_answer(key, {"problem": said_of(exc)})

    async def _details(self, key: str, qpu_id: str) -> None:
        features, calibration = await asyncio.gather(
            _told(self._sdk.get_features(qpu_id)), _told(self._sdk.get_calibration(qpu_id))
        )
        self._send_answer(key, {"features": features, "calibration": calibration})

    def _on_loop(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done on the session's loop."""
        try:
            loop = self._sdk._require_connection().loop
        except BaseException:
            work.close()
            raise
        asyncio.run_coroutine_threadsafe(work, loop)


async def _told(question: Awaitable[Any]) -> Facts:
    """Give a document, or what kept it from coming."""
    try:
        return {"document": await question}
    except Exception as exc:
        return {"problem": said_of(exc)}
