"""Jobs come back from whatever they were left in, offline."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oqc_notebook.archive.formats import JobFile
from oqc_notebook.export.bundle import Bundle, collect, to_zip
from oqc_notebook.export.contents import BundledSidecar
from oqc_notebook.export.extracting import extract
from oqc_notebook.export.restoring import restore
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.errors import SessionNotOpenError
from oqc_notebook.sdk.persistence import file_content
from tests.archive.support import kernel_of, names_in
from tests.archive.test_nbval import STRICT, passed, validate
from tests.export.pages import page_with
from tests.sdk.test_snapshots import failed, new_job, submitted
from tests.support import ONE, LocalQpu, until

GUIDE = Path(__file__).parents[2] / "notebooks"
NAMES = ["01_quickstart", "02_composite_jobs", "03_save_and_load", "04_variational_loop"]


def as_notebook(notebook: Path, folder: Path) -> Path:
    return notebook


def as_folder(notebook: Path, folder: Path) -> Path:
    return notebook.with_suffix(".oqc")


def as_zip(notebook: Path, folder: Path) -> Path:
    path = folder / "exported.zip"
    path.write_bytes(to_zip(collect(notebook)))
    return path


def as_page(notebook: Path, folder: Path) -> Path:
    path = folder / "exported.html"
    path.write_bytes(page_with(to_zip(collect(notebook))))
    return path


FORMS = [as_notebook, as_folder, as_zip, as_page]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_every_archived_run_comes_back_from_every_form(
    name: str, form: Callable[[Path, Path], Path], tmp_path: Path
) -> None:
    notebook = GUIDE / f"{name}.ipynb"
    files = [
        JobFile.model_validate_json(path.read_bytes())
        for path in notebook.with_suffix(".oqc").glob("runs/*/*.json")
        if not path.name.endswith("-composite.json")
    ]
    restored = restore(form(notebook, tmp_path))
    outputs = [output for job in restored.values() for output in job.history]
    assert {str(output.task_id) for output in outputs} >= {
        file.task_id for file in files if file.task_id is not None
    }
    assert restored.keys() == restore(notebook).keys()
    for job, again in zip(restored.values(), restore(notebook).values(), strict=True):
        assert file_content(job) == file_content(again)


def test_the_newest_of_a_name_has_it_plain_and_all_are_there(tmp_path: Path) -> None:
    restored = restore(GUIDE / "01_quickstart.ipynb")
    bell = restored["bell"]
    assert isinstance(bell, Job)
    assert len(bell.history) == 2
    assert "bell" in repr(restored)
    with pytest.raises(KeyError, match="holds no job 'bel'; it holds flipped, broken, bell"):
        restored["bel"]
    assert isinstance(restore(GUIDE / "02_composite_jobs.ipynb")["sweep"], CompositeJob)


def test_a_snapshot_is_given_back_under_its_name(tmp_path: Path) -> None:
    job = OqcSdk("http://127.0.0.1:9", "x").create_job(program=ONE, qpu_id="q")
    job.save(tmp_path / "my bell.json")
    back = restore(tmp_path / "my bell.json")["my_bell"]
    assert isinstance(back, Job)
    assert back.program == ONE


def test_an_error_from_a_file_does_not_steer_the_terminal_that_lists_it(tmp_path: Path) -> None:
    job = new_job()
    failed(submitted(job))
    job.save(tmp_path / "bell.json")
    text = (tmp_path / "bell.json").read_text(encoding="utf-8")
    (tmp_path / "bell.json").write_text(text.replace("no such gate", r"\u001b]0;title\u0007"))
    told = repr(restore(tmp_path / "bell.json"))
    assert r"\x1b]0;title\x07" in told
    assert "\x1b" not in told


@pytest.mark.anyio
async def test_a_restored_job_runs_again_in_the_session_that_it_is_given(
    local_qpu: LocalQpu,
) -> None:
    async with OqcSdk(local_qpu.url, local_qpu.token) as sdk:
        job = restore(GUIDE / "01_quickstart.ipynb", sdk)["bell"]
        await job.execute()
        assert len(job.history) == 3
    with pytest.raises(SessionNotOpenError, match=r"restore\(path, sdk\)"):
        await restore(GUIDE / "01_quickstart.ipynb")["bell"].execute()


def test_nothing_is_written_and_links_are_not_followed(tmp_path: Path) -> None:
    shutil.copytree(GUIDE / "01_quickstart.oqc", tmp_path / "a.oqc")
    before = sorted(tmp_path.rglob("*"))
    run = next((tmp_path / "a.oqc").glob("runs/*/*-bell-*.json"))
    secret = tmp_path / "elsewhere.json"
    run.rename(secret)
    run.symlink_to(secret)
    restored = restore(tmp_path / "a.oqc")
    assert len(restored["bell"].history) == 1
    assert sorted(tmp_path.rglob("*")) == sorted([*before, secret])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "alone.ipynb",
            '{"cells": []}',
            "no archive next to this notebook",
        ),
        ("no.ipynb", "{}", "no list of cells"),
        ("no.ipynb", "<html>", "neither a zip file, nor a page, nor JSON|neither a zip file nor"),
        ("page.html", "<html></html>", "neither a zip file nor a page that carries an archive"),
        ("no.zip", "PK", "zip file is damaged"),
        ("no.json", "[]", "no snapshot"),
        ("picture.png", "\x89PNG", "UTF-8|JSON"),
    ],
)
def test_what_is_no_archive_is_refused_by_name(
    name: str, content: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=said) as raised:
        restore(tmp_path / name)
    assert name in str(raised.value)


def test_a_notebook_that_was_exported_alone_has_no_jobs_to_give_back(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(to_zip(Bundle("a.ipynb", {"a.ipynb": b"{}"})))
    with pytest.raises(ValueError, match=r"x\.zip' holds a\.ipynb without an archive"):
        restore(tmp_path / "x.zip")


def test_a_folder_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no archive\.json in it"):
        restore(tmp_path)
    with pytest.raises(FileNotFoundError):
        restore(tmp_path / "nothing.zip")


# ---- extracting ----


@pytest.mark.parametrize("form", [as_zip, as_page])
def test_what_is_extracted_is_what_was_exported_and_replays(
    form: Callable[[Path, Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = GUIDE / "01_quickstart.ipynb"
    exported = form(notebook, tmp_path)
    monkeypatch.chdir(tmp_path)
    extracted = extract(exported)
    assert extracted == tmp_path / "01_quickstart" / "01_quickstart.ipynb"
    assert collect(extracted) == collect(notebook)
    passed(validate(extracted.parent, *STRICT, extracted.name))
    assert extract(exported).parent.name == "01_quickstart-2"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "01_quickstart",
        "01_quickstart-2",
        exported.name,
    ]


def test_extracting_never_goes_over_other_files(tmp_path: Path) -> None:
    exported = as_zip(GUIDE / "01_quickstart.ipynb", tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(FileExistsError, match="give a new or an empty folder"):
        extract(exported, tmp_path / "full")
    (tmp_path / "empty").mkdir()
    assert extract(exported, tmp_path / "empty").is_file()
    with pytest.raises(FileNotFoundError):
        extract(exported, tmp_path / "no" / "such")
    assert not list(tmp_path.glob(".oqc-*"))


def test_the_command_line_extracts_and_says_how_to_go_on(tmp_path: Path) -> None:
    exported = as_page(GUIDE / "01_quickstart.ipynb", tmp_path)
    command = [sys.executable, "-m", "oqc_notebook.cli", "extract", str(exported)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert str(tmp_path / "01_quickstart" / "01_quickstart.ipynb") in done.stdout
    assert "pytest --nbval" in done.stdout
    shutil.copy(GUIDE / "01_quickstart.ipynb", tmp_path / "alone.ipynb")
    alone = as_zip(tmp_path / "alone.ipynb", tmp_path)
    done = subprocess.run(
        [*command[:-1], str(alone)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("alone.ipynb\nwithout an archive: the file holds none.\n")
    bad = subprocess.run(
        [*command[:-1], __file__], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert bad.returncode == 1
    assert "Traceback" not in bad.stderr
    assert "test_restore.py" in bad.stderr


# ---- archives that were put together otherwise ----


def with_runs(path: Path, *blocks: dict[str, Any], **files: bytes) -> Path:
    """Write an archive with runs of the guide's, whose blocks say something else."""
    bundle = collect(GUIDE / "01_quickstart.ipynb")
    run = json.loads(next(v for k, v in bundle.files.items() if "0001-bell" in k))
    made = {bundle.notebook: bundle.files[bundle.notebook]}
    for number, block in enumerate(blocks):
        document = run | {"oqc_archive": run["oqc_archive"] | block}
        made[f"{bundle.sidecar}/runs/S/{number:04}.json"] = json.dumps(document).encode()
    made |= {f"{bundle.sidecar}/runs/S/{name}.json": data for name, data in files.items()}
    path.write_bytes(to_zip(Bundle(bundle.notebook, made)))
    return path


