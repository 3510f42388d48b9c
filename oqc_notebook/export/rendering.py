"""What a page that opens anywhere needs of markdown and HTML: formulas, pictures, no scripts."""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString
from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer

from oqc_notebook.static.text import visible

#: What would run, load or lead elsewhere by itself, or swallow what follows.
_DROPPED = frozenset(
    {"applet", "base", "embed", "frame", "frameset", "iframe", "link", "meta", "object"}
    | {"plaintext", "script"}
)

#: How markdown names a picture that the notebook itself holds.
_ATTACHED = "attachment:"

#: Which files are pictures, and of what kind; Python and systems do not all know each.
_PICTURES = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}

_MATHS = re.compile(r"(\$\$?)([^$]+)\1", re.DOTALL)


def harmless(source: str, embedded: Callable[[str], str | None] = lambda _: None) -> str:
    """Give HTML without scripts and what else loads something, each element closed.

    The page's policy keeps scripts from running anyway. Pictures are put in; one that is not
    to be had is replaced by a line that says so.

    Parameters
    ----------
    source
        The HTML.
    embedded
        Gives a picture as a data URI, by its name.
    """
    soup = BeautifulSoup(source, "html.parser")
    # comments, CDATA and the like: a browser may see another end of them, and then a tag in them
    for text in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        text.extract()
    for tag in soup.find_all(True):
        assert isinstance(tag, Tag)
        if tag.name in _DROPPED:
            tag.decompose()
        elif tag.name in ("form", "noscript"):
            tag.unwrap()
        elif not tag.decomposed:
            _clean(soup, tag, embedded)
    return str(soup)


def _clean(soup: BeautifulSoup, tag: Tag, embedded: Callable[[str], str | None]) -> None:
    for name in list(tag.attrs):
        value = str(tag.attrs[name]).strip().lower()
        if (
            name.startswith("on")
            or name in ("srcset", "formaction", "ping")
            or (name == "name" and tag.name != "a")
            or value.startswith(("javascript:", "vbscript:"))
        ):
            del tag.attrs[name]
    if tag.name == "style" and tag.string:
        # in pictures and formulas, browsers look for tags in it; so CSS writes the same
        tag.string = tag.string.replace("<", r"\3c ")
    source = str(tag.get("src", ""))
    if tag.name != "img" or source.startswith("data:image/"):
        return
    picture = embedded(source) or ""
    if picture.startswith("data:image/"):
        tag["src"] = picture
    else:
        note = soup.new_tag("span", attrs={"class": "oqc-missing"})
        alt = f" ({visible(tag['alt'])})" if tag.get("alt") else ""
        note.string = f"[picture that is not in this file: {visible(source)}{alt}]"
        tag.replace_with(note)


def formula(latex: str, *, block: bool) -> str:
    """Give a formula as MathML, which needs no script; its source where that fails."""
    try:
        mathml = convert(latex, display="block" if block else "inline")
    except Exception:  # its parser raises what it runs into
        mathml = ""
    unknown = not mathml or re.search(r">\s*(\\|&#x0*5C;)", mathml)
    if unknown or latex.count("{") != latex.count("}"):
        marks = "$$" if block else "$"
        return f"<code>{html.escape(marks + visible(latex) + marks)}</code>"
    return mathml


def latex_output(source: str) -> str:
    r"""Give an output in LaTeX, such as ``$\frac{1}{2}$``, as HTML."""
    whole = _MATHS.fullmatch(source.strip())
    if whole is not None:
        return formula(whole[2], block=whole[1] == "$$")
    if source.lstrip().startswith("\\begin"):
        return formula(source, block=True)
    return f"<pre>{html.escape(visible(source))}</pre>"


class Renderer(IPythonRenderer):
    """Markdown with formulas as MathML."""

    def block_math(self, body: str) -> str:
        """Give a formula in lines of its own."""
        return formula(body, block=True)

    def inline_math(self, body: str) -> str:
        """Give a formula in a line."""
        return formula(body, block=False)

    def latex_environment(self, name: str, body: str) -> str:
        """Give an environment, such as ``align``."""
        return formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", block=True)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Give a picture by its name; it is put in with those that are named in HTML."""
        return str(super(IPythonRenderer, self).image(text, url, title))

    def embedded(self, source: str) -> str | None:
        """Give a picture that is a file next to the notebook, or in the cell, as a data URI."""
        attached = source.startswith(_ATTACHED)
        for name in _spellings(source.removeprefix(_ATTACHED)):
            if attached and self.attachments.get(name):
                return self._embed_image_or_attachment(f"{_ATTACHED}{name}")
            kind = _PICTURES.get(Path(name).suffix.lower())
            if not attached and kind is not None:
                folder = os.path.abspath(self.path)
                file = os.path.normpath(os.path.join(folder, name))
                if Path(file).is_relative_to(folder) and os.path.isfile(file):
                    content = base64.b64encode(Path(file).read_bytes())
                    return f"data:{kind};base64,{content.decode()}"
        return None


def _spellings(name: str) -> list[str]:
    """Give a picture's name as markdown has it, and with spaces in place of ``%20``."""
    return [name, unquote(name)]
