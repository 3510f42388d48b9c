"""Which notebook this is, and the folder next to it where its jobs are kept.

No kernel is told the name of its notebook in one way that holds everywhere, so
several are asked in turn. What an outer notebook left in the environment is never
taken for the answer: a notebook that nbconvert, nbval or papermill runs from inside
another one inherits it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from oqc_notebook.archive.cells import shell
from oqc_notebook.archive.jupyter_server import path_in_sessions

#: Set it to the path of the notebook where nothing else tells.
PATH_VARIABLE = "OQC_NOTEBOOK_PATH"

#: The folder for things of programs that are no notebook, in the working directory.
FOLDER_WITHOUT_NOTEBOOK = "jobs.oqc"

#: How a Jupyter server names the connection files of its kernels; others use other names.
_SERVER_KERNEL = re.compile(
    r"kernel-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.json"
)


@dataclass(frozen=True)
class NotebookPlace:
    """Where this notebook is and where its things go.

    Attributes
    ----------
    path
        The notebook's file; None where it is not known, or this is no notebook.
    folder
        Where its things go; it need not exist yet.
    how
        How that was found out, in plain words.
    """

    path: Path | None
    folder: Path
    how: str


def notebook_place(explicit: str | Path | None = None) -> NotebookPlace:
    """Find out which notebook this is.

    Parameters
    ----------
    explicit
        The notebook's file, where the caller knows it.

    Returns
    -------
    NotebookPlace
        The notebook, and the folder ``<notebook>.oqc`` next to it. Where no notebook
        is found, a folder in the working directory, and `how` says so.

    Raises
    ------
    FileNotFoundError
        If `explicit` is no file.
    """
    if explicit is not None:
        path = Path(explicit).expanduser().absolute()
        if not path.is_file():
            raise FileNotFoundError(f"There is no notebook at {str(path)!r}.")
        return _place_of(path, "it was named")
    for candidate, how in _candidates():
        path = Path(candidate).expanduser().absolute()
        if path.is_file():
            return _place_of(path, how)
    how = "nothing tells which notebook this is, so it is the working directory"
    if named := os.environ.get(PATH_VARIABLE):
        how = f"{PATH_VARIABLE} names {named!r}, which is not there, and {how}"
    return NotebookPlace(None, Path.cwd() / FOLDER_WITHOUT_NOTEBOOK, how)


def _place_of(path: Path, how: str) -> NotebookPlace:
    return NotebookPlace(path, path.with_name(path.stem + ".oqc"), how)


def _candidates() -> Iterator[tuple[str, str]]:
    """Give what may be the notebook's path, the most reliable first, and how it was found."""
    if named := os.environ.get(PATH_VARIABLE):
        yield named, f"{PATH_VARIABLE} names it"
    ip = shell()
    if ip is None:
        return
    if path := path_in_cell_uri(_cell_id(ip)):
        yield path, "the VS Code cell that runs says so"
    names = ip.user_ns
    if isinstance(path := names.get("__vsc_ipynb_file__"), str):
        yield path, "VS Code says so"
    for name in ("PAPERMILL_OUTPUT_PATH", "PAPERMILL_INPUT_PATH"):
        if isinstance(path := names.get(name), str):
            yield path, f"papermill says so ({name})"
    if (connection_file := _server_connection_file(ip)) is not None:
        if path := path_in_sessions(connection_file.parent, _kernel_id(connection_file)):
            yield path, "the Jupyter server says so"
        if path := os.environ.get("JPY_SESSION_NAME"):
            yield path, "the Jupyter server said so when it started this kernel"


def _cell_id(ip: Any) -> str:
    """Give the id that the front end gave the cell that runs, or nothing."""
    try:
        return str(ip.get_parent()["metadata"]["cellId"])
    except (AttributeError, LookupError, TypeError):  # no kernel, no cell, or no id
        return ""


def path_in_cell_uri(cell_id: str) -> str | None:
    """Give the notebook's path in VS Code's id of a cell; None for other ids.

    Such an id is a URI, ``vscode-notebook-cell:/home/ada/bell.ipynb#W1sZmlsZQ%3D%3D``,
    with the name of the machine before the path where VS Code runs on another one.
    """
    uri = urlsplit(cell_id)
    if uri.scheme != "vscode-notebook-cell":
        return None
    path = unquote(uri.path)
    if re.match(r"/[A-Za-z]:", path):  # a drive of Windows
        path = path[1:]
    return path or None


def _server_connection_file(ip: Any) -> Path | None:
    """Give the kernel's connection file if a Jupyter server started it for a notebook."""
    kernel = getattr(ip, "kernel", None)
    named = str(getattr(getattr(kernel, "parent", None), "abs_connection_file", ""))
    if not _SERVER_KERNEL.fullmatch(Path(named).name):
        return None
    try:
        session = json.loads(Path(named).read_text()).get("jupyter_session")
    except (OSError, ValueError, AttributeError):
        return None
    return Path(named) if session else None


def _kernel_id(connection_file: Path) -> str:
    match = _SERVER_KERNEL.fullmatch(connection_file.name)
    assert match is not None
    return match[1]
