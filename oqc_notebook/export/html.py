"""The page: a notebook with its results in one file that asks no host for anything."""

from __future__ import annotations

import base64
import copy
import hashlib
import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from nbconvert.preprocessors import ExecutePreprocessor
from nbformat import NotebookNode
from traitlets import Bool, default

from oqc_notebook.archive.cells import mark_of
from oqc_notebook.export.bundle import Bundle, collect, to_zip
from oqc_notebook.export.rendering import Renderer, harmless, latex_output
from oqc_notebook.export.runs import in_groups, runs_of, tally_of
from oqc_notebook.export.secrets import without_secrets
from oqc_notebook.static.text import first_line, time_of, visible
from oqc_notebook.static.view import SYMBOLS

_TEMPLATES = Path(__file__).parent / "templates"

#: Outputs that live in a browser with a kernel or a script.
_LIVE = ("application/vnd.jupyter.widget-view+json", "application/javascript")

#: What nbconvert shows of an output, and pictures that Jupyter shows besides.
_SHOWN = frozenset(
    {"text/html", "text/markdown", "text/latex", "image/svg+xml", "image/png", "image/jpeg"}
)
_PICTURES = ("image/gif", "image/webp", "image/bmp")

#: Where the page's head carries the archive: the place that the template leaves, as its base
#: class writes it, and what stands there in the end, which is what readers look for.
_PLACE = '<script id="oqc-archive"></script>'
_CARRIED = '<script type="application/octet-stream;base64" id="oqc-archive">{}</script>'

_REMEDY = (
    "Remove them and save the notebook, or export a copy with [token removed] in their place: "
    "oqc-notebook export --redact, %oqc_export --redact, oqc_notebook.export_notebook(redact=True)."
)


class OqcArchiveExporter(HTMLExporter):
    """Writes a notebook and its archive as one page: ``jupyter nbconvert --to oqc_archive``."""

    export_from_notebook = "OQC archive (HTML)"

    redact = Bool(False, help="Replace secrets by [token removed]; else they are an error.").tag(
        config=True
    )

    @default("template_name")
    def _template_name_default(self) -> str:
        return "oqc_archive"

    @default("extra_template_basedirs")
    def _extra_template_basedirs_default(self) -> list[str]:
        return [str(_TEMPLATES)]

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """Give the filters of the template."""
        yield from super().default_filters()  # type: ignore[no-untyped-call]
        yield "markdown2html", self.markdown2html
        yield "harmless", self.harmless
        yield "latex_output", latex_output
        yield "shown", lambda text: html.escape(visible(text))

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Give markdown as HTML, with its pictures in it and formulas as MathML."""
        renderer = _renderer(context)
        text = MarkdownWithMath(renderer=renderer).render(source)
        return harmless(text, renderer.embedded)

    @pass_context
    def harmless(self, context: Any, source: str) -> str:
        """Give the HTML of an output, with its pictures in it."""
        return harmless(source, _renderer(context).embedded)

    def from_notebook_node(  # type: ignore[override]  # as that of its base class
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Give the page of a notebook.

        Raises
        ------
        SecretsFoundError
            If it holds secrets, and `redact` is not set.
        ValueError
            If the notebook is to be executed on the way: its archive would be an older one.
        """
        if any(isinstance(p, ExecutePreprocessor) and p.enabled for p in self._preprocessors):
            raise ValueError(
                "An archive is made of a notebook as it is saved. Execute it before: "
                "jupyter nbconvert --execute --inplace NOTEBOOK"
            )
        resources = self._init_resources(resources)  # type: ignore[no-untyped-call]
        bundle = without_secrets(_bundle_of(nb, resources), redact=self.redact, remedy=_REMEDY)
        script = (_TEMPLATES / "oqc_archive" / "page.js").read_text(encoding="utf-8")
        resources["oqc"] = _page_of(bundle) | {
            "bundle": bundle,
            "css": (_TEMPLATES / "oqc_archive" / "page.css").read_text(encoding="utf-8"),
            "script": script,
            "script_hash": _base64(hashlib.sha256(script.encode()).digest()),
        }
        notebook = nbformat.reads(bundle.files[bundle.notebook].decode(), as_version=4)
        page, resources = super().from_notebook_node(_still(notebook), resources, **kw)
        return page.replace(_PLACE, _CARRIED.format(_base64(to_zip(bundle))), 1), resources


def _renderer(context: Any) -> Renderer:
    return Renderer(
        escape=False,
        attachments=context.get("cell", {}).get("attachments", {}),
        path=context["resources"]["metadata"].get("path", ""),
        exclude_anchor_links=True,
    )


def _bundle_of(nb: NotebookNode, resources: dict[str, Any]) -> Bundle:
    """Give what is exported: the file and its archive; of a notebook without a file, itself."""
    nb = copy.deepcopy(nb)
    for cell in nb.cells:
        cell.metadata.pop("trusted", None)  # a Jupyter server adds this, and saves without it
    place = resources["metadata"]
    path = Path(place.get("path") or ".", f"{place['name']}.ipynb")
    if "path" in place and path.is_file():
        found = collect(path)
        if nbformat.reads(found.files[found.notebook].decode(), as_version=4) == nb:
            return found
        files = dict(found.files)
    else:
        files = {}
    return Bundle(path.name, files | {path.name: f"{nbformat.writes(nb)}\n".encode()})


def _page_of(bundle: Bundle) -> dict[str, Any]:
    """Give what the page shows besides the cells."""
    runs = runs_of(bundle)
    cells = json.loads(bundle.files[bundle.notebook]).get("cells", [])
    # a cell that has changed since is another one
    ids = {mark_of("".join(cell["source"])): cell["id"] for cell in cells if "id" in cell}

    def row(run: Any) -> dict[str, Any]:
        cell = run.cell
        return {
            **vars(run),
            "symbol": SYMBOLS.get(run.state, "?"),
            "error": None if run.error is None else first_line(run.error),
            "asked": None
            if run.provenance is None
            else time_of(run.provenance.asked.isoformat()).removesuffix(" UTC"),
            "cell": None if cell is None or cell.source is None else first_line(cell.source),
            "cell_id": None if cell is None else ids.get(cell.sha256),
        }

    return {
        "notebook": bundle.notebook,
        "archive_name": f"{Path(bundle.notebook).stem}.oqc.zip",
        "tally": tally_of(runs),
        "simulated": any(run.simulated for run in runs),
        "groups": [(words, [row(run) for run in group]) for words, group in in_groups(runs)],
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _still(notebook: NotebookNode) -> NotebookNode:
    """Give a notebook for reading: without what only lives with a kernel or a script.

    Of what Jupyter shows, and nbconvert does not, there is something to see instead.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            taken = [kind for kind in _LIVE if data.pop(kind, None) is not None]
            if taken and not data:
                data["text/plain"] = "[An output that needs a kernel or a script]"
            kinds = [kind for kind in _PICTURES if kind in data]
            if kinds and not _SHOWN & data.keys():
                picture = html.escape("".join(data[kinds[0]]))
                data["text/html"] = f'<img src="data:{kinds[0]};base64,{picture}">'
            elif "application/json" in data and not _SHOWN & data.keys():
                data["text/plain"] = json.dumps(data["application/json"], indent=2)
    return notebook