def test_made_up_names_replace_no_job_that_is_called_so(tmp_path: Path) -> None:
    names = ["bell", "bell_2", "bell", "bell"]
    blocks = [{"job": f"{n:012x}", "name": name} for n, name in enumerate(names)]
    restored = restore(with_runs(tmp_path / "a.zip", *blocks))
    assert sorted(restored) == ["bell", "bell_2", "bell_3", "bell_4"]


def test_what_is_damaged_is_left_out_and_told(tmp_path: Path) -> None:
    member = {"composite": "0" * 12, "place": 0}
    child = {"job": "1" * 12, "name": "sweep[0]", "member": member}
    twice = {"v": 1, "composite": "2" * 12, "name": "pair", "session": "20261123T124657Z-0aed"}
    twice |= {"asked": "2026-11-23T12:46:57Z", "children": [{"job": "1" * 12}] * 2}
    files = {
        "0002-x": b"{",
        "0003-sweep-composite": b"[]",
        "0004-pair-composite": json.dumps({"oqc_archive": twice}).encode(),
    }
    restored = restore(with_runs(tmp_path / "a.zip", child, **files))
    assert list(restored) == ["sweep_0"]
    assert sorted(file.rpartition("/")[2] for file in restored.damaged) == [
        "0002-x.json",
        "0003-sweep-composite.json",
        "01_quickstart.oqc",
    ]
    assert "left out: 01_quickstart.oqc/runs/S/0002-x.json: the file: " in repr(restored)
    assert "pair has a child twice" in repr(restored)


