"""The folder next to a notebook: what lies where in it, and reading it with care."""

from __future__ import annotations

import errno
import logging
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

logger = logging.getLogger("oqc_notebook.archive")

Model = TypeVar("Model", bound=BaseModel)

#: What was warned of in this process: once is enough.
_warned: set[str] = set()


def warn_once(about: str, message: str, *args: object) -> None:
    """Log a warning, unless it was said before of the same thing."""
    if about not in _warned:
        _warned.add(about)
        logger.warning(message, *args)


class Sidecar:
    """The folder ``<notebook>.oqc``; it need not exist.

    Parameters
    ----------
    folder
        Where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.is_at(folder)

    def is_at(self, folder: Path) -> None:
        """Take note of where the folder is: it may get another name while it is in use."""
        self.folder = folder
        self.live = folder / "live"
        self.runs = folder / "runs"
        self.sessions = folder / "sessions"
        self.calibrations = folder / "calibrations"
        self.panels = folder / "panels"
        self.archive_file = folder / "archive.json"
        self.index_file = folder / "index.json"
        self.lock_file = folder / ".lock"
        self.claims_lock_file = folder / ".claims.lock"

    def require(self) -> None:
        """Keep the folder from coming about again where it was, after it was moved or removed.

        Raises
        ------
        FileNotFoundError
            If it is not there.
        """
        if not self.folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, "it is not there any more")

    def live_file(self, id_: str) -> Path:
        """Where the live state of a job or composite is."""
        return self.live / f"{id_}.json"

    def session_file(self, session: str) -> Path:
        """Where the record of a kernel session is."""
        return self.sessions / f"{session}.json"

    def cells_file(self, session: str) -> Path:
        """Where the cells are that a kernel session executed."""
        return self.sessions / f"{session}.cells.jsonl"

    def answers_file(self, session: str) -> Path:
        """Where the answers are that a kernel session was given to its questions."""
        return self.sessions / f"{session}.answers.jsonl"

    def session_lock(self, session: str) -> Path:
        """Where the lock is that a kernel session holds as long as it lives."""
        return self.sessions / f"{session}.lock"

    def name_of(self, path: Path) -> str:
        """Give the name of a file of this folder, the same on every system."""
        return path.relative_to(self.folder).as_posix()

    def read(self, path: Path, model: type[Model]) -> Model | None:
        """Read a file; None if it is not there, is damaged, or is something else.

        What cannot be read is left alone, and named in one warning.
        """
        content = self.content(path)
        if not content:  # a process was killed while it took the name
            return None
        try:
            return model.model_validate_json(content)
        except ValidationError as exc:
            why = exc.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(map(str, why["loc"])) or "the file"
            self.passed_over(path, f"{place}: {why['msg']}")
            return None

    def content(self, path: Path) -> bytes:
        """Give what a file holds; nothing where it is not there or cannot be read."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as exc:
            self.passed_over(path, exc.strerror or type(exc).__name__)
            return b""

    def passed_over(self, path: Path, why: str) -> None:
        """Warn of a file that is not as it should be."""
        warn_once(str(path), "%s is passed over and left as it is: %s", path, why)

    def has(self, path: Path) -> bool:
        """Whether there is a file."""
        return path.exists()

    def files_in(self, folder: Path, pattern: str = "*.json") -> list[Path]:
        """List the files of one of the folders, sorted; none where it is not there."""
        return sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))


def json_of(document: Any) -> bytes:
    """Give the content of a file of the archive: JSON that people can read and compare."""
    return to_json(document, indent=2) + b"\n"
