"""What the user calls things: the names of their variables."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any


def name_of(thing: object) -> str | None:
    """Give the name of the user's variable that holds a thing; None if none does."""
    return next((name for name, value in _variables() if value is thing), None)


def variables() -> dict[int, str]:
    """Give the names of the user's variables by the id of what they hold, first names first."""
    return {id(value): name for name, value in reversed(list(_variables()))}


def _variables() -> Iterator[tuple[str, Any]]:
    ip = shell()
    for name, value in [] if ip is None else list(ip.user_ns.items()):
        if not name.startswith("_"):
            yield str(name), value


def shell() -> Any:
    """Give IPython's shell, or None; IPython is not imported to find that there is none."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def in_a_kernel() -> bool:
    """Tell whether there is a kernel, whose front end can show panels."""
    return getattr(shell(), "kernel", None) is not None
