"""The magics ``%oqc_...``: each calls one public function of the library.

What they are for and what they take is written down in :mod:`.table`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.error import UsageError

from oqc_notebook.archive import NotArchivedError
from oqc_notebook.magics import completion
from oqc_notebook.magics.arguments import help_text, parsed
from oqc_notebook.magics.awaiting import Awaiting
from oqc_notebook.magics.commands import COMMANDS
from oqc_notebook.magics.show import say
from oqc_notebook.magics.table import MAGICS, Magic
from oqc_notebook.magics.waiting import Waiting, WaitInterrupted
from oqc_notebook.magics.workspace import Workspace
from oqc_notebook.sdk.errors import OqcError

__all__ = ["MAGICS", "register"]

#: The magics that wait for a job.
_WAITING = frozenset({"oqc_job", "oqc_run"})

#: What a user may run into; anything else is a fault of ours, and its traceback is shown.
_EXPECTED = (OqcError, OSError, ValueError, ImportError)

#: Longest text of an error (characters).
_LONGEST_ERROR = 600


def register(ip: Any) -> None:
    """Register the magics with IPython; once is enough, and more does no harm.

    Parameters
    ----------
    ip
        IPython's shell.
    """
    if ip.find_line_magic("oqc_connect") is not None:
        return
    here = Workspace(ip)
    for magic in MAGICS:
        kind = "cell" if magic.is_cell else "line"
        ip.register_magic_function(_function_of(here, magic), kind, magic.name)
    completion.register(here)
    if here.has_kernel:
        Awaiting(ip, _WAITING)


def _function_of(here: Workspace, magic: Magic) -> Callable[..., None]:
    """Make the function that IPython calls for a magic."""

    def begin(line: str, cell: str) -> Waiting | None:
        if line.strip() in ("-h", "--help"):
            say(help_text(magic))
            return None
        return COMMANDS[magic.name](here, parsed(magic, line), cell)

    def function(line: str, cell: str = "") -> None:
        with _errors_in_one_line(magic):
            waiting = begin(line, cell)
            if waiting is not None:
                waiting.wait()

    async def awaited(line: str, cell: str = "") -> None:
        with _errors_in_one_line(magic):
            waiting = begin(here.ip.var_expand(line, 1), cell)
            if waiting is not None:
                await waiting.wait_async()

    function.__name__ = function.__qualname__ = magic.name
    function.__doc__ = help_text(magic)
    function.awaited = awaited  # type: ignore[attr-defined]  # see Awaiting
    return function


@contextlib.contextmanager
def _errors_in_one_line(magic: Magic) -> Iterator[None]:
    try:
        yield
    except WaitInterrupted:
        raise
    except KeyboardInterrupt:
        raise WaitInterrupted(f"{magic.written} was stopped before it was done.") from None
    except NotArchivedError:  # it has lines of its own, which validation is to show
        raise
    except (UsageError, *_EXPECTED) as exc:
        raise UsageError(f"{magic.written}: {_said(exc)}") from None


def _said(exc: BaseException) -> str:
    said = str(exc)
    if isinstance(exc, OSError) and exc.strerror and exc.filename:
        said = f"{exc.strerror}: {str(exc.filename)!r}"
    said = " ".join(said.split()) or type(exc).__name__
    return said if len(said) <= _LONGEST_ERROR else said[: _LONGEST_ERROR - 1] + "…"
