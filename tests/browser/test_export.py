"""An exported page in a browser: what it asks for, runs, hands out, and how it is laid out."""

from __future__ import annotations

import contextlib
import http.server
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

import oqc_notebook
from oqc_notebook.export.bundle import MANIFEST, collect
from tests.archive.support import kernel_of, make_notebook
from tests.support import BELL, BROKEN, LocalQpu, until

RUN = f"bell = sdk.create_job(program={BELL!r})\nbell"
FAIL = f"broken = sdk.create_job(program={BROKEN!r})\nawait broken.execute()"

#: What a hostile notebook may hold: all that asks another host, and scripts.
HOSTILE = """
<script>document.title = "changed"; fetch("HOST/1")</script>
<img src="HOST/2.png" onerror="document.title = 'changed'">
<link rel="stylesheet" href="HOST/3.css">
<style>@import url(HOST/4.css);</style>
<p style="background: url(HOST/5.png)">text</p>
<iframe src="HOST/6"></iframe>
<video src="HOST/7.mp4" autoplay></video>
<meta http-equiv="refresh" content="0;url=HOST/8">
<svg onload="document.title = 'changed'"><image href="HOST/9.png"/></svg>
<svg><style><meta http-equiv="refresh" content="0;url=HOST/10"></style></svg>
<math><style><meta http-equiv="refresh" content="0;url=HOST/11"></style></math>
<![CDATA[><meta http-equiv="refresh" content="0;url=HOST/12">]]>
"""

Opened = Callable[..., Page]


class Host(http.server.ThreadingHTTPServer):
    """A host that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever).start()


@contextlib.contextmanager
def noting() -> Iterator[Host]:
    host = Host()
    yield host
    host.shutdown()
    host.server_close()


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with noting() as host:
        yield host


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, host: Host) -> Path:
    """The page of a notebook with a job's panel, a failure, a formula and hostile HTML."""
    notebook = make_notebook(tmp_path_factory.mktemp("notebooks") / "bell.ipynb")
    with LocalQpu() as qpu, kernel_of(notebook, qpu) as kernel:
        kernel.ok(RUN, "await bell.execute()", FAIL)
        shown = [
            output
            for cell in kernel.ok("bell", "%oqc_jobs", "%oqc_history bell", "%oqc_history broken")
            for output in cell.outputs
        ]
    html = HOSTILE.replace("HOST", f"http://127.0.0.1:{host.server_port}")
    cells = [nbformat.v4.new_code_cell(source) for source in (RUN, FAIL)]
    cells[0].outputs = [nbformat.v4.new_output("display_data", bundle) for bundle in shown]
    coloured = "".join(f"\x1b[{number}mcolour\x1b[0m\n" for number in range(31, 37))
    cells[1].outputs = [
        nbformat.v4.new_output("error", ename="E", evalue="", traceback=[coloured]),
        nbformat.v4.new_output("stream", text=coloured),
    ]
    hostile = nbformat.v4.new_code_cell("hostile")
    hostile.outputs = [nbformat.v4.new_output("display_data", {"text/html": html})]
    words = nbformat.v4.new_markdown_cell(f"$$\\frac{{1}}{{\\sqrt 2}}$$\n{html}")
    nbformat.write(nbformat.v4.new_notebook(cells=[*cells, hostile, words]), notebook)
    return oqc_notebook.export_notebook(notebook).path


@pytest.fixture
def opened(browser: Browser, exported: Path) -> Iterator[Opened]:
    """Open a page of a browser with this width, colour scheme, and with or without scripts."""
    contexts = []

    def open_page(
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        scripts: bool = True,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


def test_the_page_asks_no_host_for_anything_and_runs_no_script_of_the_notebook(
    opened: Opened, exported: Path, host: Host
) -> None:
    page = opened()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(exported.as_uri(), wait_until="networkidle")
    assert host.asked == []
    assert faults == []
    expect(page).to_have_title("bell.ipynb")
    # and where one was let in, the page's policy would stop it
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img id=a src=\"x:\">')")
    page.evaluate("document.getElementById('a').setAttribute('onclick', 'document.title = 1')")
    page.locator("#a").dispatch_event("click")
    expect(page).to_have_title("bell.ipynb")


def test_without_the_policy_the_host_would_be_asked(opened: Opened, tmp_path: Path) -> None:
    page = opened()
    path = tmp_path / "without-a-policy.html"
    with noting() as host:
        path.write_text(HOSTILE.replace("HOST", f"http://127.0.0.1:{host.server_port}"))
        page.goto(path.as_uri(), wait_until="commit")
        until(lambda: {"/2.png", "/3.css", "/4.css", "/6"} <= set(host.asked))


