"""Take the pictures of a job's and a composite's panel that the README shows.

Run it with ``python -m tests.browser.screenshots``.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.lab import Lab, Notebook, connecting, dark, launch
from tests.support import SIMULATOR, LocalQpu

FOLDER = Path(__file__).parents[2] / "notebooks" / "images"

_GHZ = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[3];
creg c[3];
h q[0];
cx q[0], q[1];
cx q[1], q[2];
rx(0.3) q[1];
measure q -> c;
"""

_RABI = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[1];
creg c[1];
ry({angle}) q[0];
measure q -> c;
"""

_JOB = f"""
ghz = sdk.create_job(program='''{_GHZ}''')
await ghz.execute()
good, ghz.program = ghz.program, ghz.program.replace("h q", "hadamard q")
await ghz.execute()
ghz.program = good
await ghz.execute()
ghz
"""

_COMPOSITE = f"""
angles = [0.1 * step for step in range(60)]
programs = ['''{_RABI}'''.replace("{{angle}}", str(angle)) for angle in angles]
programs[5] = programs[5].replace("ry(", "rotate(")
rabi = sdk.create_job(program=programs, label=[f"θ = {{angle:.1f}}" for angle in angles])
rabi
"""

# some children have ended, some run, some wait, and the rest is not submitted
_PART = """
import asyncio
await asyncio.gather(*(job.execute() for job in rabi.jobs[:36]))
await asyncio.gather(*(job.submit() for job in rabi.jobs[36:46]))
while any(job.state == "SUBMITTED" for job in rabi.jobs[36:46]):
    await asyncio.sleep(0.01)
await asyncio.gather(*(job.submit() for job in rabi.jobs[46:54]))
"""


def main() -> None:
    """Write the pictures, light and dark, and say how large they are."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalQpu("--latency", "0.4", "--seed", "3") as quick,
        LocalQpu("--latency", "5", "--seed", "3") as slow,
        sync_playwright() as playwright,
    ):
        lab = Lab(Path(folder))
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1000, "height": 1100}, device_scale_factor=1.25)
        try:
            for name, qpu, cells in (
                ("job", quick, [_JOB]),
                ("composite", slow, [_COMPOSITE, _PART]),
            ):
                path = lab.write(name, connecting(qpu, SIMULATOR), *cells)
                notebook = Notebook(lab, page, path).open()
                notebook.run_all()
                panel = notebook.panel()
                if name == "job":
                    expect(panel.locator(".oqc-history tbody tr")).to_have_count(4)
                else:
                    expect(panel.locator(".oqc-legend")).to_have_text(
                        re.compile(r"RUNNING\d+…SUBMITTED\d+○CREATED6✕FAILED1")
                    )
                for theme in ("light", "dark"):
                    dark(page, lab, on=theme == "dark")
                    picture = FOLDER / f"{name}-{theme}.png"
                    panel.screenshot(path=picture)
                    print(f"{picture.name}: {picture.stat().st_size // 1024} KB")
                dark(page, lab, on=False)
        finally:
            browser.close()
            lab.stop()


if __name__ == "__main__":
    main()
