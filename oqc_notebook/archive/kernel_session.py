"""The record of a kernel session: when, with what, in which state of the notebook."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from oqc_notebook.archive import environment, identity
from oqc_notebook.archive.cells import Journal, now
from oqc_notebook.archive.durable import write_files
from oqc_notebook.archive.formats import ArchiveFile, CellMark, SessionFile
from oqc_notebook.archive.locking import SignOfLife
from oqc_notebook.archive.notes import Notes
from oqc_notebook.archive.redaction import redacted, without_known
from oqc_notebook.archive.sidecar import Sidecar, json_of
from oqc_notebook.archive.token_marks import token_mark


class KernelSession:
    """What the archive knows of this process.

    Parameters
    ----------
    sidecar
        Where its record goes.
    notebook
        The notebook's file, if it is known.
    record_cells
        Whether the cells that are executed are recorded.
    """

    def __init__(self, sidecar: Sidecar, notebook: Path | None, *, record_cells: bool) -> None:
        started = datetime.now(UTC)
        self.id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self.journal = Journal()
        #: Answers of the service, and panels, that are still to be written.
        self.notes = Notes(sidecar, self.id)
        self.record_cells = record_cells
        #: Set when it is known what the session runs with, or cannot be.
        self.is_described = threading.Event()
        self.versions: dict[str, str] = {}
        self._sidecar = sidecar
        self._folder = sidecar.folder.parent
        self._sign = SignOfLife(sidecar.session_lock(self.id))
        self._lock = threading.Lock()
        self._has_begun = False
        self._is_changed = False
        self._marked: set[CellMark] = set()
        self._servers: dict[str, str] = {}  # by address: the same without secrets
        self._tokens: list[str] = []  # whose hashes are to be written
        self._file = SessionFile(
            oqc_session=1,
            session=self.id,
            notebook=None if notebook is None else notebook.name,
            started=now(),
            python=environment.python(),
            platform=environment.machine(),
        )

    @property
    def file(self) -> SessionFile:
        """The record as it is now."""
        return self._file

    def is_of(self, notebook: Path | None) -> None:
        """Take note of the notebook's name, which may change."""
        self._file.notebook = None if notebook is None else notebook.name
        self._is_changed = True

    def begin(self, when_described: Callable[[], None]) -> None:
        """Write the record, and find out in the background what takes longer.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        self._sign.give()
        self._has_begun = self._is_changed = True
        self.write_what_is_new()

        def describe() -> None:
            try:
                self._file.git = environment.git_of(self._folder)
                self.versions = environment.main_versions()
                self.is_described.set()
                when_described()
                self._file.packages = environment.packages()
            finally:
                self.is_described.set()
                self._is_changed = True
                when_described()

        threading.Thread(target=describe, name="oqc_notebook archive", daemon=True).start()

    def serves(self, url: str) -> str:
        """Note the address of a service; give it without secrets."""
        if url not in self._servers:  # which is asked for with each job
            self._servers[url] = redacted(url)
            self._file.servers = list(dict.fromkeys(self._servers.values()))
            self._is_changed = True
        return self._servers[url]

    def uses(self, tokens: list[str]) -> None:
        """Have the hashes of tokens kept, by which an export knows them again."""
        self.journal.hide_secrets()
        self._tokens += tokens
        self._is_changed = self._is_changed or bool(tokens)

    def note_calibration(self, note: dict[str, Any]) -> None:
        """Note that a calibration was asked for, and what came."""
        self._file.calibrations.append(note)
        self._is_changed = True

    @property
    def has_news(self) -> bool:
        """Whether there is something to write."""
        return self._has_begun and (
            self._is_changed or self.journal.has_lines or self.notes.has_news
        )

    def write_what_is_new(self) -> None:
        """Bring the files of the session up to date.

        Raises
        ------
        OSError
            If that fails; it is tried again the next time.
        """
        if self._is_changed:
            self._is_changed = False
            try:
                self._write()
            except OSError:
                self._is_changed = True
                raise
        self.notes.write()
        lines = self.journal.take()
        if lines and self.record_cells:
            try:
                self._sidecar.require()
                identity.add_cells(self._sidecar, {line.mark for line in lines} - self._marked)
                self._sidecar.sessions.mkdir(exist_ok=True)
                with self._sidecar.cells_file(self.id).open("ab") as file:
                    file.write("".join(line.text for line in lines).encode(errors="replace"))
            except OSError:
                self.journal.put_back(lines)
                raise
            self._marked.update(line.mark for line in lines)

    def end(self) -> None:
        """Note that the session ends in good order."""
        self._file.ended = now()
        self._is_changed = True
        self.write_what_is_new()
        self._sign.end()

    def _write(self) -> None:
        with self._lock:
            self._mark_tokens()
            content = json_of(self._file.model_dump(mode="json"))
            self._sidecar.require()
            write_files({self._sidecar.session_file(self.id): content})

    def _mark_tokens(self) -> None:
        """Replace the tokens that are new by their hashes."""
        if not self._tokens:
            return
        path = self._sidecar.cells_file(self.id)  # the cell that gave a token may be in it already
        text = self._sidecar.content(path).decode(errors="replace")
        if (hidden := without_known(text)) != text:
            write_files({path: hidden.encode()})
        archive = self._sidecar.read(self._sidecar.archive_file, ArchiveFile)
        salt = secrets.token_hex(8) if archive is None else archive.id
        while self._tokens:
            mark = token_mark(self._tokens.pop(), salt)
            if mark is not None and mark not in self._file.tokens:
                self._file.tokens.append(mark)