def test_final_panels_jobs_and_formulas_can_be_seen(opened: Opened, exported: Path) -> None:
    page = opened()
    page.goto(exported.as_uri())
    panel = page.locator(".oqc-twin").first
    expect(panel).to_contain_text("COMPLETED")
    expect(panel.locator("meter").first).to_be_visible()
    expect(page.locator("main math mfrac").first).to_be_visible()
    rows = page.locator(".oqc-jobs tbody tr:not(.oqc-group)")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("SIMULATED")
    expect(rows.last).to_contain_text("FAILED")


def test_the_files_are_handed_out_offline(opened: Opened, exported: Path, tmp_path: Path) -> None:
    page = opened()
    page.goto(exported.as_uri())
    files = collect(exported.with_suffix(".ipynb")).files

    def download(name: str) -> Path:
        with page.expect_download() as download:
            page.get_by_role("button", name=name).first.click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        return path

    archive = download("Download archive")
    assert archive.name == "bell.oqc.zip"
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        assert {name: packed.read(name) for name in packed.namelist() if name != MANIFEST} == files
    assert download("Download notebook").read_bytes() == files["bell.ipynb"]
    snapshot = download(".json")
    (whole,) = (content for name, content in files.items() if name.endswith(f"/{snapshot.name}"))
    assert snapshot.read_bytes() == whole


def test_without_scripts_everything_can_be_read_and_no_dead_button_is_shown(
    opened: Opened, exported: Path
) -> None:
    page = opened(scripts=False)
    page.goto(exported.as_uri())
    expect(page.locator(".oqc-twin").first).to_contain_text("COMPLETED")
    expect(page.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_has_contrast(
    opened: Opened, exported: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = opened(width, scheme)
    page.goto(exported.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    text, ground = page.evaluate(
        "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))"
    )
    assert abs(_brightness(text) - _brightness(ground)) > 180


def _brightness(colour: str) -> float:
    return sum(_parts(colour)) / 3


def _parts(colour: str) -> list[int]:
    return [int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_coloured_text_can_be_read(
    opened: Opened, exported: Path, scheme: Literal["light", "dark"]
) -> None:
    page = opened(scheme=scheme)
    page.goto(exported.as_uri())
    colours = page.evaluate(
        """() => [...document.querySelectorAll('main pre span[class^=ansi]')].map((span) => {
            const grounds = [];
            for (let part = span; part; part = part.parentElement) {
                grounds.push(getComputedStyle(part).backgroundColor);
            }
            return [
                getComputedStyle(span).color,
                grounds.find((ground) => ground !== 'rgba(0, 0, 0, 0)'),
            ];
        })"""
    )
    assert len(colours) == 12
    assert min(_contrast(text, ground) for text, ground in colours) > 4.5


def _contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (((part / 255 + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_printed_nothing_is_cut_off_on_the_right(opened: Opened, exported: Path) -> None:
    page = opened(688)  # an A4 page between its margins, in CSS pixels
    page.goto(exported.as_uri())
    page.emulate_media(media="print")
    cut_off = page.evaluate(
        "[...document.querySelectorAll('main *, #oqc-jobs *')]"
        ".filter((part) => part.getBoundingClientRect().right > innerWidth + 1)"
        ".map((part) => part.outerHTML.slice(0, 80))"
    )
    assert cut_off == []
    assert len(page.pdf(format="A4")) > 10_000


def test_printed_the_words_of_tables_are_whole(opened: Opened, exported: Path) -> None:
    page = opened(688)
    page.goto(exported.as_uri())
    page.emulate_media(media="print")
    broken = page.evaluate(
        """() => {
            const words = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
            const broken = [];
            while (words.nextNode()) {
                const text = words.currentNode;
                const {parentElement: element} = text;
                if (!element.matches(':is(.oqc-twin, .dataframe) :is(td, th, td *)')) continue;
                if (element.closest('details')) continue;  // closed
                for (const {0: word, index} of text.data.matchAll(/[A-Za-z]+/g)) {
                    const range = document.createRange();
                    range.setStart(text, index);
                    range.setEnd(text, index + word.length);
                    if (range.getClientRects().length > 1) broken.push(word);
                }
            }
            return broken;
        }"""
    )
    assert broken == []
