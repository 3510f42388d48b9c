"""Which archive a session records in, and what is said about that."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from oqc_notebook.archive import identity
from oqc_notebook.archive.cells import has_kernel
from oqc_notebook.archive.errors import NotArchivedError
from oqc_notebook.archive.formats import CellMark
from oqc_notebook.archive.modes import mode
from oqc_notebook.archive.recording import Archive
from oqc_notebook.archive.redaction import remember, remember_credential, tokens_of
from oqc_notebook.archive.where import notebook_place
from oqc_notebook.sdk import OqcSdk

#: What services that lend out a machine for a while leave in the environment.
_LENT = ("COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE", "BINDER_SERVICE_HOST")

_TEMPORARY = "This folder is temporary: take what you need elsewhere before it goes away."

#: The archives of this process, by folder and process: a fork has none of its parent's.
_archives: dict[tuple[Path, int], Archive] = {}


def attach(
    sdk: OqcSdk,
    path: str | Path | None = None,
    *,
    record_cells: bool = True,
    simulated: bool = False,
) -> Archive:
    """Have the runs of a session recorded in an archive.

    ``connect()`` does this in notebooks.

    Parameters
    ----------
    sdk
        The session.
    path
        The archive's folder, which is made when it is first needed, or a notebook; by
        default the notebook that this is.
    record_cells
        Whether the cells that are executed are recorded, too.
    simulated
        Whether it is the local QPU that ``connect()`` started, which says so.

    Returns
    -------
    Archive
        The archive.

    Raises
    ------
    FileNotFoundError
        If the folder that the archive should lie in does not exist.
    """
    remember_credential(sdk._credential)
    archive = _named(path, record_cells) if path is not None else _own(record_cells)
    archive.session.uses(tokens_of(sdk._credential))
    sdk._recorder = archive
    if sdk._connection is not None and mode() != "replay":
        qpus = list(sdk._connection.service.qpu_items.values())
        archive.note_connection(sdk.url, simulated=simulated, qpus=qpus)
    return archive


def replayed_session(path: str | Path | bool | None, *, record_cells: bool) -> tuple[OqcSdk, bool]:
    """Give a session, not opened yet, that the archive serves; and whether it is simulated.

    Parameters
    ----------
    path
        As for ``connect()``.
    record_cells
        As for ``connect()``.

    Raises
    ------
    NotArchivedError
        If there is no archive, or it holds no run.
    """
    if path is False:
        raise NotArchivedError("In replay, connect() needs an archive; archive=False is none.")
    archive = _named(path, record_cells) if isinstance(path, str | Path) else _own(record_cells)
    found = archive.connected()
    return OqcSdk(found["url"], recorder=archive), found["simulated"]


def latest_archive() -> Archive | None:
    """Give the archive of this process that was attached last; None if there is none."""
    return next(reversed(archives()), None)


def archive_of(sdk: OqcSdk) -> Archive | None:
    """Give the archive that a session records in; None if it does not."""
    return sdk._recorder if isinstance(sdk._recorder, Archive) else None


def archives() -> list[Archive]:
    """Give the archives of this process."""
    return [archive for (_, pid), archive in _archives.items() if pid == os.getpid()]


def leaving(folder: Path) -> Callable[[Path, Path | None], None]:
    """Bring what this process records in a folder to the disk, since it will be moved.

    Gives what is to be called with the folder's new place, and its notebook: then that is
    where the process goes on.
    """
    key = Path(os.path.realpath(folder)), os.getpid()
    archive = _archives.get(key)
    if archive is not None:
        archive.flush()

    def arrived(folder: Path, notebook: Path | None) -> None:
        if archive is not None:
            archive.moved(folder, notebook)
            del _archives[key]
            _archives.setdefault((Path(os.path.realpath(folder)), os.getpid()), archive)

    return arrived


def attach_by_default(
    sdk: OqcSdk,
    path: str | Path | bool | None,
    *,
    record_cells: bool,
    simulated: bool,
    secrets: list[str | None],
) -> None:
    """Do what the arguments of ``connect()`` ask for.

    Parameters
    ----------
    sdk
        The session.
    path
        The folder; True for that of the notebook, False for none. None records in
        notebooks, and leaves a session alone that has an archive.
    record_cells
        Whether the cells that are executed are recorded, too.
    simulated
        Whether it is the local QPU, which says so when it is connected to.
    secrets
        What is never to be written down.
    """
    remember(*secrets)
    if path is False:
        sdk._recorder = None
        return
    if isinstance(path, str | Path):
        attach(sdk, path, record_cells=record_cells, simulated=simulated)
    elif path or (has_kernel() and archive_of(sdk) is None):
        attach(sdk, record_cells=record_cells, simulated=simulated)


def _named(path: str | Path, record_cells: bool) -> Archive:
    """Give the archive of an explicit path."""
    path = Path(path).expanduser()
    if path.suffix == ".ipynb":
        place = notebook_place(path)
        folder, notebook = place.folder, place.path
        said = f"Results are archived in {folder.name}/ next to the notebook."
    else:
        if not path.absolute().parent.is_dir():
            raise FileNotFoundError(
                f"There is no folder {str(path.parent)!r} to make an archive in."
            )
        folder, notebook = path.absolute(), notebook_place().path if has_kernel() else None
        said = f"Results are archived in {path.as_posix().rstrip('/')}/."
    archive = _archive(folder, notebook, said, record_cells)
    archive.is_named = True
    return archive


def _own(record_cells: bool) -> Archive:
    """Give the archive of the notebook that this is."""
    place = notebook_place()
    if place.path is None:
        said = f"Results are archived in {place.folder.name}/ in the working directory."
    else:
        # these words are looked for in saved outputs: see identity
        said = f"Results are archived in {place.folder.name}/ next to this notebook."
    archive = _archive(place.folder, place.path, said, record_cells)
    if place.path is not None:
        # a folder without this file holds no more than what was saved by name
        is_new = not archive.sidecar.archive_file.exists()
        now = _earlier_one(place.path) if is_new else _anothers(archive, place.path)
        # where there is nothing to replay, it says where that may be
        sys.stdout.write(archive.as_then("earlier", lambda: now) or now)
    return archive


def _archive(folder: Path, notebook: Path | None, said: str, record_cells: bool) -> Archive:
    key = Path(os.path.realpath(folder)), os.getpid()
    if key not in _archives:
        if _is_temporary(key[0]):
            said += f"\n{_TEMPORARY}"
        _archives[key] = Archive(folder, notebook, said, record_cells=record_cells)
    archive = _archives[key]
    archive.session.record_cells = record_cells
    return archive


def _earlier_one(notebook: Path) -> str:
    """Say where this notebook's results may be, if it seems to have had some."""
    if (found := identity.look_alike(notebook)) is not None:
        return (
            f"{found.name} looks like this notebook's archive, from before it was renamed: "
            f"oqc_notebook.archive.adopt({found.name!r}) takes it over.\n"
        )
    if (missing := identity.left_behind(notebook)) is not None:
        return (
            f"This notebook's archive {missing} is not here: the notebook was copied or moved "
            "without it. Move it here, or name it: connect(archive=...). Until then, a new one "
            "is begun.\n"
        )
    return ""


def _anothers(archive: Archive, notebook: Path) -> str:
    """Say that the archive of this name is another notebook's, if it seems to be that."""
    execution = archive.session.journal.running()
    if execution is None or mode() == "replay":
        return ""
    running = CellMark(id=execution.cell.id, sha256=execution.cell.sha256)
    if not identity.is_anothers(archive.sidecar, notebook, running):
        return ""
    return (
        f"{archive.sidecar.folder.name} seems to be the archive of another notebook that had this "
        "name before. If that one was renamed, connect there first and take its archive over; "
        "else what is run here is added to it. connect(archive=...) names another folder.\n"
    )


def _is_temporary(folder: Path) -> bool:
    if any(name in os.environ for name in _LENT):
        return True
    with contextlib.suppress(ValueError):
        folder.relative_to(os.path.realpath(tempfile.gettempdir()))
        return True
    return False


@atexit.register
def _finish() -> None:
    for archive in archives():
        archive.finish()
