"""The page that a notebook is exported as: what it shows, what it holds, when it refuses."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from jupyter_server.services.contents.largefilemanager import LargeFileManager

import oqc_notebook
from oqc_notebook.export.bundle import MANIFEST, collect, to_zip
from oqc_notebook.export.html import OqcArchiveExporter
from oqc_notebook.export.rendering import formula, harmless, latex_output
from oqc_notebook.export.secrets import SecretsFoundError
from tests.archive.support import kernel_of, make_notebook
from tests.support import BELL, BROKEN, LocalQpu

RUN = f"bell = sdk.create_job(program={BELL!r})\nawait bell.execute()"
FAIL = f"broken = sdk.create_job(program={BROKEN!r})\nawait broken.execute()"

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook whose two cells were run in a real kernel."""
    notebook = make_notebook(tmp_path_factory.mktemp("notebooks") / "bell.ipynb", RUN, FAIL)
    with LocalQpu() as qpu, kernel_of(notebook, qpu) as kernel:
        kernel.ok(RUN, FAIL)
    return notebook


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Path]:
    """A notebook with markdown, and without an archive."""
    (tmp_path / "dot.png").write_bytes(base64.b64decode(PIXEL))
    (tmp_path / "private.txt").write_text("nobody is to see this")
    text = r"""# Bell
Inline $|\psi\rangle=\frac{1}{\sqrt2}$ and $\nosuch{a}$.

$$E = mc^2$$

![dot](dot.png) ![away](https://example.com/x.png) ![key](private.txt) ![gone](attachment:no.png)
<script>document.title = "changed"</script> <b onclick="alert(1)">bold</b>
"""
    cell = nbformat.v4.new_markdown_cell(text, attachments={"in.png": {"image/png": PIXEL}})
    cell.source += "\n![in](attachment:in.png)"
    path = tmp_path / "words.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


def page_of(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_the_page_lists_all_jobs_with_where_they_come_from(archived: Path) -> None:
    exported = oqc_notebook.export_notebook(archived)
    assert exported.path == archived.with_suffix(".html")
    page = page_of(exported.path)
    rows = page.select("table.oqc-jobs tbody tr:not(.oqc-group)")
    bell, broken = ({cell.get("data-label"): cell for cell in row("td")} for row in rows)
    assert [cell.get_text() for cell in (bell["state"], bell["QPU"], bell["shots"])] == [
        "✓\u00a0COMPLETED",
        "qpu:local:1:exact",
        "1000",
    ]
    assert "SIMULATED" in bell["job"].get_text()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", bell["asked for"].get_text())
    assert "hadamard" in broken["state"].get_text()
    group = page.select("tr.oqc-group")[0].get_text()
    assert "Session " in group
    assert "python 3." in group
    (link,) = bell["cell"]("a")
    assert page.find(id=str(link["href"])[1:]) is not None  # the cell that asked for it
    button = bell["snapshot"].button
    assert button is not None
    assert str(button["data-file"]) in collect(archived).files


def test_the_page_holds_the_archive_and_exporting_again_gives_the_same(archived: Path) -> None:
    path = oqc_notebook.export_notebook(archived).path
    first = path.read_bytes()
    held = page_of(path).find(id="oqc-archive")
    assert held is not None
    packed = base64.b64decode(held.get_text())
    assert packed == to_zip(collect(archived))
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        assert files.namelist()[:2] == [MANIFEST, "bell.ipynb"]
        assert files.read("bell.ipynb") == archived.read_bytes()
    assert oqc_notebook.export_notebook(archived).path.read_bytes() == first


def test_nbconvert_and_the_command_write_the_same_page(archived: Path) -> None:
    own = oqc_notebook.export_notebook(archived).path.read_bytes()
    for command in (
        ["-m", "oqc_notebook.cli", "export", "bell.ipynb", "-o", "other.html"],
        ["-m", "nbconvert", "--to", "oqc_archive", "bell.ipynb", "--output", "other.html"],
    ):
        (archived.parent / "other.html").unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, *command], cwd=archived.parent, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert (archived.parent / "other.html").read_bytes().rstrip() == own.rstrip()


