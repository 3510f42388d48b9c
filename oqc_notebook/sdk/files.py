"""Whole-or-nothing writes of snapshot files, and reads with errors that name the file."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from pathlib import Path

from oqc_notebook.sdk.errors import SnapshotError

#: A temporary file this old belongs to a write that was killed (seconds).
_ABANDONED_AFTER_S = 3600.0


def read_text(path: str | Path) -> str:
    """Read a UTF-8 file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    SnapshotError
        If it is not UTF-8; the message says where.
    """
    content = Path(path).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise SnapshotError(
            f"File at {str(path)!r} is not UTF-8 text: byte {exc.start} is "
            f"0x{content[exc.start]:02x}."
        ) from None


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file so that whatever happens, the old or the new content is there, whole.

    The content goes to a temporary file in the same folder, reaches the disk, and
    then takes the place of the old file. Symbolic links are followed and kept, and
    so is the mode of an existing file. A target that is no regular file (a pipe,
    ``/dev/stdout``), and a writable file in a folder that is not, are written in
    place, because there is no other way.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    OSError
        If the file cannot be written; the old one is untouched.
    """
    target = Path(os.path.realpath(path))
    try:
        mode: int | None = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    in_place = mode is not None and (
        not stat.S_ISREG(mode)
        or (not os.access(target.parent, os.W_OK) and os.access(target, os.W_OK))
    )
    if in_place:
        with open(path, "wb") as file:
            file.write(content)
        return
    _sweep(target)
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name reach the disk, where the system can do that for folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep(target: Path) -> None:
    """Remove what earlier writes of this file left when they were killed."""
    with contextlib.suppress(OSError):
        prefix = f".{target.name[:100]}."
        for entry in os.scandir(target.parent):
            if (
                entry.name.startswith(prefix)
                and entry.name.endswith(".tmp")
                and time.time() - entry.stat().st_mtime > _ABANDONED_AFTER_S
            ):
                os.unlink(entry.path)
