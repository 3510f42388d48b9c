"""Jobs saved by name next to the notebook: what is replaced, and what never is."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import oqc_notebook
from oqc_notebook import archive
from oqc_notebook.archive.saved import safe_name
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.outputs import JobResult
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, BROKEN, EXACT, ONE, LocalQpu

run = oqc_notebook.run


@pytest.fixture
def sdk(local_qpu: LocalQpu) -> OqcSdk:
    return oqc_notebook.connect(
        local_qpu.url, authentication_token=local_qpu.token, default_qpu_id=EXACT
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a notebook's saved jobs lie."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "bell pairs.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OQC_NOTEBOOK_PATH", "lab/bell pairs.ipynb")
    yield tmp_path / "lab" / "bell pairs.oqc" / "saved"
    assert not [file for file in tmp_path.rglob("*") if file.suffix == ".tmp"]


def test_it_lands_next_to_the_notebook_and_comes_back(sdk: OqcSdk, folder: Path) -> None:
    job = sdk.create_job(program=ONE)
    run(job.execute())
    path = archive.save(job, "one")
    assert path == folder / "one.json"
    assert path.is_absolute()
    loaded = sdk.load(path)
    assert isinstance(loaded, Job)
    assert loaded.history.one.data == {"c": {"1": 1000}}


def test_an_explicit_path_is_taken_as_it_is(sdk: OqcSdk, tmp_path: Path, folder: Path) -> None:
    (tmp_path / "mine.json").write_text("something else")
    assert archive.save(sdk.create_job(program=ONE), "one", "mine.json") == tmp_path / "mine.json"
    assert isinstance(sdk.load("mine.json"), Job)
    assert not folder.exists()


def test_saved_jobs_are_listed_newest_first_without_what_is_no_snapshot(
    sdk: OqcSdk, folder: Path
) -> None:
    assert archive.saved() == []
    for age, name in enumerate(("new", "older", "oldest")):
        path = archive.save(sdk.create_job(program=[ONE] if age else ONE), name)
        then = (datetime.now(UTC) - timedelta(days=age)).timestamp()
        os.utime(path, (then, then))
    for name, content in (("broken", b"{"), ("list", b"[]"), ("other", b"{}"), ("bytes", b"\xff")):
        (folder / f"{name}.json").write_bytes(content)
    (folder / "future.json").write_text('{"schema_version": "9", "snapshot_kind": "job"}')
    (folder / "dir.json").mkdir()
    files = archive.saved()
    assert [(file.name, file.kind) for file in files] == [
        ("new", "job"), ("older", "composite"), ("oldest", "composite")
    ]  # fmt: skip
    assert files[0].path == folder / "new.json"
    assert datetime.now(UTC) - files[0].modified < timedelta(minutes=1)


# ---- what is replaced ----


def test_a_job_replaces_its_own_file(sdk: OqcSdk, folder: Path) -> None:
    job = sdk.create_job(program=ONE)
    archive.save(job, "one")
    for _ in range(2):
        run(job.execute())
        assert archive.save(job, "one") == folder / "one.json"
    assert archive.save(job.reconfigure(program=BELL), "one") == folder / "one.json"
    run(job.execute())
    assert archive.save(job, "one") == folder / "one.json"
    assert len(sdk.load(folder / "one.json").history) == 3


def test_a_job_whose_program_was_refused_replaces_its_own_file(sdk: OqcSdk, folder: Path) -> None:
    job = sdk.create_job(program=BROKEN, qpu_id="qpu:uk:9:removed")
    archive.save(job, "one")
    for _ in range(2):
        run(job.execute())
        assert job.error
        assert archive.save(job, "one") == folder / "one.json"
    job.reconfigure(qpu_id=EXACT)
    run(job.execute())
    assert archive.save(job, "one") == folder / "one.json"


def test_a_refused_submission_leaves_its_reserved_id_in_the_file_and_that_does_no_harm(
    local_qpu: LocalQpu, proxy: FaultyProxy, folder: Path
) -> None:
    sdk = oqc_notebook.connect(proxy.url, authentication_token=local_qpu.token)
    job = sdk.create_job(program=ONE, qpu_id=EXACT)
    archive.save(job, "one")
    refusal = answer(400, {"detail": "no"})
    proxy.spoil("POST", "/tasks/submit", forward=False, answer=refusal)
    run(job.execute())
    assert job.task_id is None
    reserved = sdk.load(folder / "one.json")
    assert isinstance(reserved, Job)
    assert reserved.task_id is not None
    assert archive.save(job, "one") == folder / "one.json"
    run(sdk.close())


def test_the_same_job_of_a_later_session_replaces_the_file(sdk: OqcSdk, folder: Path) -> None:
    job = sdk.create_job(program=ONE)
    run(job.execute())
    archive.save(job, "one")
    later = sdk.load(folder / "one.json")
    run(later.execute())
    assert archive.save(later, "one") == folder / "one.json"
    assert len(sdk.load(folder / "one.json").history) == 2


def test_a_file_that_was_loaded_from_elsewhere_is_an_earlier_state_too(
    sdk: OqcSdk, tmp_path: Path, folder: Path
) -> None:
    job = sdk.create_job(program=ONE)
    run(job.execute())
    archive.save(job, "one")
    job.save(tmp_path / "elsewhere.json")  # that is its file now
    run(job.execute())
    assert archive.save(job, "one") == folder / "one.json"


# ---- what is not ----


def test_another_job_of_the_same_name_gets_a_number(sdk: OqcSdk, folder: Path) -> None:
    jobs = [sdk.create_job(program=program) for program in (ONE, BELL, ONE)]
    for job in jobs:
        run(job.execute())
    paths = [archive.save(job, "one") for job in jobs]
    assert paths == [folder / "one.json", folder / "one-2.json", folder / "one-3.json"]
    assert [archive.save(job, "one") for job in jobs] == paths
    for job, path in zip(jobs, paths, strict=True):
        assert sdk.load(path).history.one.task_id == job.task_id


def test_a_copy_that_went_another_way_or_is_behind_gets_a_number(sdk: OqcSdk, folder: Path) -> None:
    job = sdk.create_job(program=ONE)
    run(job.execute())
    archive.save(job, "one")
    other = sdk.load(folder / "one.json")
    behind = sdk.load(folder / "one.json")
    run(job.execute())
    archive.save(job, "one")
    before = (folder / "one.json").read_bytes()
    assert archive.save(behind, "one") == folder / "one-2.json"
    other.save(folder.parent / "aside.json")  # its next submission is recorded there
    run(other.execute())
    assert archive.save(other, "one") == folder / "one-2.json"  # which one-2 is the beginning of
    assert (folder / "one.json").read_bytes() == before


def test_a_run_in_flight_is_never_overwritten(sdk: OqcSdk, folder: Path) -> None:
    flying, grounded = sdk.create_job(program=ONE), sdk.create_job(program=ONE)
    run(flying.submit())
    archive.save(flying, "one")
    assert archive.save(grounded, "one") == folder / "one-2.json"


def test_jobs_that_never_ran_are_told_apart_by_what_they_ask(sdk: OqcSdk, folder: Path) -> None:
    archive.save(sdk.create_job(program=ONE), "one")
    assert archive.save(sdk.create_job(program=ONE), "one") == folder / "one.json"
    assert archive.save(sdk.create_job(program=BELL), "one") == folder / "one-2.json"


def test_a_composite_replaces_its_own_file_and_no_other(sdk: OqcSdk, folder: Path) -> None:
    def composite() -> CompositeJob:
        made = sdk.create_job(program=[ONE, BELL])
        assert isinstance(made, CompositeJob)
        return made

    first = composite()
    run(first.execute())
    archive.save(first, "pair")
    first.add(sdk.create_job(program=ONE))
    assert archive.save(first, "pair") == folder / "pair.json"
    run(first.execute())
    assert archive.save(first, "pair") == folder / "pair.json"
    # fewer children would lose one
    assert archive.save(CompositeJob(first.jobs[:2]), "pair") == folder / "pair-2.json"
    assert archive.save(composite(), "pair") == folder / "pair-3.json"
    assert archive.save(first.jobs[0], "pair") == folder / "pair-4.json"


def test_what_is_no_snapshot_stays(sdk: OqcSdk, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "one.json").write_text("notes of mine")
    (folder / "one-2.json").write_text("")
    (folder / "one-3.json").mkdir()
    assert archive.save(sdk.create_job(program=ONE), "one") == folder / "one-4.json"
    assert (folder / "one.json").read_text() == "notes of mine"


def test_jobs_that_are_saved_at_once_under_one_name_all_get_a_file(
    sdk: OqcSdk, folder: Path
) -> None:
    jobs = [sdk.create_job(program=f"// {i}\n{ONE}") for i in range(12)]
    threads = [threading.Thread(target=archive.save, args=(job, "one")) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    programs = {sdk.load(file.path).program for file in archive.saved()}  # type: ignore[union-attr]
    assert programs == {job.program for job in jobs}


def test_a_job_that_cannot_be_saved_leaves_no_file(sdk: OqcSdk, folder: Path) -> None:
    job = sdk.create_job(program=ONE)
    run(job.execute())
    assert isinstance(job.result, JobResult)
    job.result.data = {"c": object()}
    with pytest.raises(ValueError, match="JSON"):
        archive.save(job, "one")
    assert list(folder.iterdir()) == []


# ---- names ----


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("bell", "bell"),
        ("θ = 0.26", "θ = 0.26"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a/b\\c:d*?\"<>|\n", "a_b_c_d_"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        (" .. ", "job"),
        ("", "job"),
        ("ö" * 200, "ö" * 75),
        ("e\u0301", "é"),
    ],
)  # fmt: skip
def test_a_name_is_made_safe_for_every_system(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("saved/bell.json", "bell"),
        ("bell-2.json", "bell_2"),
        ("2 bells.json", "job_2_bells"),
        ("class.json", "job_class"),
        ("-.json", "job"),
        ("θ.json", "θ"),
    ],
)
def test_a_files_name_is_made_the_name_of_a_variable(path: str, name: str) -> None:
    assert archive.variable_name(path) == name
    assert name.isidentifier()
