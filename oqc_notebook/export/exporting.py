"""The one function that exports a notebook; magic, command and button call it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from oqc_notebook.archive.attaching import archives
from oqc_notebook.archive.durable import write_files
from oqc_notebook.archive.identity import look_alike
from oqc_notebook.archive.sidecar import Sidecar
from oqc_notebook.archive.where import notebook_place
from oqc_notebook.export.bundle import sidecar_of
from oqc_notebook.export.opening import open_archive
from oqc_notebook.static.text import visible

#: The longest to wait until what this kernel still has to archive is on the disk (seconds).
_FLUSHING_S = 10.0


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes
    ----------
    path
        The file.
    notebook
        The notebook that it was made of.
    saved
        When that was last saved, in UTC: changes since then are not in the file.
    missing
        What to know where there is no archive next to the notebook, in words; else empty.
    """

    path: Path
    notebook: Path
    saved: datetime
    missing: str = ""

    def __str__(self) -> str:
        said = (
            f"Exported {self.notebook.name}, as last saved at {self.saved:%Y-%m-%d %H:%M:%S} UTC, "
            f"to {self.path}"
        )
        return f"{said}\n{self.missing}" if self.missing else said


def export_notebook(
    notebook: str | Path | None = None, path: str | Path | None = None, *, redact: bool = False
) -> Exported:
    """Export a notebook and its archive as one HTML page that opens anywhere.

    The page shows the notebook, its results and where they come from, asks no host for
    anything, and holds all files, so that ``restore()`` gives the jobs back from it.

    Parameters
    ----------
    notebook
        The notebook, as it is saved; by default the one that this is.
    path
        The file to write; by default next to the notebook and called like it, with
        ``.html``. With ``.zip``, it is an RO-Crate: a zip file with the page, all files, and
        what ``pytest`` needs to check them (needs the extra ``crate``). An earlier export of
        the same notebook is replaced, no other file.
    redact
        Whether tokens are replaced by ``[token removed]`` in the exported copy.

    Returns
    -------
    Exported
        Where it is, and which state of the notebook it shows.

    Raises
    ------
    SecretsFoundError
        If the notebook or its archive hold a token, and `redact` is not given.
    ValueError
        If the notebook cannot be read, or `path` ends with something else.
    FileExistsError
        If there is another file already.
    FileNotFoundError
        If there is no such notebook, or it is not known which one this is.
    """
    source = _notebook(notebook)
    target = source.with_suffix(".html") if path is None else Path(path).expanduser()
    target = target.absolute()
    if target.suffix.lower() not in (".html", ".htm", ".zip"):
        raise ValueError(
            f"{target.name!r} does not say what to write: end it with .html for a page that opens "
            "in a browser, or with .zip for a crate."
        )
    if target.exists() and not _is_export_of(target, source.name):
        raise FileExistsError(
            f"{target} is not an earlier export of {source.name}, and is left as it is; name "
            "another file."
        )
    import nbformat

    saved = datetime.fromtimestamp(source.stat().st_mtime, UTC)
    for archive in archives():
        archive.flush(_FLUSHING_S)
    exporter = _exporter_for(target)(redact=redact)
    try:
        content, _ = exporter.from_filename(str(source))
    except nbformat.ValidationError as exc:
        raise ValueError(f"{source.name} is no notebook that can be read: {exc.message}") from None
    write_files({target: content if isinstance(content, bytes) else content.encode()})
    return Exported(target, source, saved, _missing(source))


def _missing(notebook: Path) -> str:
    """Say that there is no archive next to a notebook, and where it may be; else nothing."""
    if Sidecar(notebook.with_name(sidecar_of(notebook.name))).archive_file.exists():
        return ""
    said = "No jobs are in it, since there is no archive next to the notebook."
    if (found := look_alike(notebook)) is None:
        return said
    return (
        f"{said} {found.name} looks like it, from before the notebook was renamed: "
        f"oqc_notebook.archive.adopt({found.name!r}, {str(notebook)!r}) takes it over."
    )


def _notebook(notebook: str | Path | None) -> Path:
    if notebook is None:
        place = notebook_place().path
        if place is None:
            raise FileNotFoundError(
                "Which notebook this is cannot be told; name it: "
                'oqc_notebook.export_notebook("bell.ipynb").'
            )
        return place
    path = Path(notebook).expanduser().absolute()
    if not path.is_file():
        raise FileNotFoundError(f"There is no notebook {str(notebook)!r}.")
    return path


def _exporter_for(path: Path) -> Callable[..., Any]:
    """Give the exporter for a file; to import one takes 0.5 s."""
    if path.suffix.lower() != ".zip":
        from oqc_notebook.export.html import OqcArchiveExporter

        return OqcArchiveExporter
    from oqc_notebook.export.crate import OqcCrateExporter

    return OqcCrateExporter


def _is_export_of(path: Path, notebook: str) -> bool:
    """Whether a file is a page that was exported from a notebook of this name."""
    if not path.is_file():
        return False
    if path.suffix.lower() == ".zip":
        try:
            return open_archive(path).notebook == notebook
        except ValueError:
            return False
    with path.open("rb") as file:
        start = file.read(4000).decode(errors="replace")
    title = re.search(r"<title>(.*?)</title>\s*<script [^>]*id=\"oqc-archive\"", start, re.DOTALL)
    return title is not None and html.unescape(title[1]) == visible(notebook)
