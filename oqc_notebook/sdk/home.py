"""The file of a job or composite, in which its reserved ids are recorded."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oqc_notebook.sdk.running import Runnable

logger = logging.getLogger("oqc_notebook.sdk")


class Home:
    """The file that a job or composite was last saved to or loaded from.

    Reserved task ids are recorded there before they are submitted; and when the session is closed,
    how their runs ended. So a session that follows a crash is given the runs that were not saved,
    and one that follows a good end begins others.

    Parameters
    ----------
    owner
        Whose file it is.
    """

    def __init__(self, owner: Runnable) -> None:
        self.owner = owner
        #: Where it is, once there is one.
        self.path = Path()
        #: What the file was like when the owner was last saved to or loaded from it.
        self.stamp: object = None
        #: Whether ids are recorded there whose runs had not begun then.
        self.awaits_ends = False

    async def record_ids(self) -> None:
        """Write the ids that were just reserved, as far as the file and the system allow."""
        try:
            await asyncio.to_thread(self.record)
        except (OSError, ValueError) as exc:
            logger.warning(
                "The ids of a submission could not be recorded in %s (%s); the submission goes on.",
                self.path,
                exc,
            )

    def record_ends(self) -> None:
        """Write how the runs ended whose ids are recorded there, if all of them have."""
        from oqc_notebook.sdk.files import stamp_of

        under_way = any(job._under_way for job in self.owner._members())
        if not self.awaits_ends or under_way or stamp_of(self.path) != self.stamp:
            return
        try:
            self.record()
        except Exception as exc:  # the session is to be closed all the same
            logger.warning("The end of a run could not be recorded in %s (%s).", self.path, exc)
        self.awaits_ends = False

    def record(self) -> None:
        """Write the owner's present state.

        Raises
        ------
        OSError
            If it cannot be written, or somebody else has put, or removed, the file since.
        """
        from oqc_notebook.sdk.files import stamp_of

        with self.owner._saving:
            if self.owner._file_holds_more:
                return  # an archive's record of an earlier run, which stays as it is
            if stamp_of(self.path) != self.stamp:
                for job in self.owner._members():
                    if job._home is self:
                        job._home = None
                raise OSError("it was replaced or removed since")
            self.owner._write(self.path)
            self.awaits_ends = True

    def is_as_of(self, path: str | Path, stamp: object) -> None:
        """Note that the owner was saved to, or loaded from, this file."""
        self.path, self.stamp, self.awaits_ends = Path(path).absolute(), stamp, False
