"""Which notebook this is: every way to find out, with the real thing where there is one."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pytest
from nbclient import NotebookClient

from oqc_notebook.archive import notebook_place
from oqc_notebook.archive.where import path_in_cell_uri
from tests.support import until
from tests.support_kernel import Client, Kernel

#: Prints what a kernel, a prompt or a script finds out.
ASK = """
import json
from oqc_notebook.archive import notebook_place
place = notebook_place()
print(json.dumps([place.path and str(place.path), str(place.folder), place.how]))
"""


def make_notebook(path: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, path)
    return path


def printed(path: Path) -> Any:
    """What the last cell of an executed notebook printed."""
    outputs = nbformat.read(path, as_version=4).cells[-1].outputs
    return json.loads("".join(output.text for output in outputs if output.name == "stdout"))


def without_notebook(folder: Path) -> list[Any]:
    return [None, str(folder / "jobs.oqc")]


@pytest.fixture(autouse=True)
def _no_notebook_around_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OQC_NOTEBOOK_PATH", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)


# ---- explicit, and none ----


def test_an_explicit_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make_notebook(tmp_path / "one.ipynb")
    monkeypatch.setenv("OQC_NOTEBOOK_PATH", str(make_notebook(tmp_path / "two.ipynb")))
    place = notebook_place(one)
    assert (place.path, place.folder, place.how) == (one, tmp_path / "one.oqc", "it was named")
    assert notebook_place().path == tmp_path / "two.ipynb"
    assert notebook_place().how == "OQC_NOTEBOOK_PATH names it"


def test_an_explicit_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no notebook at .*gone\.ipynb"):
        notebook_place(tmp_path / "gone.ipynb")


def test_without_a_notebook_it_is_the_working_directory_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = notebook_place()
    assert [place.path, str(place.folder)] == without_notebook(tmp_path)
    assert "working directory" in place.how
    monkeypatch.setenv("OQC_NOTEBOOK_PATH", "gone.ipynb")
    assert "names 'gone.ipynb', which is not there" in notebook_place().how


@pytest.mark.parametrize(
    "command", [[sys.executable, "-c"], [sys.executable, "-m", "IPython", "-c"]], ids=["py", "ipy"]
)
def test_a_script_and_a_prompt_are_no_notebooks(tmp_path: Path, command: list[str]) -> None:
    # an outer notebook's name may be in their environment
    env = {**os.environ, "JPY_SESSION_NAME": str(make_notebook(tmp_path / "outer.ipynb"))}
    done = subprocess.run([*command, ASK], cwd=tmp_path, env=env, capture_output=True, check=True)
    assert json.loads(done.stdout)[:2] == without_notebook(tmp_path)


# ---- VS Code and papermill ----


@pytest.mark.parametrize(
    ("cell_id", "path"),
    [
        ("vscode-notebook-cell:/home/ada/b%20b.ipynb#W1sZmlsZQ%3D%3D", "/home/ada/b b.ipynb"),
        ("vscode-notebook-cell://ssh-remote%2Bbox/home/ada/b.ipynb#X12", "/home/ada/b.ipynb"),
        ("vscode-notebook-cell:/c%3A/Users/ada/b.ipynb#W0s", "c:/Users/ada/b.ipynb"),
        ("2f5c0b9a-6f5c-4c5c-8a0a-1d7a3f6f2b11", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_path_in_the_id_of_a_cell_of_vs_code(cell_id: str, path: str | None) -> None:
    assert path_in_cell_uri(cell_id) == path


def test_a_kernel_of_vs_code_and_one_of_papermill(tmp_path: Path) -> None:
    paths = {name: make_notebook(tmp_path / f"{name} ö.ipynb") for name in ("a", "b", "c", "d")}
    uri = "vscode-notebook-cell:" + quote(str(paths["a"])) + "#W1sZmlsZQ%3D%3D"
    with Kernel(cwd=str(tmp_path)) as kernel:

        def answer(metadata: dict[str, Any] | None = None) -> Any:
            (cell,) = kernel.run(ASK, metadata=metadata)
            return json.loads(cell.text)

        assert answer({"cellId": "0a1b2c3d"})[:2] == without_notebook(tmp_path)
        kernel.run("PAPERMILL_INPUT_PATH = 'd ö.ipynb'")
        assert answer()[0] == str(paths["d"])
        kernel.run("PAPERMILL_OUTPUT_PATH = 'c ö.ipynb'")  # as papermill --inject-paths does
        assert answer()[::2] == [str(paths["c"]), "papermill says so (PAPERMILL_OUTPUT_PATH)"]
        kernel.run(f"__vsc_ipynb_file__ = {str(paths['b'])!r}")
        assert answer()[::2] == [str(paths["b"]), "VS Code says so"]
        assert answer({"cellId": uri})[0] == str(paths["a"])
        # a file that is not there is not believed
        assert answer({"cellId": uri.replace("a%20", "z%20")})[0] == str(paths["b"])


# ---- runners that tell nothing but the working directory ----


def test_nbclient(tmp_path: Path) -> None:
    path = make_notebook(tmp_path / "n.ipynb", ASK)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    nbformat.write(notebook, path)
    assert printed(path)[:2] == without_notebook(tmp_path)


# ---- a Jupyter server ----


class Server:
    """A Jupyter server on its own, asked as JupyterLab asks it."""

    def __init__(self, root: Path, runtime: Path) -> None:
        options = ["--no-browser", "--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={root}"]
        options += ["--ServerApp.base_url=/user/ada", "--allow-root"]
        env = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_TOKEN": "canary-f00d"}
        self.runtime = runtime
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options], env=env, stderr=subprocess.DEVNULL
        )
        try:
            self.info = json.loads(until(self._info_file, 60).read_text())
            until(lambda: self.ask("GET", "api/status"), 60)
        except BaseException:
            self.stop()
            raise

    def _info_file(self) -> Path | None:
        assert self.process.poll() is None
        return next((f for f in self.runtime.glob("jpserver-*.json") if f.stat().st_size), None)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.info["port"], timeout=30)
        headers = {"Authorization": "token canary-f00d"}
        try:
            connection.request(method, f"/user/ada/{path}", json.dumps(body), headers)
            answer = connection.getresponse()
            assert answer.status < 300, answer.read()
            content = answer.read()
            return json.loads(content) if content else True
        except ConnectionError:
            raise AssertionError("not yet") from None
        finally:
            connection.close()

    def open_notebook(self, path: str) -> dict[str, Any]:
        named = {"path": path, "name": Path(path).name}
        body = {**named, "type": "notebook", "kernel": {"name": "python3"}}
        session: dict[str, Any] = self.ask("POST", "api/sessions", body)
        return session

    def client(self, kernel_id: str) -> Client:
        return Client(self.runtime / f"kernel-{kernel_id}.json")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root, runtime = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("runtime")
    (root / "deep").mkdir()
    for name in ("first", "deep/second ü"):
        make_notebook(root / f"{name}.ipynb")
    server = Server(root, runtime)
    yield server
    server.stop()


def asked(server: Server, kernel_id: str, code: str = ASK) -> Any:
    with server.client(kernel_id) as client:
        (cell,) = client.run(code)
    assert cell.status == "ok", cell
    return json.loads(cell.text)


def test_a_servers_kernel_knows_its_notebook_also_after_a_rename_and_a_restart(
    server: Server,
) -> None:
    root = Path(server.info["root_dir"])
    session = server.open_notebook("first.ipynb")
    kernel_id = session["kernel"]["id"]
    assert asked(server, kernel_id) == [
        str(root / "first.ipynb"), str(root / "first.oqc"), "the Jupyter server says so"
    ]  # fmt: skip
    server.ask("PATCH", "api/contents/first.ipynb", {"path": "deep/renamed.ipynb"})
    renamed = {"path": "deep/renamed.ipynb", "name": "renamed.ipynb"}
    server.ask("PATCH", f"api/sessions/{session['id']}", renamed)
    assert asked(server, kernel_id)[0] == str(root / "deep" / "renamed.ipynb")
    server.ask("POST", f"api/kernels/{kernel_id}/restart")
    assert asked(server, kernel_id)[0] == str(root / "deep" / "renamed.ipynb")


def test_a_server_that_cannot_be_asked_has_told_the_kernel_at_its_start(server: Server) -> None:
    root = Path(server.info["root_dir"])
    kernel_id = server.open_notebook("deep/second ü.ipynb")["kernel"]["id"]
    info_file = next(server.runtime.glob("jpserver-*.json"))
    content = info_file.read_text()
    elsewhere = {**server.info, "url": "http://192.0.2.1:9/"}  # would take longer than the time
    try:
        for text in (json.dumps(elsewhere), json.dumps({**server.info, "token": "wrong"}), "{"):
            info_file.write_text(text)
            path, _, how = asked(server, kernel_id)
            assert path == str(root / "deep" / "second ü.ipynb")
            assert how == "the Jupyter server said so when it started this kernel"
    finally:
        info_file.write_text(content)


def test_what_a_servers_kernel_runs_in_turn_is_another_notebook(
    server: Server, tmp_path: Path
) -> None:
    make_notebook(Path(server.info["root_dir"]) / "outer.ipynb")
    kernel_id = server.open_notebook("outer.ipynb")["kernel"]["id"]
    for name in ("converted", "validated"):
        make_notebook(tmp_path / f"{name}.ipynb", "import os; os.environ['JPY_SESSION_NAME']", ASK)
    with open(tmp_path / "validated.ipynb", "r+") as file:
        text = file.read().replace("print(", "open('answer.json', 'w').write(")
        file.seek(0)
        file.write(text)
    commands = [
        ["-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "converted.ipynb"],
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:oqc_notebook",
         "--nbval-lax", "--nbval-current-env", "-c", os.devnull, "validated.ipynb"],
    ]  # fmt: skip
    run = "; ".join(
        f"subprocess.run([sys.executable, *{command!r}], cwd={str(tmp_path)!r}, check=True, "
        "capture_output=True)"
        for command in commands
    )
    done = asked(server, kernel_id, f"import subprocess, sys; {run}; print('true')")
    assert done is True
    assert printed(tmp_path / "converted.ipynb")[:2] == without_notebook(tmp_path)
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert answer[:2] == without_notebook(tmp_path)