def test_a_jupyter_server_exports_the_file_as_it_is_saved(archived: Path) -> None:
    contents = LargeFileManager(root_dir=str(archived.parent))
    with contextlib.closing(contents.notary.store):  # a database
        notebook = contents.get("bell.ipynb")["content"]
    assert notebook.cells[0].metadata.trusted in (True, False)  # which the file does not hold
    resources = {"metadata": {"name": "bell", "path": str(archived.parent)}}
    page, _ = OqcArchiveExporter().from_notebook_node(notebook, resources)
    assert page.encode() == oqc_notebook.export_notebook(archived).path.read_bytes()


def test_the_magic_says_what_was_exported_and_where(archived: Path, tmp_path: Path) -> None:
    with LocalQpu() as qpu, kernel_of(archived, qpu) as kernel:
        (cell,) = kernel.ok(f"%oqc_export {tmp_path / 'shared.html'}")
        assert re.match(r"Exported bell.ipynb, as last saved at \d{4}-\d\d-\d\d .* UTC", cell.text)
        assert cell.text.strip().endswith(str(tmp_path / "shared.html"))
        assert page_of(tmp_path / "shared.html").title is not None


def test_another_file_is_never_replaced(archived: Path, notebook: Path) -> None:
    exported = oqc_notebook.export_notebook(notebook)
    with pytest.raises(FileExistsError, match="not an earlier export of bell.ipynb"):
        oqc_notebook.export_notebook(archived, exported.path)
    mine = notebook.with_name("mine.html")
    mine.write_text("<title>words.ipynb</title>")
    with pytest.raises(FileExistsError, match="is left as it is"):
        oqc_notebook.export_notebook(notebook, mine)
    assert mine.read_text() == "<title>words.ipynb</title>"


@pytest.mark.parametrize("name", ["for-anna", "bell.pdf", "other.ipynb", "v1.2"])
def test_a_page_is_not_written_to_a_file_that_neither_opens_nor_gives_the_jobs_back(
    name: str, notebook: Path
) -> None:
    with pytest.raises(ValueError, match=r"does not say what to write: end it with \.html"):
        oqc_notebook.export_notebook(notebook, notebook.with_name(name))
    assert not notebook.with_name(name).exists()


@pytest.mark.parametrize("content", ["{}", "no JSON"])
def test_what_is_no_notebook_is_refused_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / "bell.ipynb").write_text(content)
    with pytest.raises(ValueError, match="(?i)notebook"):
        oqc_notebook.export_notebook(tmp_path / "bell.ipynb")


def test_where_there_is_no_archive_it_is_said_and_where_it_may_be(
    archived: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.ipynb"
    shutil.copy(archived, copy)
    missing = "No jobs are in it, since there is no archive next to the notebook."
    assert oqc_notebook.export_notebook(copy).missing == missing
    shutil.copytree(archived.with_suffix(".oqc"), tmp_path / "bell.oqc")
    said = str(oqc_notebook.export_notebook(copy))
    assert f"{missing} bell.oqc looks like it, from before the notebook was renamed" in said
    advice = re.search(r"oqc_notebook\.archive\.adopt\(.*\)", said)
    assert advice is not None
    eval(advice[0], {"oqc_notebook": oqc_notebook})
    assert oqc_notebook.export_notebook(copy).missing == ""


def test_an_export_in_the_cell_of_a_run_has_that_run(tmp_path: Path) -> None:
    with LocalQpu() as qpu, kernel_of(tmp_path / "bell.ipynb", qpu) as kernel:
        names = kernel.told(
            f"{RUN}\nimport oqc_notebook\npath = oqc_notebook.export_notebook().path\n"
            "print(json.dumps(sorted(oqc_notebook.export.opening.open_archive(path).files)))"
        )
    assert [name for name in names if "/runs/" in name]
    assert [name for name in names if name.endswith(".cells.jsonl")]


def test_formulas_and_pictures_are_in_the_page_and_scripts_are_not(notebook: Path) -> None:
    page = page_of(oqc_notebook.export_notebook(notebook).path)
    assert len(page.select("main math")) == 2
    assert "$\\nosuch{a}$" in [code.get_text() for code in page.select("main code")]
    sources = [str(image["src"]) for image in page.select("main img")]
    assert sources == [f"data:image/png;base64,{PIXEL}"] * 2
    missing = " ".join(note.get_text() for note in page.select(".oqc-missing"))
    for name in ("https://example.com/x.png", "private.txt", "attachment:no.png"):
        assert name in missing
    assert not page.select("main script, main [onclick]")
    scripts = [script.get("type") for script in page("script")]
    assert scripts == ["application/octet-stream;base64", None]


@pytest.mark.parametrize(
    "text",
    [
        "![a](<my dot.png>)",
        "![a](my%20dot.png)",
        '<img src="my dot.png">',
        '<img src="my%20dot.png">',
        "![a](<attachment:in it.png>)",
        "![a](attachment:in%20it.png)",
    ],
)
def test_pictures_with_spaces_in_their_names_are_in_the_page(tmp_path: Path, text: str) -> None:
    (tmp_path / "my dot.png").write_bytes(base64.b64decode(PIXEL))
    cell = nbformat.v4.new_markdown_cell(text, attachments={"in it.png": {"image/png": PIXEL}})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "words.ipynb")
    page = page_of(oqc_notebook.export_notebook(tmp_path / "words.ipynb").path)
    (image,) = page.select("main img")
    assert image["src"] == f"data:image/png;base64,{PIXEL}"


