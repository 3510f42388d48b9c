"""What the user calls things: the names of their variables."""

from __future__ import annotations

import sys
from typing import Any


def name_of(thing: object) -> str | None:
    """Give the name of the user's variable that holds a thing; None if none does."""
    ip = shell()
    if ip is None:
        return None
    for name, value in list(ip.user_ns.items()):
        if value is thing and not name.startswith("_"):
            return str(name)
    return None


def shell() -> Any:
    """Give IPython's shell, or None; IPython is not imported to find that there is none."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
