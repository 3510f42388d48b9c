"""Sessions for notebooks, scripts and prompts: ``connect()`` and ``run()``.

A session that ``connect()`` opens lives on an event loop in a background thread of
its own, so that jobs are followed while a cell runs, or nothing runs at all, and an
interrupt never leaves a session on a dead loop.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import sys
import threading
import weakref
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import oqc_notebook
from oqc_notebook.local_process import LocalProcess
from oqc_notebook.sdk.arguments import checked_url, replays
from oqc_notebook.sdk.client import OqcSdk
from oqc_notebook.sdk.connection import has_session
from oqc_notebook.sdk.credentials import Hidden
from oqc_notebook.sdk.loops import wait_in_steps

if TYPE_CHECKING:
    from oqc_notebook.sdk.credentials import Credential

T = TypeVar("T")

_lock = threading.RLock()


def connect(
    url: str | None = None,
    *,
    authentication_token: str | None = None,
    email: str | None = None,
    password: str | None = None,
    credential: Credential | None = None,
    default_qpu_id: str | None = None,
    archive: str | Path | bool | None = None,
    record_cells: bool = True,
) -> OqcSdk:
    """Open a session that stays open while cells run and between them.

    Without arguments, the environment says where to: ``OQC_URL`` with
    ``OQC_AUTH_TOKEN``. Where neither is set, the local QPU is started on this machine
    and its results are simulated.

    Calling it again with the same arguments gives the open session back.

    In replay (``OQC_NOTEBOOK_MODE``, ``%oqc_mode replay``) the archive answers in place of
    the service: no token is needed, and the network is not used.

    Parameters
    ----------
    url
        Base address of the service.
    authentication_token
        The token of your account; better kept in ``OQC_AUTH_TOKEN`` than in a notebook.
    email, password
        Your account, instead of a token.
    credential
        Any object with the credential protocol, instead.
    default_qpu_id
        The QPU of jobs that name none. With the local QPU, its exact one by default.
    archive
        Where the runs are recorded as they come about: a folder, or True for
        ``<notebook>.oqc`` next to the notebook, which is the default in notebooks; False
        for nowhere, which is the default elsewhere.
    record_cells
        Whether the archive also records the cells that are executed.

    Returns
    -------
    OqcSdk
        The open session. Await its jobs (``await job.execute()``), or in code that is
        not async, give the coroutine to :func:`run`.

    Raises
    ------
    ValueError
        If there is an address without a way to authenticate, or the reverse.
    SessionError
        If the server cannot be reached, or the local QPU cannot be started.
    AuthenticationError
        If the server does not accept the token.
    """
    if replays():
        secrets = [authentication_token, password]
        return _replayed(url, archive, record_cells, default_qpu_id, secrets, credential)
    url = url or os.environ.get("OQC_URL") or None
    if url is not None:
        url = checked_url(url)
    authentication_token = Hidden((authentication_token or "").strip()) or None
    password = password and Hidden(password)
    given = authentication_token or email or password or credential
    if not given:
        authentication_token = Hidden(os.environ.get("OQC_AUTH_TOKEN", "").strip()) or None
        given = authentication_token
    if url is None and given:
        raise ValueError("There is a token but no address: give url=, or set OQC_URL.")
    if url is not None and not given:
        raise ValueError(
            f"There is an address ({url}) but no token: set OQC_AUTH_TOKEN, or give "
            "authentication_token=, or email= and password=."
        )
    with _lock:
        simulated = url is None
        if url is None:
            local = _local_qpu()
            url, authentication_token = local.url, local.token
        key = (url, authentication_token, email, password, id(credential))
        sdk = _sessions.pop(key, None)
        new: OqcSdk | None = None
        if sdk is None or not sdk.is_open:
            sdk = new = OqcSdk(url, authentication_token, email, password, credential)
            run(sdk.open())
        _sessions[key] = sdk  # at the end, as the latest
        try:
            ip = _kernels_shell()
            if ip is not None:
                oqc_notebook.load_ipython_extension(ip)
            if ip is not None or archive is not None:
                from oqc_notebook.archive.attaching import attach_by_default

                secrets = [authentication_token, password]
                attach_by_default(
                    sdk, archive, record_cells=record_cells, simulated=simulated, secrets=secrets
                )
        finally:
            if sdk is new and simulated:
                _introduce(sdk)  # after what the archive says, as in a replay
    if default_qpu_id is not None:
        sdk.set_default_qpu(default_qpu_id)
    return sdk


def _replayed(
    url: str | None,
    archive: str | Path | bool | None,
    record_cells: bool,
    qpu_id: str | None,
    secrets: list[str | None],
    credential: Credential | None,
) -> OqcSdk:
    """Give a session that the archive serves: what it says and gives is what was archived."""
    from oqc_notebook.archive.attaching import replayed_session
    from oqc_notebook.archive.redaction import remember, remember_credential

    remember(*secrets)  # without them a cell is known by its source, as in the archive
    remember_credential(credential)
    with _lock:
        key = ("replay", url, str(archive))
        sdk = _sessions.pop(key, None)
        if sdk is None or not sdk.is_open:
            sdk, simulated = replayed_session(archive, record_cells=record_cells)
            run(sdk.open())
            if simulated:
                _introduce(sdk)
        _sessions[key] = sdk  # at the end, as the latest
        if (ip := _kernels_shell()) is not None:
            oqc_notebook.load_ipython_extension(ip)
    if qpu_id is not None:
        sdk.set_default_qpu(qpu_id)
    return sdk


def latest_session() -> OqcSdk | None:
    """Give the session that :func:`connect` gave last, open or not; None if there is none."""
    with _lock:
        return list(_sessions.values())[-1] if _sessions else None


def is_introduced(sdk: OqcSdk) -> bool:
    """Whether :func:`connect` has said what this session is with."""
    return sdk in _introduced


def _introduce(sdk: OqcSdk) -> None:
    """Choose the local QPU's first as the default, and say that it is simulated."""
    first = next(iter(sdk._require_connection().service.qpu_items.values()))
    sdk.set_default_qpu(first["id"])
    _introduced.add(sdk)
    print(
        f"Connected to the local QPU at {sdk.url}: results are simulated on this machine.\n"
        f"Default QPU: {first['name']} ({first['id']})."
    )


