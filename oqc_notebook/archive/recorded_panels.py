"""What the panels of a notebook showed last: kept live, and shown again at once in replay.

The saved output of a cell holds what its panel showed last, which may be the end of a run
that a later cell asked for. In replay that is what is shown first, so that who compares
the outputs (nbval compares the first with the saved) finds them equal.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel

from oqc_notebook.archive.cells import Execution, now
from oqc_notebook.archive.equal_cells import EqualCells
from oqc_notebook.archive.modes import mode
from oqc_notebook.archive.notes import Notes
from oqc_notebook.archive.plain_html import is_plain
from oqc_notebook.archive.redaction import REMOVED, redacted
from oqc_notebook.archive.sidecar import Sidecar

#: What is shown, by its MIME type.
Bundle = dict[str, str]


class PanelFile(BaseModel):
    """``panels/SESSION/NUMBER.json``: what a panel showed last.

    Attributes
    ----------
    cell_sha256, execution, ordinal
        Which panel it is of which execution of which cell.
    shown
        When it was shown first, in UTC.
    bundle
        What it showed last.
    """

    oqc_panel: Literal[1] = 1
    cell_sha256: str
    execution: int
    ordinal: int
    shown: AwareDatetime
    bundle: Bundle


@dataclass(frozen=True)
class ShownPanel:
    """A panel that a cell shows.

    Attributes
    ----------
    first
        Gives what is to be shown first, of what would be shown now.
    keep
        Takes down what it shows from now on.
    """

    first: Callable[[Bundle], Bundle]
    keep: Callable[[Bundle], None]


class Panels:
    """The panels of a notebook.

    Parameters
    ----------
    sidecar
        The archive.
    equal_cells
        Tells apart the cells that have the same source.
    notes
        Takes down what is to be written.
    wake
        Has it written.
    """

    def __init__(
        self,
        sidecar: Sidecar,
        equal_cells: EqualCells,
        notes: Notes,
        wake: Callable[[], None],
    ) -> None:
        self._sidecar = sidecar
        self._equal_cells = equal_cells
        self._notes = notes
        self._wake = wake
        self._ordinals: collections.Counter[int] = collections.Counter()
        self._count = 0

    def show(self, by: Execution) -> ShownPanel:
        """Take note of a panel that a cell shows."""
        ordinal = self._ordinals[by.number]
        self._ordinals[by.number] += 1
        self._count += 1
        number, shown = self._count, now()
        replays = mode() == "replay"

        def keep(bundle: Bundle) -> None:
            if replays:
                return
            file = PanelFile(
                cell_sha256=by.cell.sha256,
                execution=by.number,
                ordinal=ordinal,
                shown=shown,
                # as an export without secrets has it, which may stand in HTML
                bundle={kind: redacted(text, REMOVED) for kind, text in bundle.items()},
            )
            self._notes.keep_panel(number, file.model_dump(mode="json"))
            self._wake()

        def first(bundle: Bundle) -> Bundle:
            keep(bundle)
            return (self._archived(by, ordinal) if replays else None) or bundle

        return ShownPanel(first, keep)

    def _archived(self, by: Execution, ordinal: int) -> Bundle | None:
        """Give what the newest execution of a cell showed last."""
        own = self._equal_cells.executions_of(by.number, by.cell)
        found: list[tuple[bool, datetime, Bundle]] = []
        for path in self._sidecar.files_in(self._sidecar.panels, "*/*.json"):
            file = self._sidecar.read(path, PanelFile)
            if file is None or (file.cell_sha256, file.ordinal) != (by.cell.sha256, ordinal):
                continue
            is_own = own is not None and (path.parent.name, file.execution) in own
            found.append((is_own, file.shown, file.bundle))
        if not found:
            return None
        *_, newest = max(found, key=lambda panel: panel[:2])
        return newest if _is_harmless(newest) else None


def _is_harmless(bundle: Bundle) -> bool:
    """Whether a bundle of a file, which anybody may have written, can be shown as an output."""
    kinds = bundle.keys() <= {"text/html", "text/plain"}
    return kinds and is_plain(bundle.get("text/html", ""))
