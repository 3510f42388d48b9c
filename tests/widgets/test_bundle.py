"""The browser's half: ES modules that are joined into one text."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import zlib
from collections import Counter
from pathlib import Path

import pytest

from oqc_notebook.widgets.bundle import ASSETS, MODULES, STYLES, css, esm, loader


def test_every_module_is_joined_after_those_that_it_imports() -> None:
    assert {path.name for path in ASSETS.glob("*.js")} == {*MODULES, "loader.js"}
    for place, name in enumerate(MODULES):
        text = (ASSETS / name).read_text()
        imported = re.findall(r'^(?:import|\}) .*?from "\./([\w.]+)";$', text, re.MULTILINE)
        assert set(imported) <= set(MODULES[:place]), name
        assert len(re.findall(r"^import ", text, re.MULTILINE)) == len(imported)


def test_names_are_unique_and_only_the_default_is_exported() -> None:
    text = esm()
    names = re.findall(
        r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+)", text, re.MULTILINE
    )
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert re.findall(r"^(?:import|export)\b.*", text, re.MULTILINE) == ["export default () => {"]
    assert "/**\n" not in text


def test_the_joined_text_is_a_module(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("There is no node; the browser tests load the same text.")
    module = tmp_path / "panel.mjs"
    module.write_text(esm())
    script = f"import definition from '{module.as_uri()}'; console.log(typeof definition)"
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "function"


def test_every_style_sheet_is_joined() -> None:
    assert {path.name for path in ASSETS.glob("*.css")} == set(STYLES)


def test_what_a_widget_carries_is_that_module_packed() -> None:
    text = loader()
    assert len(text) < 0.5 * len(esm() + css())
    (content,) = re.findall(r'const PACKED = "([\w+/=]+)";', text)
    packed = json.loads(zlib.decompress(base64.b64decode(content)))
    assert packed["css"] == css()
    # only what nobody runs is left out: types, and the spaces before lines
    lines = (re.sub(r"/\*\* @.*?\*/ ?", "", line).lstrip(" ") for line in esm().split("\n"))
    assert packed["esm"] == "\n".join(lines)
    assert all(line.count("`") % 2 == 0 for line in esm().split("\n")), "a text of several lines"


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert not re.search(r"https?:|url\(|@import|(?<!\{)import\(", esm() + css())


def test_styles_need_nothing_that_only_jupyterlab_has() -> None:
    """In VS Code and Colab there are no variables of JupyterLab."""
    variables = re.findall(r"var\(--jp-[\w-]+(.?)", css())
    assert variables
    assert set(variables) == {","}  # a value for where there is none
    for dark in ('body[data-jp-theme-light="false"]', "body.vscode-dark", 'html[theme="dark"]'):
        assert f"{dark} .oqc-live" in css()
    assert not re.search(r"closest\(.\.jp-|querySelector\(.\.jp-|jupyterapp", esm())
