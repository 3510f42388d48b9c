"""What a page that opens anywhere needs of markdown and HTML: formulas, pictures, no scripts."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString, Stylesheet
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

_MATHS = re.compile(r"(\$\$?)([^$]+)\1", re.DOTALL)


def harmless(source: str) -> str:
    """Give HTML without scripts and what else loads something, each element closed.

    The page's policy keeps scripts from running anyway. Pictures that are not in the file
    are replaced by a line that says so.
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
            _clean(soup, tag)
    return str(soup)


def _clean(soup: BeautifulSoup, tag: Tag) -> None:
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
        tag.string.replace_with(Stylesheet(tag.string.replace("<", r"\3c ")))
    source = str(tag.get("src", ""))
    if tag.name == "img" and not source.startswith("data:image/"):
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
        """Give a picture; a missing attachment does not keep the notebook from being read."""
        if url.startswith(_ATTACHED):
            spellings = _spellings(url.removeprefix(_ATTACHED))
            name = next((each for each in spellings if each in self.attachments), None)
            if name is None:
                return f"<span class='oqc-missing'>[missing picture: {html.escape(url)}]</span>"
            url = f"{_ATTACHED}{name}"
        return str(super().image(text, url, title))

    def _src_to_base64(self, src: str) -> Any:
        """Embed pictures that are files next to the notebook, and nothing but pictures."""
        if not re.search(r"\.(png|jpe?g|gif|svg|webp|avif|bmp|ico)$", src, re.IGNORECASE):
            return None
        found = (super(Renderer, self)._src_to_base64(each) for each in _spellings(src))
        return next((each for each in found if each is not None), None)


def _spellings(name: str) -> list[str]:
    """Give a picture's name as markdown has it, and with spaces in place of ``%20``."""
    return [name, unquote(name)]
