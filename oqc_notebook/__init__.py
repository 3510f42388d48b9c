"""Run, watch, save and restore jobs on OQC's quantum computers from notebooks.

The client library is :mod:`oqc_notebook.sdk`; ``connect()`` and ``run()`` are
the short way to it from a notebook, a script or a prompt.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oqc_notebook.export.comparing import diff
    from oqc_notebook.export.exporting import export_notebook
    from oqc_notebook.export.restoring import restore
    from oqc_notebook.overview import jobs, qpus
    from oqc_notebook.session import connect, run

__version__ = "0.1.0"

__all__ = ["__version__", "connect", "diff", "export_notebook", "jobs", "qpus", "restore", "run"]

_HOME_OF = {
    "connect": "oqc_notebook.session",
    "diff": "oqc_notebook.export.comparing",
    "export_notebook": "oqc_notebook.export.exporting",
    "jobs": "oqc_notebook.overview",
    "qpus": "oqc_notebook.overview",
    "restore": "oqc_notebook.export.restoring",
    "run": "oqc_notebook.session",
}

#: What is spoken of as ``oqc_notebook.archive.adopt()``, also where nobody has imported it.
_MODULES = ("archive", "sdk")


def load_ipython_extension(ip: Any) -> None:
    """Do what ``%load_ext oqc_notebook`` asks for: magics, and panels for jobs."""
    from oqc_notebook import magics, widgets

    widgets.register(ip)
    magics.register(ip)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
