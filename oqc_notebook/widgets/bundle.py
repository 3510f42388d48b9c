"""The browser's half of the panels: ES modules joined into one text, without a build step."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).with_name("assets")

#: The modules, each after those that it imports.
MODULES = (
    "facts.js",
    "format.js",
    "dom.js",
    "store.js",
    "toolbar.js",
    "counts.js",
    "history.js",
    "rows.js",
    "job.js",
    "composite.js",
    "panel.js",
)

#: The style sheets; the first has the theme and what all parts share.
STYLES = (
    "panel.css",
    "toolbar.css",
    "job.css",
    "counts.css",
    "history.css",
    "composite.css",
    "rows.css",
)

#: An import of a sibling, which is not needed where all is in one module.
_IMPORT = re.compile(r"^import\s[^;]*?from \"\./[\w.]+\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
#: A comment that has its lines to itself; every panel would carry it to the browser.
_COMMENT = re.compile(r"^ *(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)


@cache
def esm() -> str:
    """Give the text of the one ES module that draws the panels."""
    texts = [(ASSETS / name).read_text(encoding="utf-8") for name in MODULES]
    return "\n".join(_EXPORT.sub("", _COMMENT.sub("", _IMPORT.sub("", text))) for text in texts)


@cache
def css() -> str:
    """Give the one style sheet of the panels."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in STYLES)
