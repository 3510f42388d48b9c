"""Whole-or-nothing writes of snapshot files, and reads with errors that name the file."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import re
import secrets
import stat
import sys
import time
from pathlib import Path
from typing import BinaryIO

from oqc_notebook.sdk.errors import SnapshotError

if sys.platform != "win32":
    import fcntl

#: Where locks do not work, a temporary file this old belongs to a write that was killed (seconds).
_ABANDONED_AFTER_S = 3600.0

_BINARY = getattr(os, "O_BINARY", 0)

#: Why a file cannot be replaced, only written in place: the folder or the system is
#: read-only, the folder is sticky, or the file is a mount point of its own.
_NOT_REPLACEABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY})

#: Names of streams that are open already; a file behind one is somebody else's to replace.
_OPEN_STREAM = re.compile(r"/dev/(std(in|out|err)|fd/\d+)|/proc/[^/]+/fd/\d+")

#: Names of temporary files.
_TEMPORARY = re.compile(r"\.oqc-[0-9a-f]{24}\.tmp")

#: Folders that were swept in this process. What is abandoned comes from killed ones.
_swept: set[Path] = set()


def read_content(path: str | Path) -> bytes:
    """Read a file; a byte order mark is left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    SnapshotError
        If it is a folder.
    """
    try:
        return Path(path).read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError:
        if os.path.isdir(path):
            raise SnapshotError(f"{str(path)!r} is a folder, not a file.") from None
        raise


def stamp_of(path: str | Path) -> object:
    """Give what changes when another file is put in a file's place, or it is written."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def write_whole(path: str | Path, content: bytes) -> bool:
    """Write a file so that whatever happens, the old or the new content is there, whole.

    The content goes to a temporary file in the same folder, reaches the disk, and
    then takes the place of the old file. Symbolic links are followed and kept, and
    so are the mode and, where the system allows it, the owner of an existing file. A
    target that is no regular file (a pipe, ``/dev/stdout``), and a writable file that
    cannot be replaced (in a read-only folder), are written in place, because there is
    no other way.

    Returns
    -------
    bool
        Whether it was written whole, rather than in place.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    OSError
        If the file cannot be written; the old one is untouched.
    """
    try:
        old: os.stat_result | None = os.stat(os.fspath(path) or ".")
    except FileNotFoundError:
        old = None
    if old is not None:
        # tells whether it may be written, and refuses a folder; a pipe is opened only once
        if not stat.S_ISREG(old.st_mode) or _OPEN_STREAM.fullmatch(os.path.abspath(path)):
            _write_in_place(path, content)
            return False
        os.close(os.open(path, os.O_WRONLY))
    target = Path(os.path.realpath(path))
    try:
        _replace(target, content, old)
    except FileNotFoundError as exc:
        raise FileNotFoundError(exc.errno, exc.strerror, str(path)) from None
    except OSError as exc:
        if old is None or exc.errno not in _NOT_REPLACEABLE:
            raise
        _write_in_place(path, content)
        return False
    return True


def _write_in_place(path: str | Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def _replace(target: Path, content: bytes, old: os.stat_result | None) -> None:
    """Write a temporary file and rename it to `target`."""
    _sweep(target.parent)
    temporary, file = _new_file(target.parent, 0o666 if old is None else stat.S_IMODE(old.st_mode))
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if old is not None:
                _take_after(temporary, old)
            if sys.platform != "win32":
                os.replace(temporary, target)  # while it is locked
        if sys.platform == "win32":
            os.replace(temporary, target)  # where an open file cannot be renamed
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _new_file(folder: Path, mode: int) -> tuple[Path, BinaryIO]:
    """Make a temporary file, locked: the lock tells it from an abandoned one."""
    while True:
        temporary = folder / f".oqc-{secrets.token_hex(12)}.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
        file = os.fdopen(descriptor, "wb")
        with contextlib.suppress(OSError):  # a system without locks
            _lock(descriptor, wait=True)
        if os.fstat(descriptor).st_nlink:
            return temporary, file
        file.close()  # another process swept it before it was locked


def _take_after(file: Path, old: os.stat_result) -> None:
    """Give a new file the owner and mode of the one that it replaces."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # only root may give files away
            os.chown(file, old.st_uid, old.st_gid)
    os.chmod(file, stat.S_IMODE(old.st_mode))


def _sweep(folder: Path) -> None:
    """Remove the temporary files of processes that were killed."""
    if folder in _swept:
        return
    _swept.add(folder)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name):
                _remove_if_abandoned(entry.path)


def _remove_if_abandoned(path: str) -> None:
    with contextlib.suppress(OSError), open(path, "rb+") as file:
        try:
            _lock(file.fileno(), wait=False)
        except BlockingIOError:
            return  # it is being written
        except OSError:  # a system without locks
            if time.time() - os.fstat(file.fileno()).st_mtime < _ABANDONED_AFTER_S:
                return
        os.unlink(path)


def _lock(descriptor: int, *, wait: bool) -> None:
    """Lock a file until it is closed.

    Raises
    ------
    BlockingIOError
        If it is locked, and this is not to wait for it.
    OSError
        If files cannot be locked here.
    """
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def _sync_folder(folder: Path) -> None:
    """Make the new name reach the disk, where the system can do that for folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
