"""What nbconvert's own exporters make of an archived notebook with panels is readable."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

GUIDE = Path(__file__).parents[2] / "notebooks"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    for suffix, copy in ((".ipynb", shutil.copyfile), (".oqc", shutil.copytree)):
        copy((GUIDE / "02_composite_jobs").with_suffix(suffix), tmp_path / f"lab{suffix}")
    return tmp_path / "lab.ipynb"


def convert(notebook: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--log-level=WARN", *arguments, notebook.name],
        cwd=notebook.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def outputs(path: Path) -> list[Any]:
    cells = nbformat.read(path, as_version=4).cells
    return [cell.outputs for cell in cells if cell.cell_type == "code"]


def test_in_markdown_panels_are_tables(notebook: Path) -> None:
    convert(notebook, "--to", "markdown")
    text = notebook.with_suffix(".md").read_text()
    panel = next(line for line in text.splitlines() if "Composite job sweep:" in line)
    assert "COMPLETED</span> 13</p>" in panel
    assert panel.count("<tr>") == 14  # thirteen children below their heads
    assert panel.count("<table") == panel.count("</table>")
    assert "<script" not in text
    assert "widget" not in panel
    assert "Live panel of" not in text
    assert [path.name for path in notebook.parent.glob("lab_files/*")] == []


def test_a_copy_as_a_notebook_shows_the_same(notebook: Path) -> None:
    convert(notebook, "--to", "notebook", "--output", "copy.ipynb")
    assert outputs(notebook.with_name("copy.ipynb")) == outputs(notebook)
    shown = [output.data for cell in outputs(notebook) for output in cell if "data" in output]
    assert any("COMPLETED</span> 13</p>" in data.get("text/html", "") for data in shown)
    assert any("✓ 13 COMPLETED" in data["text/plain"] for data in shown)
