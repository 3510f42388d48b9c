"""Asking the Jupyter server on this machine which notebook a kernel belongs to.

The server knows it also after the notebook was renamed. Its runtime files, which
lie beside the kernel's connection file, say where it listens and with which token
it may be asked. They are read here because the server's own package takes longer
than a second to import, and need not be installed where the kernel is.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

#: Seconds that a server on this machine may take to answer.
_TIMEOUT_S = 1.0

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def path_in_sessions(runtime_folder: Path, kernel_id: str) -> str | None:
    """Give the path of the notebook that a kernel serves now.

    Parameters
    ----------
    runtime_folder
        Where the servers of this user leave their runtime files.
    kernel_id
        The server's id of the kernel.

    Returns
    -------
    str or None
        The path; None if no server can be asked or none knows the kernel.
    """
    for server in _servers(runtime_folder):
        for session in _sessions(server):
            try:
                if session["kernel"]["id"] == kernel_id:
                    # notebooks that are edited together have a drive before their path
                    path = str(session["path"]).removeprefix("RTC:")
                    return str(Path(server["root_dir"]) / path)
            except (LookupError, TypeError):
                continue
    return None


def _servers(runtime_folder: Path) -> Iterator[dict[str, Any]]:
    """Give what the runtime files say, the server that started this process first."""
    found = []
    for file in runtime_folder.glob("jpserver-*.json"):
        try:
            server = json.loads(file.read_text(encoding="utf-8"))
            found.append((str(server.get("pid")) != os.environ.get("JPY_PARENT_PID"), server))
        except (OSError, ValueError, AttributeError):  # it is being written, or removed
            continue
    return (server for _, server in sorted(found, key=lambda item: item[0]))


def _sessions(server: dict[str, Any]) -> list[Any]:
    """Ask a server for its sessions; none if it is elsewhere or does not answer."""
    url = urlsplit(str(server.get("url", "")))
    if url.scheme != "http" or url.hostname not in _THIS_MACHINE:
        return []  # the token is sent nowhere else, nor to a server that a proxy picks
    connection = http.client.HTTPConnection(url.hostname, url.port or 80, timeout=_TIMEOUT_S)
    try:
        connection.request(
            "GET",
            url.path.rstrip("/") + "/api/sessions",
            headers={"Authorization": f"token {server.get('token', '')}"},
        )
        answer = connection.getresponse()
        sessions = json.loads(answer.read()) if answer.status == 200 else []
    except (OSError, http.client.HTTPException, ValueError):
        return []
    finally:
        connection.close()
    return sessions if isinstance(sessions, list) else []
