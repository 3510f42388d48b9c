"""Everyone can read and use the panels: keyboard, screen reader, contrast, zoom, less motion."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import gallery
from tests.browser.conftest import OpenNotebook
from tests.browser.lab import Lab, Notebook, connecting, dark
from tests.browser.test_panels import MAKE_BELL, RUN_BELL, note, wait_for_state
from tests.faulty import StagedQpu
from tests.support import LocalQpu

AXE = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"

#: What WCAG 2.2 AA asks for, and what the makers of axe recommend besides.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: Which level of heading comes before a panel is up to the notebook.
NOT_OURS = {"heading-order": {"enabled": False}}


@pytest.fixture(scope="module", params=["lab", "notebook7"])
def server(request: pytest.FixtureRequest) -> Lab:
    lab: Lab = request.getfixturevalue(request.param)
    return lab


@pytest.fixture(scope="module")
def shown(
    server: Lab, browser: Browser, local_qpu: LocalQpu, slow_qpu: LocalQpu
) -> Iterator[Notebook]:
    """All panels, in a window that is so high that every one is drawn."""
    page = browser.new_page(viewport={"width": 1100, "height": 9000})
    with gallery.holding(local_qpu) as held:
        path = server.write("gallery", *gallery.cells(local_qpu, held, slow_qpu))
        notebook = Notebook(server, page, path).open()
        gallery.unfold_all(notebook, gallery.show_all(notebook))
        page.add_style_tag(content=".jp-Cell-inputWrapper { display: none !important }")
        yield notebook
        notebook.end_kernels()
    page.close()


def check(page: Page, selector: str) -> None:
    """Have axe look at the elements that fit, and fail if it finds anything."""
    if not AXE.exists():
        missing = "axe-core is not there: npm ci --prefix tests/js"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    expect(page.locator(selector).first).to_be_visible()
    found: dict[str, Any] = page.evaluate(
        "([selector, runOnly, rules]) => axe.run({include: [selector]}, {runOnly, rules})",
        [selector, TAGS, NOT_OURS],
    )
    assert found["passes"], f"axe looked at nothing in {selector}"
    faults = [
        f"{fault['id']}: {node['target'][-1]}\n  {node['html'][:200]}\n  {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_panel(shown: Notebook, server: Lab, theme: str) -> None:
    dark(shown.page, server, on=theme == "dark")
    check(shown.page, ".oqc-live")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_twin(shown: Notebook, server: Lab, theme: str) -> None:
    dark(shown.page, server, on=theme == "dark")
    with styled(
        shown.page,
        ".jp-OutputArea-child:has(.oqc-live) { display: none !important }"
        ".jp-OutputArea-child:has(.oqc-twin) { display: table !important }",
    ):
        shown.page.evaluate(
            "document.querySelectorAll('.oqc-twin details').forEach(each => each.open = true)"
        )
        check(shown.page, ".oqc-twin")


def test_tab_goes_through_every_control_as_the_eye_does_and_is_seen(
    shown: Notebook, server: Lab
) -> None:
    dark(shown.page, server, on=server.module == "notebook")  # one theme in each is enough
    for index in range(gallery.panels(shown).count()):
        panel = gallery.panels(shown).nth(index)
        stops = tab_through(panel)
        assert [stop for stop in stops if stop["faults"]] == []
        assert len(stops) == panel.evaluate(FOCUSABLE), stops


def test_a_state_is_never_told_by_colour_alone(shown: Notebook) -> None:
    chips = shown.page.locator(".oqc-live .oqc-chip")
    told = chips.evaluate_all("chips => chips.map(e => [e.dataset.state, e.innerText])")
    assert {state for state, _ in told} >= {"COMPLETED", "FAILED", "RUNNING", "CANCELLED"}
    symbols = {}
    for state, text in told:
        symbol, word = text[0], text[1:].strip()
        assert word == state
        symbols[state] = symbol
    assert len(set(symbols.values())) == len(symbols)
    for picture in shown.page.locator(".oqc-live [role=img]").all():
        assert picture.get_attribute("aria-label")


def test_nothing_moves_for_those_who_asked_for_less_motion(shown: Notebook) -> None:
    moving = """() => document.getAnimations().filter(animation =>
        animation.playState === 'running' && animation.effect.target.closest('.oqc-live')).length"""
    assert shown.page.evaluate(moving) > 0
    shown.page.emulate_media(reduced_motion="reduce")
    try:
        assert shown.page.evaluate(moving) == 0
    finally:
        shown.page.emulate_media(reduced_motion="null")


@pytest.mark.parametrize("width", [320, 640])  # 1280 pixels at 400 % and at 200 %
def test_narrow_pages_scroll_in_one_direction_but_for_tables(
    shown: Notebook, width: int, pictures: Path
) -> None:
    page = shown.page
    height = page.viewport_size["height"] if page.viewport_size else 0
    page.set_viewport_size({"width": width, "height": height})
    try:
        for panel in page.locator(".oqc-live").all():
            assert panel.evaluate(TOO_WIDE) == []
        if width == 320:
            check(page, ".oqc-live")
        shown.screenshot(pictures, f"{shown.lab.module}-{width}")
    finally:
        page.set_viewport_size({"width": 1100, "height": height})


def test_bars_stay_visible_where_the_system_chooses_the_colours(
    shown: Notebook, pictures: Path
) -> None:
    shown.page.emulate_media(forced_colors="active")
    try:
        shown.screenshot(pictures, f"{shown.lab.module}-forced-colours")
        for bars in ("fill", "tally-part", "time-queued", "time-ran", "part"):
            for place in shown.page.locator(f".oqc-live .oqc-{bars}").evaluate_all(MIDDLES)[:6]:
                nearby = {**place, "y": place["y"] - place["above"]}
                assert pixels(shown.page, place) != pixels(shown.page, nearby), bars
    finally:
        shown.page.emulate_media(forced_colors="null")


def test_each_state_is_announced_once_and_no_tick(
    open_notebook: OpenNotebook, staged_qpu: StagedQpu
) -> None:
    notebook = open_notebook(connecting(staged_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_cells(0, 1)
    notebook.panel().wait_for()
    notebook.page.evaluate(HEAR)
    notebook.run_cells(2)
    wait_for_state(notebook.panel(), "SUBMITTED")
    staged_qpu.stay("RUNNING")
    wait_for_state(notebook.panel(), "RUNNING")
    staged_qpu.go_on()
    wait_for_state(notebook.panel(), "COMPLETED")
    heard = [text for text in notebook.page.evaluate("window.heard") if text]
    assert [text.lstrip("✓▶…○") for text in heard] == ["SUBMITTED", "RUNNING", "COMPLETED"]


def test_every_button_works_from_the_keyboard(
    open_notebook: OpenNotebook, slow_qpu: LocalQpu
) -> None:
    notebook = open_notebook(connecting(slow_qpu), MAKE_BELL)
    notebook.run_all()
    panel, keyboard = notebook.panel(), notebook.page.keyboard
    panel.wait_for()
    tab_to(panel, "Execute")
    keyboard.press("Space")
    wait_for_state(panel, "SUBMITTED")
    tab_to(panel, "Cancel…")
    keyboard.press("Enter")
    expect(panel.get_by_role("button", name="No", exact=True)).to_be_focused()
    keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Cancel…")).to_be_focused()
    expect(panel.get_by_text("Really cancel?")).to_be_hidden()
    keyboard.press("Enter")
    keyboard.press("Shift+Tab")
    expect(panel.get_by_role("button", name="Yes", exact=True)).to_be_focused()
    keyboard.press("Enter")
    wait_for_state(panel, "CANCELLED")
    tab_to(panel, "Refresh")
    keyboard.press("Enter")
    expect(note(panel)).to_contain_text("The server says CANCELLED")
    tab_to(panel, "Save")
    keyboard.press("Enter")
    expect(note(panel)).to_contain_text("Saved to")
    tab_to(panel, "Load…")
    keyboard.press("Space")
    expect(panel.get_by_role("button", name="bell", exact=True)).to_be_focused()
    keyboard.press("Enter")
    wait_for_state(notebook.panel(1), "CANCELLED")
    # and no key was taken for a shortcut of the notebook
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == 2


@contextlib.contextmanager
def styled(page: Page, css: str) -> Iterator[None]:
    """Have a style in the page, for a while."""
    style = page.add_style_tag(content=css)
    yield
    style.evaluate("style => style.remove()")


def pixels(page: Page, place: dict[str, float]) -> bytes:
    """Give a few pixels of the page, as a picture that is the same for the same colours."""
    x, y = int(place["x"]) - 4, int(place["y"])
    return page.screenshot(clip={"x": x, "y": y, "width": 8, "height": 1}, animations="disabled")


def tab_to(panel: Locator, name: str) -> None:
    """Press Tab until a button of the panel has the focus."""
    button = panel.get_by_role("button", name=name, exact=True)
    expect(button).to_be_enabled()  # once the kernel has answered
    panel.evaluate("panel => { panel.tabIndex = -1; panel.focus(); }")
    for _ in range(20):
        panel.page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            return
    raise AssertionError(f"Tab does not come to {name!r}")


def tab_through(panel: Locator) -> list[dict[str, Any]]:
    """Press Tab until the focus leaves the panel; give each stop, and what is wrong with it."""
    panel.evaluate("panel => { panel.tabIndex = -1; panel.focus(); window.before = null; }")
    stops: list[dict[str, Any]] = []
    while len(stops) < 200:
        panel.page.keyboard.press("Tab")
        stop = panel.evaluate(STOP)
        if stop is None:
            return stops
        stops.append(stop)
    raise AssertionError("The focus does not leave the panel")


#: How many controls of a panel can be reached.
FOCUSABLE = """panel => [...panel.querySelectorAll(
    'button, input, select, textarea, summary, a[href], [tabindex]')].filter(e =>
    e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true})
    && !(e.type === 'radio' && !e.checked)).length"""

#: What has the focus in a panel, and what is wrong with that; null outside.
STOP = r"""panel => {
    const stop = document.activeElement;
    if (!panel.contains(stop) || stop === panel) return null;
    const faults = [];
    const style = getComputedStyle(stop);
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) {
        faults.push('its focus cannot be seen');
    }
    const label = stop.ariaLabel || stop.innerText || stop.labels?.[0]?.innerText;
    if (!label && !stop.getAttribute('aria-labelledby')) faults.push('it has no label');
    const before = window.before;
    if (before?.isConnected) {
        let common = stop;
        while (!common.contains(before)) common = common.parentElement;
        const within = e => { while (e.parentElement !== common) e = e.parentElement; return e; };
        const isBefore = (one, other) => {
            const [a, b] = [one, other].map(e => e.getBoundingClientRect());
            return b.top >= a.bottom - 4 || (b.left >= a.right - 4 && b.bottom > a.top);
        };
        const isInside = common === before || common === stop;
        // what scrolls begins above what is seen of it
        if (!isInside && !isBefore(within(before), within(stop)) && !isBefore(before, stop)) {
            faults.push(`it stands before ${before.outerHTML.slice(0, 150)}`);
        }
    }
    window.before = stop;
    return {label, faults};
}"""

#: The parts of a panel that are wider than there is room for, but for what scrolls by itself.
TOO_WIDE = """panel => {
    const room = panel.closest('.jp-OutputArea-output').getBoundingClientRect().right + 1;
    const scrolls = e => { for (; e !== panel; e = e.parentElement) {
        if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX)) return true;
    } return false; };
    return [panel, ...panel.querySelectorAll('*')]
        .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > room)
        .filter(e => e === panel || !scrolls(e.parentElement))
        .map(e => `${e.className}: ${e.getBoundingClientRect().right} > ${room}`);
}"""

#: The middles of the bars in sight, and how far above is a place that belongs to no bar.
MIDDLES = """bars => bars.map(bar => {
    const {x, y, width, height} = bar.getBoundingClientRect();
    const middle = {x: x + width / 2, y: y + height / 2, above: height / 2 + 3};
    const isInSight = document.elementFromPoint(middle.x, middle.y) === bar;
    return width > 8 && isInSight ? middle : null;
}).filter(middle => middle !== null)"""

#: Notes what a screen reader would announce of the panels.
HEAR = """() => {
    window.heard = [];
    const regions = document.querySelectorAll(
        '.oqc-live :is([role=status], [role=alert], [aria-live]:not([aria-live=off]))');
    for (const region of regions) new MutationObserver(() => {
        const copy = region.cloneNode(true);
        copy.querySelectorAll('[aria-live=off], [aria-hidden=true]').forEach(e => e.remove());
        const text = copy.innerText.trim();
        if (text !== region.lastHeard) window.heard.push(text);
        region.lastHeard = text;
    }).observe(region, {childList: true, characterData: true, subtree: true});
}"""
