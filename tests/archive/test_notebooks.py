"""Whose archive is whose: real kernels and runners, renames, copies, moves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from oqc_notebook import archive
from oqc_notebook.archive.identity import NotebookFile
from tests.archive.support import (
    NotebookKernel,
    kernel_of,
    make_notebook,
    names_in,
    read,
    runs_in,
)
from tests.archive.test_where import Server
from tests.support import EXACT, ONE, LocalQpu, until
from tests.support_kernel import Cell, Kernel

SAID = "Results are archived in {}/ next to this notebook.\n"
TEMPORARY = "This folder is temporary: take what you need elsewhere before it goes away.\n"

#: Cells of a notebook that runs a job.
CELLS = (
    "import oqc_notebook, os\n"
    f"sdk = oqc_notebook.connect(default_qpu_id={EXACT!r})  # OQC_URL, OQC_AUTH_TOKEN",
    f"bell = sdk.create_job(program={ONE!r})",
    "oqc_notebook.run(bell.execute())\nprint(bell.state)",
)


@pytest.fixture(autouse=True)
def _service(local_qpu: LocalQpu, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OQC_NOTEBOOK_PATH", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OQC_URL", local_qpu.url)
    monkeypatch.setenv("OQC_AUTH_TOKEN", local_qpu.token)


def execute(kernel: Kernel) -> list[Cell]:
    """Run the cells all at once, as "Run All" does."""
    cells = kernel.run(*CELLS)
    assert [cell.status for cell in cells] == ["ok"] * len(CELLS), cells
    return cells


def bare_kernel(notebook: Path) -> Kernel:
    return Kernel(cwd=str(notebook.parent), env={**os.environ, "OQC_NOTEBOOK_PATH": str(notebook)})


def save_outputs(notebook: Path, cells: list[Cell]) -> None:
    """Keep what the cells printed in the notebook, as a front end does."""
    content = nbformat.read(notebook, as_version=4)
    for cell, done in zip(content.cells, cells, strict=True):
        if done.text:
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=done.text)]
    nbformat.write(content, notebook)


# ---- what is said, and where ----


def test_it_says_once_where_in_the_cell_that_runs_the_first_job(tmp_path: Path) -> None:
    notebook = make_notebook(tmp_path / "bell ü.ipynb", *CELLS)
    for _ in range(2):  # the same words each time
        with bare_kernel(notebook) as kernel:
            assert [cell.text for cell in execute(kernel)] == [
                "", "", SAID.format("bell ü.oqc") + TEMPORARY + "COMPLETED\n"
            ]  # fmt: skip
            assert execute(kernel)[2].text == "COMPLETED\n"
            kernel.run("assert sdk._recorder.flush()")
    assert len(runs_in(tmp_path / "bell ü.oqc")) == 4
    assert {file["oqc_archive"]["name"] for file in runs_in(tmp_path / "bell ü.oqc")} == {"bell"}


def test_a_run_says_its_cell_and_the_session_all_cells(tmp_path: Path) -> None:
    notebook = make_notebook(tmp_path / "lab.ipynb", *CELLS)
    with bare_kernel(notebook) as kernel:
        for early in ("early = 1", "1 / 0", "%time late = 2"):
            kernel.run(early)
        kernel.receive(kernel.send(CELLS[0], metadata={"cellId": "aa-1"}))
        kernel.receive(kernel.send(CELLS[1], metadata={"cellId": "bb-2"}))
        (cell,) = kernel.receive(kernel.send(CELLS[2], metadata={"cellId": "cc-3"}))
        assert cell.status == "ok"
        kernel.run("assert sdk._recorder.flush()")
    (file,) = runs_in(tmp_path / "lab.oqc")
    origin = file["oqc_archive"]["provenance"]
    assert (origin["notebook"], origin["execution"]) == ("lab.ipynb", 6)
    assert (origin["cell"]["id"], origin["cell"]["source"]) == ("cc-3", CELLS[2])
    (journal,) = (tmp_path / "lab.oqc").glob("sessions/*.cells.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["source"] for line in lines[:6]] == [
        "early = 1",
        "1 / 0",
        "%time late = 2",
        *CELLS,
    ]
    assert [line["n"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[5]["id"] == "cc-3"


def test_cells_are_left_out_where_that_is_asked_for(tmp_path: Path) -> None:
    notebook = make_notebook(tmp_path / "lab.ipynb")
    with bare_kernel(notebook) as kernel:
        kernel.run(CELLS[0].replace("EXACT", "").replace("default", "record_cells=False, default"))
        kernel.run(*CELLS[1:], "assert sdk._recorder.flush()")
    names = names_in(tmp_path / "lab.oqc", "sessions/*")
    assert [name for name in names if name.endswith(".cells.jsonl")] == []
    (file,) = runs_in(tmp_path / "lab.oqc")
    assert list(file["oqc_archive"]["provenance"]["cell"]) == ["sha256"]
    for name in names_in(tmp_path / "lab.oqc"):
        assert "bell.execute()" not in (tmp_path / "lab.oqc" / name).read_text()
    connect = CELLS[0].replace("default", "record_cells=False, default")
    changed = CELLS[2].replace("state", "result")
    env = {**os.environ, "OQC_NOTEBOOK_PATH": str(notebook), "OQC_NOTEBOOK_MODE": "replay"}
    with Kernel(cwd=str(tmp_path), env=env) as kernel:
        again = kernel.run(connect, *CELLS[1:], CELLS[1])
        assert again[2].text.endswith("COMPLETED\n"), again
        (other,) = kernel.run(changed)
        assert "(its earlier text is not recorded)" in other.message


def test_a_click_belongs_to_the_cell_that_made_the_job(tmp_path: Path) -> None:
    make = f"bell = sdk.create_job(program={ONE!r})"
    click = (
        "from oqc_notebook.archive import cells\n"
        "cells._request = lambda ip: None  # as in the callback of a button\n"
        "oqc_notebook.run(bell.execute())"
    )
    with bare_kernel(make_notebook(tmp_path / "lab.ipynb")) as kernel:
        done = kernel.run(CELLS[0], make, click, "assert sdk._recorder.flush()")
        assert [cell.status for cell in done] == ["ok"] * 4, done
    (file,) = runs_in(tmp_path / "lab.oqc")
    assert file["oqc_archive"]["provenance"]["cell"]["source"] == make


# ---- renamed, copied, moved ----


def test_a_renamed_notebook_is_offered_its_archive_and_can_take_it_over(tmp_path: Path) -> None:
    old = make_notebook(tmp_path / "bell.ipynb", *CELLS)
    with bare_kernel(old) as kernel:
        execute(kernel)
        kernel.run("assert sdk._recorder.flush()")
    new = tmp_path / "bell pairs.ipynb"
    old.rename(new)
    with bare_kernel(new) as kernel:
        cells = execute(kernel)
        assert cells[0].text == (
            "bell.oqc looks like this notebook's archive, from before it was renamed: "
            "oqc_notebook.archive.adopt('bell.oqc') takes it over.\n"
        )
        kernel.run("assert sdk._recorder.flush()")
        assert len(runs_in(tmp_path / "bell.oqc")) == 1  # it is only offered
        (adopted,) = kernel.run(
            "from oqc_notebook import archive; print(archive.adopt('bell.oqc').name)"
        )
        assert adopted.text == "bell pairs.oqc\n", adopted
        kernel.run(CELLS[2], "assert sdk._recorder.flush()")
    assert not (tmp_path / "bell.oqc").exists()
    assert len(runs_in(tmp_path / "bell pairs.oqc")) == 3
    assert archive.rebuild_index(tmp_path / "bell pairs.oqc") == 3
    with bare_kernel(new) as kernel:
        assert execute(kernel)[0].text == ""


def test_a_renamed_notebook_is_offered_its_archive_also_where_something_was_saved_since(
    tmp_path: Path,
) -> None:
    old = make_notebook(tmp_path / "bell.ipynb", *CELLS)
    with bare_kernel(old) as kernel:
        execute(kernel)
        old.rename(tmp_path / "pairs.ipynb")
        kernel.run(f"os.environ['OQC_NOTEBOOK_PATH'] = {str(tmp_path / 'pairs.ipynb')!r}")
        (saved,) = kernel.run("%load_ext oqc_notebook\n%oqc_save bell")
    assert saved.text == f"Saved bell to {tmp_path / 'pairs.oqc' / 'saved' / 'bell.json'}\n"
    with bare_kernel(tmp_path / "pairs.ipynb") as kernel:
        assert execute(kernel)[0].text.startswith("bell.oqc looks like this notebook's archive")


def test_adopting_at_once_renames_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_notebook(tmp_path / "old.ipynb", *CELLS)
    with bare_kernel(tmp_path / "old.ipynb") as kernel:
        execute(kernel)
    before = names_in(tmp_path / "old.oqc", "runs/*/*")
    (tmp_path / "old.ipynb").rename(tmp_path / "new.ipynb")
    assert archive.adopt("old.oqc", tmp_path / "new.ipynb") == tmp_path / "new.oqc"
    assert names_in(tmp_path / "new.oqc", "runs/*/*") == before
    assert read(tmp_path / "new.oqc" / "archive.json")["notebook"] == "new.ipynb"
    with pytest.raises(FileNotFoundError, match="There is no archive at"):
        archive.adopt("old.oqc", tmp_path / "new.ipynb")


@pytest.mark.parametrize("connects_again", [False, True])
def test_a_kernel_that_takes_over_the_archive_in_which_it_records_goes_on_there(
    tmp_path: Path, connects_again: bool
) -> None:
    old = make_notebook(tmp_path / "bell.ipynb", *CELLS)
    with bare_kernel(old) as kernel:
        execute(kernel)
        old.rename(tmp_path / "pairs.ipynb")
        kernel.run(f"os.environ['OQC_NOTEBOOK_PATH'] = {str(tmp_path / 'pairs.ipynb')!r}")
        if connects_again:
            kernel.run("mine = bell", *CELLS, "bell = mine")
        done = kernel.run(
            "oqc_notebook.archive.adopt('bell.oqc')", CELLS[2], "assert sdk._recorder.flush()"
        )
        assert [(cell.status, cell.stderr) for cell in done] == [("ok", "")] * 3, done
    assert not (tmp_path / "bell.oqc").exists()
    runs = runs_in(tmp_path / "pairs.oqc")
    assert len(runs) == 2 + connects_again
    assert {"pairs.ipynb"} <= {run["oqc_archive"]["provenance"]["notebook"] for run in runs}


def test_saved_files_of_the_same_name_are_both_kept_when_archives_are_joined(
    tmp_path: Path,
) -> None:
    for name in ("old", "new"):
        with kernel_of(tmp_path / f"{name}.ipynb", _qpu_of_environment()) as kernel:
            kernel.ok(f"%%oqc_job one\n{ONE}", "%oqc_save one")
    (tmp_path / "old.ipynb").unlink()
    archive.adopt("old.oqc", tmp_path / "new.ipynb")
    assert names_in(tmp_path / "new.oqc", "saved/*") == ["saved/one-2.json", "saved/one.json"]
    assert len(runs_in(tmp_path / "new.oqc")) == 2
    assert not (tmp_path / "old.oqc").exists()


def test_a_copy_begins_an_archive_of_its_own(tmp_path: Path) -> None:
    original = make_notebook(tmp_path / "bell.ipynb", *CELLS)
    with bare_kernel(original) as kernel:
        save_outputs(original, execute(kernel))
    shutil.copy(original, tmp_path / "bell-Copy1.ipynb")
    with bare_kernel(tmp_path / "bell-Copy1.ipynb") as kernel:
        first, _, last = execute(kernel)
        assert first.text == ""
        assert last.text.startswith(SAID.format("bell-Copy1.oqc"))
        kernel.run("assert sdk._recorder.flush()")
    assert len(runs_in(tmp_path / "bell.oqc")) == len(runs_in(tmp_path / "bell-Copy1.oqc")) == 1


def test_a_notebook_that_was_moved_away_says_so_and_an_explicit_path_attaches_it(
    tmp_path: Path,
) -> None:
    notebook = make_notebook(tmp_path / "bell.ipynb", *CELLS)
    with bare_kernel(notebook) as kernel:
        save_outputs(notebook, execute(kernel))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = notebook.rename(elsewhere / "bell.ipynb")
    with bare_kernel(moved) as kernel:
        (first, again) = kernel.run(
            CELLS[0], CELLS[0].replace("default", "archive='../bell.oqc', default")
        )
        assert first.text.startswith("This notebook's archive bell.oqc is not here: ")
        assert again.text == ""
        done = kernel.run(*CELLS[1:], "assert sdk._recorder.flush()")
        assert done[1].text == f"Results are archived in ../bell.oqc/.\n{TEMPORARY}COMPLETED\n"
    assert len(runs_in(tmp_path / "bell.oqc")) == 2
    assert not (elsewhere / "bell.oqc").exists()


def test_a_kernel_goes_on_in_the_archive_where_that_is_moved_with_its_notebook(
    tmp_path: Path,
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    with bare_kernel(make_notebook(before / "lab.ipynb", *CELLS)) as kernel:
        execute(kernel)
        before.rename(after)
        kernel.run(f"os.environ['OQC_NOTEBOOK_PATH'] = {str(after / 'lab.ipynb')!r}")
        done = kernel.run(CELLS[2], "assert sdk._recorder.flush()")
        assert [cell.status for cell in done] == ["ok"] * 2, done
    assert not before.exists()
    assert len(runs_in(after / "lab.oqc")) == 2
    (journal,) = (after / "lab.oqc").glob("sessions/*.cells.jsonl")
    assert journal.read_text().count("bell.execute()") == 2


def test_an_archive_that_was_removed_is_begun_anew_by_the_next_run(tmp_path: Path) -> None:
    folder = tmp_path / "lab.oqc"
    with bare_kernel(make_notebook(tmp_path / "lab.ipynb", *CELLS)) as kernel:
        execute(kernel)
        kernel.run("assert sdk._recorder.flush()")
        shutil.rmtree(folder)
        done = kernel.run(CELLS[2], "assert sdk._recorder.flush()")
        assert [cell.status for cell in done] == ["ok"] * 2, done
    assert len(runs_in(folder)) == 1
    assert read(folder / "archive.json")["notebook"] == "lab.ipynb"
    assert [name for name in names_in(folder, "sessions/*.json") if ".lock" not in name]


def test_an_unrelated_archive_is_not_offered(tmp_path: Path) -> None:
    gone = make_notebook(tmp_path / "gone.ipynb", "a = 1", "b = 2", CELLS[0])
    with bare_kernel(gone) as kernel:
        execute(kernel)
    gone.unlink()
    other = make_notebook(tmp_path / "other.ipynb", "c = 3", "d = 4", "e = 5")
    with bare_kernel(other) as kernel:
        assert execute(kernel)[0].text == ""


def test_another_notebook_that_gets_an_old_name_is_told_and_the_renamed_one_is_offered_its_archive(
    tmp_path: Path,
) -> None:
    def connected(notebook: Path, id_: str) -> str:
        """Execute the cells, the first of which has an id, and give what that said."""
        with bare_kernel(notebook) as kernel:
            (first,) = kernel.run(CELLS[0], metadata={"cellId": id_})
            done = kernel.run(*CELLS[1:], "assert sdk._recorder.flush()")
            assert [cell.status for cell in (first, *done)] == ["ok"] * 4, done
            return first.text

    def first_id(notebook: Path) -> str:
        return str(nbformat.read(notebook, as_version=4).cells[0].id)

    untitled, bell = tmp_path / "Untitled.ipynb", tmp_path / "bell.ipynb"
    make_notebook(untitled, *CELLS)
    assert connected(untitled, first_id(untitled)) == ""
    assert connected(untitled, first_id(untitled)) == ""
    untitled.rename(bell)
    make_notebook(untitled, CELLS[0])  # a new one, which is not saved since
    warned = "Untitled.oqc seems to be the archive of another notebook that had this name before."
    assert connected(untitled, first_id(untitled)).startswith(warned)
    assert connected(untitled, first_id(untitled)) == ""  # now it is known there
    said = connected(bell, first_id(bell))
    assert said.startswith("Untitled.oqc looks like this notebook's archive, from before")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cells": [{}]}', '{"cells": 5}', '{"cells": [{"source": 1}]}']
)
def test_a_notebook_that_cannot_be_read_has_no_cells(tmp_path: Path, content: str) -> None:
    (tmp_path / "n.ipynb").write_text(content)
    assert NotebookFile(tmp_path / "n.ipynb").cells == []


# ---- runners ----


def _qpu_of_environment() -> Any:
    class Known:
        url, token = os.environ["OQC_URL"], os.environ["OQC_AUTH_TOKEN"]

    return Known()


def _done(*command: str, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def printed(path: Path) -> str:
    """What the cells of an executed notebook printed."""
    outputs = [x for cell in nbformat.read(path, as_version=4).cells for x in cell.outputs]
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def test_nbconvert_has_the_folder_in_the_working_directory_and_says_so(tmp_path: Path) -> None:
    path = make_notebook(tmp_path / "n.ipynb", *CELLS)
    _done("-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "n.ipynb", cwd=tmp_path)
    said = "Results are archived in jobs.oqc/ in the working directory.\n"
    assert printed(path) == f"{said}{TEMPORARY}COMPLETED\n"
    assert len(runs_in(tmp_path / "jobs.oqc")) == 1


def test_papermill_names_the_notebook_where_it_is_asked_to(tmp_path: Path) -> None:
    pytest.importorskip("papermill")
    content = nbformat.read(make_notebook(tmp_path / "in.ipynb", *CELLS), as_version=4)
    content.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(content, tmp_path / "in.ipynb")
    options = ["--inject-paths", "--inject-output-path"]
    _done("-W", "ignore", "-m", "papermill", *options, "in.ipynb", "out.ipynb", cwd=tmp_path)
    assert len(runs_in(tmp_path / "out.oqc")) == 1
    assert SAID.format("out.oqc") in printed(tmp_path / "out.ipynb")


def test_nbval_archives_apart_and_a_nested_run_does_not_touch_the_outer_notebook(
    tmp_path: Path,
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    make_notebook(inner / "n.ipynb", *CELLS)
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:oqc_notebook",
        "--nbval-lax", "--nbval-current-env", "-c", os.devnull, "n.ipynb",
    ]  # fmt: skip
    root, runtime = tmp_path / "root", tmp_path / "runtime"
    root.mkdir()
    make_notebook(root / "outer.ipynb")
    server = Server(root, runtime)
    try:
        kernel_id = server.open_notebook("outer.ipynb")["kernel"]["id"]
        with server.client(kernel_id) as client:
            (nested,) = client.run(
                f"import subprocess\nsubprocess.run({command!r}, cwd={str(inner)!r}, check=True, "
                "capture_output=True)\nNone"
            )
            assert nested.status == "ok", nested
            cells = client.run(*CELLS, "assert sdk._recorder.flush()")
            assert cells[2].text == f"{SAID.format('outer.oqc')}{TEMPORARY}COMPLETED\n"
    finally:
        server.stop()
    assert len(runs_in(inner / "jobs.oqc")) == 1
    assert len(runs_in(root / "outer.oqc")) == 1


def test_renamed_in_a_server_and_restarted_it_is_offered(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    make_notebook(root / "first.ipynb", *CELLS)
    server = Server(root, tmp_path / "runtime")
    try:
        session = server.open_notebook("first.ipynb")
        kernel_id = session["kernel"]["id"]
        with server.client(kernel_id) as client:
            client.run(*CELLS, "assert sdk._recorder.flush()")
        server.ask("PATCH", "api/contents/first.ipynb", {"path": "second.ipynb"})
        renamed = {"path": "second.ipynb", "name": "second.ipynb"}
        server.ask("PATCH", f"api/sessions/{session['id']}", renamed)
        server.ask("POST", f"api/kernels/{kernel_id}/restart")
        kernel = f"api/kernels/{kernel_id}"
        until(lambda: server.ask("GET", kernel)["execution_state"] == "idle", 60)
        with server.client(kernel_id) as client:
            first, *_ = client.run(*CELLS)
            assert first.text.startswith("first.oqc looks like this notebook's archive")
    finally:
        server.stop()


def test_a_console_archives_in_the_working_directory(tmp_path: Path) -> None:
    with Kernel(cwd=str(tmp_path)) as kernel:  # what jupyter console starts
        execute(kernel)
        kernel.run("assert sdk._recorder.flush()")
    assert len(runs_in(tmp_path / "jobs.oqc")) == 1


# ---- secrets ----


def test_no_secret_is_in_any_file(tmp_path: Path, local_qpu: LocalQpu) -> None:
    token, canary = local_qpu.token, "canary-5b1f-d00d"
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl"
    notebook = make_notebook(
        tmp_path / "lab.ipynb", f"my_token = '{canary}'", f"sdk.connect('x', '{token}')"
    )
    with NotebookKernel(notebook, local_qpu.url, token) as kernel:
        kernel.ok(
            f"my_token = '{canary}'; headers = {{'Authorization': 'Bearer {canary}'}}",
            f"import os; os.environ['OQC_SECRET'] = {canary!r}; x = '{jwt}'",
            f"plain = {canary!r}; also = '{token}'; address = 'https://ada:{canary}@example.com/'",
            f"import oqc_notebook\nsdk2 = oqc_notebook.connect({local_qpu.url!r}, "
            f"authentication_token={token!r})",
            f"bell = sdk.create_job(program={ONE!r}); await bell.execute()  # {canary} {token}",
            "assert sdk._recorder.flush()",
        )
        kernel.kill()
    files = [path for path in (tmp_path / "lab.oqc").rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        content = path.read_text()
        for secret in (token, canary, jwt, "c2lnbmF0dXJl"):
            assert secret not in content, path
    (journal,) = (tmp_path / "lab.oqc").glob("sessions/*.cells.jsonl")
    assert journal.read_text().count("<hidden>") >= 7


def test_a_token_that_becomes_known_while_its_cell_runs_is_in_no_file_afterwards(
    tmp_path: Path, local_qpu: LocalQpu
) -> None:
    notebook = make_notebook(tmp_path / "lab.ipynb")
    run = f"bell = sdk.create_job(program={ONE!r}, qpu_id={EXACT!r}); await bell.execute()"
    with LocalQpu() as other, NotebookKernel(notebook, local_qpu.url, local_qpu.token) as kernel:
        kernel.ok(
            f"{run}\nassert sdk._recorder.flush()",
            f"import oqc_notebook\nkey = {other.token!r}\nassert sdk._recorder.flush()\n"
            f"sdk = oqc_notebook.connect({other.url!r}, authentication_token=key)\n{run}",
            "assert sdk._recorder.flush()",
        )
    files = [path for path in (tmp_path / "lab.oqc").rglob("*") if path.is_file()]
    assert [path for path in files if other.token in path.read_text()] == []
    assert len(runs_in(tmp_path / "lab.oqc")) == 2
    (journal,) = (tmp_path / "lab.oqc").glob("sessions/*.cells.jsonl")
    assert "key = '<hidden>'" in journal.read_text()