@pytest.mark.parametrize(
    "text",
    [
        '<img src="dot.png" width="300">',
        'inside of text <img src="attachment:in.png" width="300">',
        "![square](square.WEBP)",
    ],
)
def test_pictures_that_are_named_in_html_are_in_the_page(text: str, tmp_path: Path) -> None:
    for name in ("dot.png", "square.WEBP"):
        (tmp_path / name).write_bytes(base64.b64decode(PIXEL))
    words = nbformat.v4.new_markdown_cell(text, attachments={"in.png": {"image/png": PIXEL}})
    code = nbformat.v4.new_code_cell("show()")
    code.outputs = [nbformat.v4.new_output("display_data", {"text/html": "<img src='dot.png'>"})]
    path = tmp_path / "words.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[words, code]), path)
    page = page_of(oqc_notebook.export_notebook(path).path)
    sources = [str(picture["src"]) for picture in page.select("main img")]
    assert [source.split(",")[1] for source in sources] == [PIXEL, PIXEL]
    assert all(source.startswith("data:image/") for source in sources)
    assert "not in this file" not in page.get_text()


@pytest.mark.parametrize("name", ["folder.png", "no.png", "../above.png", "n" * 300 + ".png"])
def test_a_picture_that_cannot_be_had_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "above.png").write_bytes(base64.b64decode(PIXEL))
    (tmp_path / "notebooks" / "folder.png").mkdir(parents=True)
    path = tmp_path / "notebooks" / "words.ipynb"
    cell = nbformat.v4.new_markdown_cell(f"![here]({name}) ![in](attachment:in.png)")
    cell.attachments = {"in.png": {}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    page = page_of(oqc_notebook.export_notebook(path).path)
    assert page.select("main img") == []
    assert f"[picture that is not in this file: {name} (here)]" in page.get_text()
    assert "[picture that is not in this file: attachment:in.png (in)]" in page.get_text()


def test_html_in_markdown_is_about_what_it_encloses(tmp_path: Path) -> None:
    text = 'H<sub>2</sub>O, <a href="#Bell">below</a>\n\n<div align="center">\n\n**Bell**\n\n</div>'
    path = tmp_path / "words.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)]), path)
    page = page_of(oqc_notebook.export_notebook(path).path)
    enclosed = [each.get_text().strip() for each in page.select("main :is(sub, a, div[align])")]
    assert enclosed == ["2", "below", "Bell"]


def test_a_notebook_with_a_token_is_not_exported_unless_it_is_taken_out(tmp_path: Path) -> None:
    secret = "Authentication-Token: 0123456789abcdef"
    notebook = make_notebook(tmp_path / "bell.ipynb", "1", f"# {secret}")
    before = notebook.read_bytes()
    with pytest.raises(SecretsFoundError, match=r"cell 2: the value of .*--redact"):
        oqc_notebook.export_notebook(notebook)
    assert not notebook.with_suffix(".html").exists()
    exported = oqc_notebook.export_notebook(notebook, redact=True)
    assert "[token removed]" in exported.path.read_text()
    assert notebook.read_bytes() == before
    command = [sys.executable, "-m", "oqc_notebook.cli", "export", str(notebook)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "cell 2" in done.stderr) == (1, True)
    assert "0123456789abcdef" not in done.stderr


def test_an_execution_on_the_way_is_refused_since_the_archive_would_be_older(
    notebook: Path,
) -> None:
    command = ["-m", "nbconvert", "--execute", "--to", "oqc_archive", str(notebook)]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "--execute --inplace" in done.stderr


def test_widgets_and_scripts_leave_what_can_be_read_of_them(tmp_path: Path) -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
    cell = nbformat.v4.new_code_cell("show()")
    cell.outputs = [
        nbformat.v4.new_output("display_data", {**view, "text/plain": "IntSlider(value=3)"}),
        nbformat.v4.new_output("display_data", {"application/javascript": "alert(1)"}),
        nbformat.v4.new_output("display_data", {"text/latex": r"$\frac{1}{2}$"}),
        nbformat.v4.new_output("display_data", {"text/html": "<p>one<!-- <p>two"}),
    ]
    path = tmp_path / "widgets.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    page = page_of(oqc_notebook.export_notebook(path).path)
    text = page.main.get_text() if page.main else ""
    assert "IntSlider(value=3)" in text
    assert "An output that needs a kernel or a script" in text
    assert "alert" not in text
    assert page.select("main mfrac")
    assert page.find(id="oqc-jobs") is not None  # an unclosed comment does not swallow the rest


def test_pictures_and_data_that_only_jupyter_shows_can_be_seen(tmp_path: Path) -> None:
    gif = base64.b64encode(b"GIF89a").decode() + "\n"
    cell = nbformat.v4.new_code_cell("show()")
    cell.outputs = [
        nbformat.v4.new_output("display_data", {"image/gif": gif, "text/plain": "<Image object>"}),
        nbformat.v4.new_output("display_data", {"image/webp": gif, "image/png": PIXEL}),
        nbformat.v4.new_output(
            "display_data", {"application/json": {"shots": [1]}, "text/plain": "<JSON object>"}
        ),
    ]
    path = tmp_path / "seen.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    page = page_of(oqc_notebook.export_notebook(path).path)
    kinds = [str(picture["src"]).partition(",")[0] for picture in page.select("main img")]
    assert kinds == ["data:image/gif;base64", "data:image/png;base64"]
    text = page.main.get_text() if page.main else ""
    assert '"shots"' in text
    assert "object" not in text


@pytest.mark.parametrize(
    ("source", "clean"),
    [
        ("<p>one", "<p>one</p>"),
        ("</div></div>after", "after"),
        ('<meta http-equiv="refresh" content="0;url=https://example.com">', ""),
        ('<a href=" JavaScript:alert(1)" onclick="x">a</a>', "<a>a</a>"),
        ("<plaintext>rest", ""),
        ('<form action="https://example.com"><input name="q"></form>', "<input/>"),
        ("<iframe src='x'></iframe><b>b</b>", "<b>b</b>"),
        ("<![CDATA[><meta>]]>a", "a"),
        ("<svg><style>a{}<meta></style></svg>", r"<svg><style>a{}\3c meta></style></svg>"),
    ],
)
def test_html_of_outputs_is_closed_and_without_what_acts(source: str, clean: str) -> None:
    assert harmless(source) == clean


def test_a_formula_that_cannot_be_drawn_is_shown_as_it_was_written() -> None:
    assert formula(r"\nosuch <b>", block=False) == r"<code>$\nosuch &lt;b&gt;$</code>"
    assert formula(r"\frac{a", block=True) == r"<code>$$\frac{a$$</code>"
    assert latex_output("a $x$ b") == "<pre>a $x$ b</pre>"
    assert latex_output(r"\begin{align} a &= b \end{align}").startswith("<math")


def test_the_exporter_is_offered_by_jupyter() -> None:
    script = """
import json
from nbconvert.exporters import get_exporter, get_export_names
label = get_exporter("oqc_archive")().export_from_notebook
print(json.dumps(["oqc_archive" in get_export_names(), label]))
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout
    assert json.loads(told) == [True, "OQC archive (HTML)"]


def test_the_commands_of_the_readme_work(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Share a notebook as one file")[1].split("\n## ")[0]
    commands = re.findall(r"```sh\noqc-notebook (export.*)\n```", section)
    assert len(commands) == 2
    make_notebook(tmp_path / "bell.ipynb", "1 + 1")
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "oqc_notebook.cli", *command.split()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "bell.html").exists()
