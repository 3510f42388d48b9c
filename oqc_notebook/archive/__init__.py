"""Where a notebook's jobs are kept: which notebook this is, and the files next to it.

A notebook's archive is the folder ``<notebook>.oqc`` next to it. What lies in it is
described in the README; the models of its files are in :mod:`.formats`.
"""

from __future__ import annotations

from oqc_notebook.archive.attaching import archive_of, attach
from oqc_notebook.archive.errors import NotArchivedError
from oqc_notebook.archive.identity import adopt
from oqc_notebook.archive.index import rebuild_index
from oqc_notebook.archive.modes import chosen_mode, mode, set_mode
from oqc_notebook.archive.origins import provenance
from oqc_notebook.archive.recording import Archive
from oqc_notebook.archive.resuming import archived, reopen, resume
from oqc_notebook.archive.saved import SavedFile, save, saved, variable_name
from oqc_notebook.archive.survey import Archived
from oqc_notebook.archive.where import NotebookPlace, notebook_place

__all__ = [
    "Archive",
    "Archived",
    "NotArchivedError",
    "NotebookPlace",
    "SavedFile",
    "adopt",
    "archive_of",
    "archived",
    "attach",
    "chosen_mode",
    "mode",
    "notebook_place",
    "provenance",
    "rebuild_index",
    "reopen",
    "resume",
    "save",
    "saved",
    "set_mode",
    "variable_name",
]
