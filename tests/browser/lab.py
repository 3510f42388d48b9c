"""JupyterLab and its notebooks, as tests use them in a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, Self

import nbformat
from nbformat.sign import NotebookNotary
from playwright.sync_api import Browser, Locator, Page, expect

from tests.faulty import StagedQpu
from tests.support import EXACT, LocalQpu, until

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: How long anything in the page may take (ms); it is what playwright gives actions anyway.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

#: The notebook is saved when a test says so.
_SETTINGS = {"@jupyterlab/docmanager-extension/plugin.jupyterlab-settings": {"autosave": False}}

#: What would fetch things from elsewhere, or pop up over what is tested.
_DISABLED = [
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/extensionmanager-extension",
]


class Lab:
    """A JupyterLab server on this machine with folders of its own."""

    #: The module that starts it, the class that its options are of, and where notebooks open.
    module = "jupyterlab"
    app = "LabApp"
    documents = "doc/tree/"

    def __init__(self, folder: Path) -> None:
        self.notebooks = folder / "notebooks"
        self._data = folder / "data"
        self._runtime = folder / "runtime"
        self._log = folder / "lab.log"
        self.notebooks.mkdir()
        settings = folder / "settings"
        for name, content in _SETTINGS.items():
            (settings / name).parent.mkdir(parents=True, exist_ok=True)
            (settings / name).write_text(json.dumps(content))
        (folder / "config" / "labconfig").mkdir(parents=True)
        (folder / "config" / "labconfig" / "page_config.json").write_text(
            json.dumps({"disabledExtensions": dict.fromkeys(_DISABLED, True)})
        )
        environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(self._data),
            "JUPYTER_RUNTIME_DIR": str(self._runtime),
            "JUPYTERLAB_SETTINGS_DIR": str(settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
        }
        for name in ("OQC_URL", "OQC_AUTH_TOKEN", "OQC_NOTEBOOK_PATH"):
            environment.pop(name, None)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", self.module, "--no-browser", "--allow-root"),
                    "--port=0",
                    "--ServerApp.ip=127.0.0.1",
                    "--IdentityProvider.token=",
                    f"--ServerApp.root_dir={self.notebooks}",
                    f"--{self.app}.expose_app_in_browser=True",
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.url = until(self._where, seconds=60)

    def _where(self) -> str | None:
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.module} did not start: {self._log.read_text()}")
        for file in self._runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError, OSError):
                url = str(json.loads(file.read_text())["url"])
                with urllib.request.urlopen(f"{url}api/status", timeout=5):
                    return url
        return None

    def write(self, name: str, *cells: str) -> Path:
        """Write a notebook, and give its path."""
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        path = self.notebooks / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    def trust(self, path: Path) -> None:
        """Trust a notebook, as one that was written and run here."""
        with NotebookNotary(data_dir=str(self._data)) as notary:
            notary.sign(nbformat.read(path, as_version=4))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


class Notebook7(Lab):
    """A server of Jupyter Notebook 7."""

    module = "notebook"
    app = "JupyterNotebookApp"
    documents = "notebooks/"


class Notebook:
    """A notebook that is open in the browser."""

    def __init__(self, lab: Lab, page: Page, path: Path) -> None:
        self.lab = lab
        self.page = page
        self.path = path

    def open(self) -> Self:
        """Open the notebook, or open it anew, and wait for its kernel."""
        self._go_there()
        self.wait_for_kernel()
        return self

    def open_without_kernel(self) -> Self:
        """Open the notebook anew and choose to have no kernel; its own must not be installed."""
        self._go_there()
        dialog = self.page.locator(".jp-Dialog", has_text="Select Kernel")
        dialog.get_by_role("button", name="No Kernel").click()
        dialog.wait_for(state="detached")
        return self

    def _go_there(self) -> None:
        relative = self.path.relative_to(self.lab.notebooks)
        self.page.goto(f"{self.lab.url}{self.lab.documents}{relative}?reset")
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()

    def wait_for_kernel(self) -> None:
        """Wait until the kernel is there and has nothing to do."""
        self.page.wait_for_function(
            """() => {
                const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
                return context?.isReady && context.session?.kernel?.status === 'idle';
            }"""
        )

    def command(self, name: str) -> None:
        """Do one of JupyterLab's commands, as its menus do, and wait for it."""
        self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def run_all(self) -> None:
        """Queue every cell at once, as "Run All" does, and return without waiting."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")

    def run_cells(self, *indexes: int) -> None:
        """Queue some cells at once, and return without waiting."""
        self.page.evaluate(
            """indexes => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                for (const index of indexes) {
                    notebook.deselectAll();
                    notebook.activeCellIndex = index;
                    window.jupyterapp.commands.execute('notebook:run-cell');
                }
            }""",
            indexes,
        )

    def replace(self, index: int, source: str) -> None:
        """Type another source into a cell."""
        self.page.evaluate(
            """([index, source]) => window.jupyterapp.shell.currentWidget.content
                .widgets[index].model.sharedModel.setSource(source)""",
            [index, source],
        )

    def interrupt(self) -> None:
        """Interrupt the kernel; what is run before the cell has ended is not executed."""
        self.command("kernelmenu:interrupt")

    def restart_kernel(self) -> None:
        """Restart the kernel, and wait until it is there again."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()"
        )
        self.wait_for_kernel()

    def store_widget_state(self, *, on: bool) -> None:
        """Choose whether notebooks are saved with the state of their widgets."""
        self.page.evaluate(
            """on => {
                const toggle = '@jupyter-widgets/jupyterlab-manager:saveWidgetState';
                const {commands} = window.jupyterapp;
                if (commands.isToggled(toggle) !== on) return commands.execute(toggle);
            }""",
            on,
        )

    def shut_down_kernel(self) -> None:
        """Shut the kernel down; the page stays as it is."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def end_kernels(self) -> None:
        """End every kernel, so that tests do not slow each other down."""
        self.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")

    def save(self) -> dict[str, Any]:
        """Save the notebook, and give what is in the file."""
        self.command("docmanager:save")
        return self.saved()

    def saved(self) -> dict[str, Any]:
        """Give what is in the notebook's file."""
        content: dict[str, Any] = json.loads(self.path.read_text())
        return content

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """What a cell put out, without its source."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def panel(self, index: int = 0) -> Locator:
        """A live panel, by its place in the notebook."""
        return self.page.locator(".oqc-live").nth(index)

    def twin(self, index: int = 0) -> Locator:
        """A static twin, by its place in the notebook."""
        return self.page.locator(".oqc-twin").nth(index)

    def screenshot(self, folder: Path, name: str) -> Path:
        """Take a picture of the page."""
        path = folder / f"{name}.png"
        self.page.screenshot(path=path)
        return path


def connecting(qpu: LocalQpu | StagedQpu, default: str = EXACT) -> str:
    """A cell that connects to a local QPU."""
    return (
        f"import oqc_notebook\nsdk = oqc_notebook.connect({qpu.url!r}, "
        f"authentication_token={qpu.token!r}, default_qpu_id={default!r})"
    )


def chromium_is_there() -> bool:
    return shutil.which(CHROMIUM) is not None


def dark(page: Page, lab: Lab, *, on: bool = True) -> None:
    """Choose JupyterLab's dark or light theme."""
    theme = "JupyterLab Dark" if on else "JupyterLab Light"
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    page.wait_for_function(
        f"() => document.body.dataset.jpThemeLight === '{'false' if on else 'true'}'"
    )
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def launch(playwright: Any) -> Browser:
    browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
    return browser
