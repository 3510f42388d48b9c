"""Locks between the kernels of one notebook, which end with the process that holds them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

#: The longest to wait for another kernel that reads or writes the same (seconds).
_PATIENCE_S = 5.0


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock; where another holds it for long, or there are no locks, go on without.

    Without it, nothing gets lost: work may be done twice.
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=_PATIENCE_S)
    except (OSError, NotImplementedError):  # Timeout is an OSError
        yield
        return
    try:
        yield
    finally:
        lock.release()


class SignOfLife:
    """A lock that a kernel session holds as long as it lives.

    Parameters
    ----------
    path
        The file that is locked.
    """

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path, thread_local=False)

    def give(self) -> None:
        """Hold the lock from now on, where there are locks."""
        with contextlib.suppress(OSError, NotImplementedError):
            self._lock.acquire(timeout=0)

    def end(self) -> None:
        """Give it back and remove its file."""
        with contextlib.suppress(OSError):
            self._lock.release(force=True)
            Path(self._lock.lock_file).unlink(missing_ok=True)


def is_alive(path: Path) -> bool:
    """Whether another process holds the lock; what a dead one left behind is removed."""
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, RuntimeError):  # held by another process, or by this one
        return True
    except (OSError, NotImplementedError):
        return False
    with contextlib.suppress(OSError):
        path.unlink()
    lock.release()
    return False
