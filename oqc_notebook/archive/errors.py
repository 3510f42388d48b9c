"""What is raised where something is not in the archive."""

from __future__ import annotations

from oqc_notebook.sdk.errors import OqcError


class NotArchivedError(OqcError):
    """In replay, something was asked for that is not in the archive; the message says why."""