def test_each_file_is_read_a_few_times_whatever_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks: list[dict[str, Any]] = [
        {"job": f"{n:012x}", "previous": f"runs/S/{n - 1:04}.json"} for n in range(300)
    ]
    path = with_runs(tmp_path / "a.zip", *blocks)
    read: list[Path] = []
    content = BundledSidecar.content

    def counted(self: BundledSidecar, path: Path) -> bytes:
        read.append(path)
        return content(self, path)

    monkeypatch.setattr(BundledSidecar, "content", counted)
    assert len(restore(path)) == 300
    assert len(read) < 6 * 300


def test_jobs_of_an_archive_come_back_without_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = as_zip(GUIDE / "02_composite_jobs.ipynb", tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was written")

    for where, what in ((tempfile, "mkdtemp"), (os, "mkdir"), (os, "open")):
        monkeypatch.setattr(where, what, refuse)
    assert len(restore(path)) == len(restore(GUIDE / "02_composite_jobs.ipynb"))


@pytest.mark.anyio
async def test_restored_jobs_are_among_those_of_the_session_that_they_are_given(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    async with OqcSdk(local_qpu.url, local_qpu.token) as sdk:
        restored = restore(GUIDE / "02_composite_jobs.ipynb", sdk)
        restored["precision"].save(tmp_path / "again.json")
        again = restore(tmp_path / "again.json", sdk)["again"]
        assert set(sdk.jobs) == {*restored.values(), again}


def test_while_a_kernel_runs_a_composite_its_notebook_is_read_with_every_child(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    notebook = tmp_path / "lab.ipynb"
    folder = tmp_path / "lab.oqc"
    with kernel_of(notebook, local_qpu) as kernel:
        kernel.ok(f"sweep = sdk.create_job(program=[{ONE!r}] * 60)")
        running = kernel.send("await sweep.execute()")
        # the file of the composite is the last one of the reservation
        until(lambda: len(names_in(folder, "live/*.json")) == 61)
        while not names_in(folder, "runs/*/*-composite.json"):
            assert len(restore(notebook)["sweep"]._members()) == 60
        (done,) = kernel.receive(running)
        assert done.status == "ok", done
