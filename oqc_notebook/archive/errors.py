"""What is raised where something is not in the archive."""

from __future__ import annotations

from oqc_notebook.sdk.errors import OqcError


class NotArchivedError(OqcError):
    """In replay, something was asked for that is not in the archive; the message says why."""

    def _render_traceback_(self) -> list[str]:
        """Give what IPython shows: the message, which runners of notebooks pass on, too."""
        return [f"{type(self).__name__}: {self}"]