def _kernels_shell() -> Any:
    """Give IPython's shell where there is the kernel of a notebook behind it, else None."""
    ipython = sys.modules.get("IPython")
    ip = None if ipython is None else ipython.get_ipython()
    return ip if getattr(ip, "kernel", None) is not None else None


def run(awaitable: Awaitable[T]) -> T:
    """Wait for a coroutine in code that is not async, and give what it gives.

    An interrupt (Ctrl-C, or the stop button) ends the wait; a job that was waited
    for goes on, and can be waited for again.

    Parameters
    ----------
    awaitable
        Such as ``job.execute()`` or ``sdk.list_qpus()``.

    Raises
    ------
    RuntimeError
        If it is called on the loop that the session's own work runs on (from an
        observer's callback, say), where waiting would be waiting for itself.
    """
    try:
        here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    background = _background_loop()
    if here is background:
        _dispose_of(awaitable)
        raise RuntimeError(
            "run() was called on the session's own event loop, where it would wait for itself; "
            "await the coroutine there, or hand it to another thread."
        )
    if here is not None and has_session(here):
        return _run_nested(here, awaitable)
    return wait_in_steps(asyncio.run_coroutine_threadsafe(_awaited(awaitable), background))


def _run_nested(loop: asyncio.AbstractEventLoop, awaitable: Awaitable[T]) -> T:
    """Wait on a running loop that has a session of its own (``async with`` in a cell)."""
    import nest_asyncio2

    nest_asyncio2.apply(loop)
    task = asyncio.ensure_future(_awaited(awaitable), loop=loop)
    try:
        return loop.run_until_complete(task)
    except BaseException:
        task.cancel()
        raise


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable


def _dispose_of(awaitable: Awaitable[Any]) -> None:
    """Close a coroutine that will not be awaited, which would otherwise warn."""
    if asyncio.iscoroutine(awaitable):
        awaitable.close()


# ---- the background loop ----

_background: asyncio.AbstractEventLoop | None = None
_background_pid = 0


def _background_loop() -> asyncio.AbstractEventLoop:
    """Give the event loop of the background thread, which is started when first needed."""
    global _background, _background_pid
    with _lock:
        # a thread does not survive a fork
        if _background is None or _background_pid != os.getpid():
            _background, _background_pid = asyncio.new_event_loop(), os.getpid()
            threading.Thread(
                target=_background.run_forever, name="oqc_notebook session", daemon=True
            ).start()
        return _background


#: Sessions of connect(), by address and credentials, the one that was asked for last at the end.
_sessions: dict[tuple[Any, ...], OqcSdk] = {}


#: Those of which it was said that they are with the local QPU.
_introduced: weakref.WeakSet[OqcSdk] = weakref.WeakSet()


@atexit.register
def _close_everything() -> None:
    """Close the sessions and end the local QPU with the process, as a good guest does."""
    if _background_pid == os.getpid():
        for sdk in _sessions.values():
            with contextlib.suppress(Exception):
                run(sdk.close())
    if _local is not None and _local.is_alive:
        _local.stop()


# ---- the local QPU ----


_local: LocalProcess | None = None


def _local_qpu() -> LocalProcess:
    """Give the local QPU of this process, which is started when first needed."""
    global _local
    if _local is None or not _local.is_alive:
        _local = LocalProcess()
    return _local
