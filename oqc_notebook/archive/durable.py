"""Writing many small files at once, so that each is whole and on the disk afterwards.

All are written first, then brought to the disk, then named: the disk makes one effort
of what would be many. A file that is created once is linked to its name, which fails
where there is one already and never replaces it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from oqc_notebook.sdk.files import _new_file, _sweep, _sync_folder

#: Files that are open at a time.
_AT_A_TIME = 100

#: Files that are brought to the disk at a time, and from how many on that is worth it.
_THREADS, _WORTH_THREADS = 16, 8

#: Why a system, or one of its disks, cannot link.
_NO_LINKS = frozenset(
    {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
)


def write_files(contents: Mapping[Path, bytes], *, once: bool = False) -> None:
    """Write files, each whole or not at all. Their folders are made.

    Parameters
    ----------
    contents
        What to write, by the path.
    once
        Whether they are created once: then none that is there is replaced.

    Raises
    ------
    FileExistsError
        If one that is created once is there already.
    OSError
        If one cannot be written. Others may have been.
    """
    folders = {path.parent for path in contents}
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
    items = list(contents.items())
    for start in range(0, len(items), _AT_A_TIME):
        _write_some(items[start : start + _AT_A_TIME], once)
    for folder in folders:
        _sync_folder(folder)


def _write_some(items: list[tuple[Path, bytes]], once: bool) -> None:
    written: list[tuple[Path, BinaryIO, Path]] = []
    try:
        for path, content in items:
            temporary, file = _new_file(path.parent, 0o666)
            written.append((temporary, file, path))
            file.write(content)
            file.flush()
        _sync([file.fileno() for _, file, _ in written])
        for temporary, file, path in written:
            if sys.platform == "win32":
                file.close()  # an open file cannot be renamed there
            (_create if once else os.replace)(temporary, path)
    finally:
        for temporary, file, _ in written:
            file.close()
            with contextlib.suppress(OSError):
                temporary.unlink()


def _sync(descriptors: list[int]) -> None:
    """Bring files to the disk: several at a time, of which it makes one effort."""
    if len(descriptors) >= _WORTH_THREADS:
        shares = [descriptors[start::_THREADS] for start in range(_THREADS)]
        with contextlib.suppress(RuntimeError), ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(_sync_in_turn, shares))
            return
    _sync_in_turn(descriptors)  # a few; or the process ends, and there are no threads


def _sync_in_turn(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.fsync(descriptor)


def _create(temporary: Path, path: Path) -> None:
    """Give a finished file its name, unless that is taken."""
    try:
        os.link(temporary, path)
    except AttributeError:  # a system without links
        _create_without_link(temporary, path)
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        _create_without_link(temporary, path)


def _create_without_link(temporary: Path, path: Path) -> None:
    """Take the name with an empty file, which then is replaced.

    A process that is killed in between leaves the empty file, which readers pass over.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    os.replace(temporary, path)
