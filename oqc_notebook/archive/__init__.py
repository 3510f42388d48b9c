"""Where a notebook's jobs are kept: which notebook this is, and the files next to it."""

from __future__ import annotations

from oqc_notebook.archive.saved import SavedFile, save, saved, variable_name
from oqc_notebook.archive.where import NotebookPlace, notebook_place

__all__ = ["NotebookPlace", "SavedFile", "notebook_place", "save", "saved", "variable_name"]
