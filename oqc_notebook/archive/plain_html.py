"""Whether HTML that comes from a file is as harmless as what panels leave in a notebook."""

from __future__ import annotations

import re
from html.parser import HTMLParser

#: What static panels consist of.
_TAGS = frozenset(
    {"b", "br", "caption", "code", "details", "div", "em", "i", "li", "meter", "ol", "p", "pre"}
    | {"span", "strong", "style", "summary", "table", "tbody", "td", "th", "thead", "time", "tr"}
    | {"ul"}
)
_ATTRIBUTES = frozenset(
    {"class", "colspan", "datetime", "max", "min", "scope", "style", "title", "value"}
)

#: What makes a style reach for something.
_REACHES = re.compile(r"url\s*\(|@|\\|expression|image-set", re.IGNORECASE)


def is_plain(html: str) -> bool:
    """Whether HTML has no scripts, links, forms, pictures or styles that load something."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.is_plain


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.is_plain = True
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag not in _TAGS or any(
            name not in _ATTRIBUTES or (name == "style" and _REACHES.search(value or ""))
            for name, value in attrs
        ):
            self.is_plain = False

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style and _REACHES.search(data):
            self.is_plain = False

    def handle_comment(self, data: str) -> None:
        self.is_plain = False

    def handle_decl(self, decl: str) -> None:
        self.is_plain = False

    def unknown_decl(self, data: str) -> None:
        self.is_plain = False

    def handle_pi(self, data: str) -> None:
        self.is_plain = False
