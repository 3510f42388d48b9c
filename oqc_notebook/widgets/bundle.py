"""The browser's half of the panels: ES modules joined into one text, without a build step."""

from __future__ import annotations

import base64
import json
import re
import zlib
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).with_name("assets")

#: The modules, each after those that it imports.
MODULES = (
    "facts.js",
    "format.js",
    "dom.js",
    "kernel.js",
    "packing.js",
    "store.js",
    "outlook.js",
    "status.js",
    "question.js",
    "toolbar.js",
    "head.js",
    "counts.js",
    "copy.js",
    "json.js",
    "origin.js",
    "bits.js",
    "choice.js",
    "register.js",
    "result.js",
    "inputs.js",
    "run.js",
    "compare.js",
    "program.js",
    "history.js",
    "runs.js",
    "order.js",
    "rows.js",
    "columns.js",
    "filter.js",
    "children.js",
    "child.js",
    "heatdata.js",
    "heatgrid.js",
    "heatmap.js",
    "tabs.js",
    "tallies.js",
    "job.js",
    "composite.js",
    "session.js",
    "qpus.js",
    "panel.js",
)

#: The style sheets; the first has the theme and what all parts share.
STYLES = (
    "panel.css",
    "status.css",
    "outlook.css",
    "toolbar.css",
    "job.css",
    "counts.css",
    "history.css",
    "runs.css",
    "composite.css",
    "rows.css",
    "child.css",
    "heatmap.css",
    "session.css",
    "qpus.css",
    "forced.css",
)

#: An import of a sibling, which is not needed where all is in one module.
_IMPORT = re.compile(r"^import\s[^;]*?from \"\./[\w.]+\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
#: A comment that has its lines to itself; every panel would carry it to the browser.
_COMMENT = re.compile(r"^ *(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
#: A type within a line, and what a line is indented by: no text goes over several lines.
_TYPE = re.compile(r"/\*\* @[^\n]*?\*/ ?")
_INDENT = re.compile(r"^ +", re.MULTILINE)


@cache
def esm() -> str:
    """Give the text of the one ES module that draws the panels."""
    texts = [(ASSETS / name).read_text(encoding="utf-8") for name in MODULES]
    return "\n".join(_EXPORT.sub("", _COMMENT.sub("", _IMPORT.sub("", text))) for text in texts)


@cache
def css() -> str:
    """Give the one style sheet of the panels."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in STYLES)


@cache
def loader() -> str:
    """Give the module that a widget carries: a loader with the module and the style sheet."""
    packed = {"esm": _INDENT.sub("", _TYPE.sub("", esm())), "css": css()}
    content = json.dumps(packed, ensure_ascii=False).encode()
    text = base64.b64encode(zlib.compress(content, 9)).decode()
    code = _COMMENT.sub("", (ASSETS / "loader.js").read_text(encoding="utf-8"))
    return code.replace('const PACKED = "";', f'const PACKED = "{text}";')
