"""What is recorded next to a notebook as runs come about, by a real session."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compiler_config.config import CompilerConfig

import oqc_notebook
from oqc_notebook import archive
from oqc_notebook.archive import durable, environment
from oqc_notebook.archive.formats import Git
from oqc_notebook.archive.index import entries
from oqc_notebook.sdk import CompositeJob, Job, JobState, OqcSdk
from tests.archive.support import names_in, read, runs_in
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, BROKEN, EXACT, ONE, LocalQpu, until

run = oqc_notebook.run


def connected(qpu: LocalQpu, folder: Path, url: str | None = None) -> OqcSdk:
    """A session of its own that records in a folder."""
    sdk = OqcSdk(url or qpu.url, qpu.token, default_qpu_id=EXACT)
    run(sdk.open())
    archive.attach(sdk, folder)
    return sdk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lab.oqc"


@pytest.fixture
def sdk(local_qpu: LocalQpu, folder: Path) -> Iterator[OqcSdk]:
    sdk = connected(local_qpu, folder)
    yield sdk
    run(sdk.close())


@pytest.fixture
def held(proxy: FaultyProxy, local_qpu: LocalQpu, folder: Path) -> Iterator[OqcSdk]:
    """A session whose jobs go on running for as long as the proxy says so."""
    proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    sdk = connected(local_qpu, folder, proxy.url)
    yield sdk
    run(sdk.close())


def flushed(sdk: OqcSdk) -> None:
    recorder = archive.archive_of(sdk)
    assert recorder is not None
    assert recorder.flush()


# ---- runs ----


def test_each_run_that_ended_is_a_file_that_the_sdk_loads(sdk: OqcSdk, folder: Path) -> None:
    config = CompilerConfig(repeats=7)
    job = sdk.create_job(program=ONE, config=config, label="flip", fetch_diagnostics=True)
    for _ in range(3):
        run(job.execute())
    flushed(sdk)
    files = sorted(folder.glob("runs/*/*.json"))
    assert [file.name for file in files] == [
        f"{n:04d}-job-{str(output.task_id)[:8]}.json" for n, output in enumerate(job.history, 1)
    ]
    for file, output in zip(files, job.history, strict=True):
        loaded = OqcSdk("http://127.0.0.1:1").load(file)
        assert isinstance(loaded, Job)
        assert loaded.state is JobState.COMPLETED
        assert loaded.history.all() == [output]
        assert loaded.result == output
        assert loaded.task_id == output.task_id
        assert (loaded.label, loaded.program, loaded.qpu_id) == ("flip", ONE, EXACT)
        assert loaded.config is not None
        assert loaded.config.repeats == 7
        assert loaded.history.last.metrics == output.metrics is not None
    before = [read(file)["oqc_archive"].get("previous") for file in files]
    assert before == [None, *(file.relative_to(folder).as_posix() for file in files[:2])]
    assert names_in(folder, "live/*") == []


def test_a_run_is_archived_as_it_was_although_the_job_was_changed_at_once(
    sdk: OqcSdk, folder: Path
) -> None:
    job = sdk.create_job(program=ONE)
    run(job.execute())
    job.reconfigure(program=BELL)  # before the writer has gathered what there is to write
    flushed(sdk)
    (file,) = runs_in(folder)
    assert (file["program"], file["state"]) == (ONE, "COMPLETED")
    assert file["history"][0]["data"] == {"c": {"1": 1000}}


def test_a_run_that_failed_or_was_refused_is_archived_too(sdk: OqcSdk, folder: Path) -> None:
    jobs = [sdk.create_job(program=BROKEN), sdk.create_job(program=ONE, qpu_id="qpu:uk:9:gone")]
    for job in jobs:
        run(job.execute())
    flushed(sdk)
    files = runs_in(folder)
    assert [file["state"] for file in files] == ["FAILED", "FAILED"]
    assert [file["error"]["error_message"] for file in files] == [
        job.error.error_message for job in jobs if job.error
    ]
    assert files[1]["task_id"] is None
    assert names_in(folder, "runs/*/0002-*")[0].endswith("0002-job-refused.json")


def test_a_composite_is_archived_with_the_runs_of_its_children(sdk: OqcSdk, folder: Path) -> None:
    composite = sdk.create_job(program=[ONE, BROKEN, BELL])
    assert isinstance(composite, CompositeJob)
    for _ in range(2):
        run(composite.execute())
        flushed(sdk)
    first, second = (
        read(file)["oqc_archive"] for file in sorted(folder.glob("runs/*/*-composite.json"))
    )
    assert first["composite"] == second["composite"]
    for block, number in ((first, 0), (second, 1)):
        loaded = [sdk.load(folder / child["run"]) for child in block["children"]]
        tasks = [job.history.one.task_id for job in loaded]
        assert tasks == [job.history[number].task_id for job in composite.jobs]
    assert names_in(folder, "live/*") == []


def test_nothing_that_was_archived_is_ever_written_again(sdk: OqcSdk, folder: Path) -> None:
    job = sdk.create_job(program=ONE)
    run(job.execute())
    flushed(sdk)
    (file,) = folder.glob("runs/*/*.json")
    before = file.stat().st_mtime_ns, file.stat().st_ino, file.read_bytes()
    run(job.execute())
    run(job.refresh())
    flushed(sdk)
    assert (file.stat().st_mtime_ns, file.stat().st_ino, file.read_bytes()) == before
    with pytest.raises(FileExistsError):
        durable.write_files({file: b"something else"}, once=True)
    assert file.read_bytes() == before[2]
    assert [name for name in names_in(folder) if name.endswith(".tmp")] == []


@pytest.mark.parametrize("link", [None, errno.EPERM, errno.EOPNOTSUPP])
def test_where_files_cannot_be_linked_none_is_replaced_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: int | None
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(link, "no links here")

    if link is None:
        monkeypatch.delattr(os, "link")
    else:
        monkeypatch.setattr(os, "link", refuse)
    file = tmp_path / "runs" / "one.json"
    durable.write_files({file: b"one"}, once=True)
    with pytest.raises(FileExistsError):
        durable.write_files({file: b"two"}, once=True)
    assert file.read_bytes() == b"one"
    assert names_in(tmp_path) == ["runs/one.json"]


# ---- what is in flight ----


def test_reserved_ids_are_on_the_disk_before_they_are_submitted(
    local_qpu: LocalQpu, proxy: FaultyProxy, folder: Path
) -> None:
    proxy.spoil("POST", "/tasks/submit", forward=False, delay_s=2.0)
    sdk = connected(local_qpu, folder, proxy.url)
    job = sdk.create_job(program=ONE)
    waiting = threading.Thread(target=lambda: run(job.execute()))
    waiting.start()
    until(lambda: proxy.count("POST", "/tasks/submit"))
    (live,) = (read(file) for file in folder.glob("live/*.json"))
    assert live["task_id"] == str(job.task_id)
    assert live["state"] == "CREATED"
    assert live["program"] == ONE
    waiting.join()
    run(sdk.close())


def test_the_live_file_of_a_job_follows_it_and_says_nothing_of_earlier_runs(
    proxy: FaultyProxy, held: OqcSdk, folder: Path
) -> None:
    job = held.create_job(program=ONE)
    run(job.submit())
    job.observe(lambda _: None)

    def live() -> Any:
        (file,) = folder.glob("live/*.json")
        return read(file)

    until(lambda: live()["state"] == "RUNNING")
    run(job.cancel())
    until(lambda: live()["oqc_notebook"].get("cancel_requested"))
    proxy.faults.clear()
    run(job.wait())
    flushed(held)
    assert names_in(folder, "live/*") == []
    proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    run(job.submit())
    flushed(held)
    assert live()["history"] == []
    assert live()["result"] is None
    assert live()["oqc_archive"]["newest"].startswith("runs/")
    job.reconfigure(program=BELL)  # the run is left to itself
    until(lambda: names_in(folder, "live/*") == [])


def test_the_cost_of_a_change_does_not_depend_on_siblings_or_history(
    proxy: FaultyProxy, held: OqcSdk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = durable.write_files

    def counting(contents: dict[Path, bytes], *, once: bool = False) -> None:
        written.extend(map(len, contents.values()))
        write(contents, once=once)

    monkeypatch.setattr("oqc_notebook.archive.writer.write_files", counting)
    costs = []
    for children, runs in ((1, 0), (60, 0), (60, 3)):
        composite = held.create_job(program=[ONE] * children)
        for _ in range(runs):
            proxy.faults[0].times = 0
            run(composite.execute())
        proxy.faults[0].times = None
        run(composite.submit())
        flushed(held)
        written.clear()
        run(composite.jobs[-1].cancel())
        flushed(held)
        costs.append(sum(written))
        assert len(written) <= 2  # the request, and what the server says
    assert costs[1] == pytest.approx(costs[0], abs=40)
    assert costs[2] == pytest.approx(costs[0], abs=200)


# ---- keys and provenance ----


def test_runs_have_keys_of_inputs_and_ordinals(sdk: OqcSdk, folder: Path) -> None:
    one, same, other = (sdk.create_job(program=text) for text in (ONE, ONE, BELL))

    async def both() -> None:
        await asyncio.gather(one.execute(), one.execute())  # one run: the second joins it

    run(both())
    for job in (same, other, one):
        run(job.execute())
    flushed(sdk)
    recorder = archive.archive_of(sdk)
    assert recorder is not None
    keys = [entry.key for entry in entries(recorder.sidecar)]
    inputs = [key[0] for key in keys]
    assert inputs[0] == inputs[1] == inputs[3] != inputs[2]
    assert [key[2] for key in keys] == [0, 1, 0, 2]


def test_the_ordinals_of_jobs_that_are_asked_for_at_once_are_those_of_asking(
    sdk: OqcSdk,
) -> None:
    jobs = [sdk.create_job(program=ONE) for _ in range(20)]

    async def all_at_once() -> None:
        await asyncio.gather(*(job.execute() for job in jobs))

    run(all_at_once())
    found = [archive.provenance(job) for job in jobs]
    assert [facts and facts["ordinal"] for facts in found] == list(range(20))


def test_provenance_of_a_job_an_output_and_a_loaded_run(
    sdk: OqcSdk, folder: Path, local_qpu: LocalQpu
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=folder.parent, check=True)
    (folder.parent / "notes.txt").write_text("not in git yet")
    job = sdk.create_job(program=ONE)
    run(job.execute())
    flushed(sdk)
    facts = archive.provenance(job)
    assert facts is not None
    assert facts["server"] == local_qpu.url
    assert facts["simulated"] is True
    assert facts["versions"]["oqc-notebook"] == oqc_notebook.__version__
    assert facts["git"] == {"revision": None, "dirty": True}
    assert list(facts["times"]) == ["CREATED", "SUBMITTED", "RUNNING", "COMPLETED"] or (
        list(facts["times"]) == ["CREATED", "SUBMITTED", "COMPLETED"]
    )
    assert facts["times"]["COMPLETED"].endswith("+00:00")
    assert json.loads(json.dumps(facts)) == facts
    assert archive.provenance(job.history.last) == facts
    (file,) = folder.glob("runs/*/*.json")
    assert archive.provenance(OqcSdk("http://127.0.0.1:1").load(file)) == facts
    assert archive.provenance(sdk.create_job(program=ONE)) is None


def test_an_archive_that_is_under_git_does_not_make_its_folder_dirty(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True)

    run_file = tmp_path / "lab.oqc" / "runs" / "first" / "1.json"
    run_file.parent.mkdir(parents=True)
    run_file.write_text("{}")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "with its archive")
    (run_file.parent.parent / "second").mkdir()
    (run_file.parent.parent / "second" / "1.json").write_text("{}")
    run_file.unlink()
    found = environment.git_of(tmp_path)
    assert found is not None
    assert found.revision
    assert not found.dirty
    (tmp_path / "lab.ipynb").write_text("{}")
    assert environment.git_of(tmp_path) == Git(revision=found.revision, dirty=True)


def test_a_job_that_was_submitted_elsewhere_is_archived_when_it_ends(
    sdk: OqcSdk, folder: Path, local_qpu: LocalQpu
) -> None:
    async def submitted() -> Job:
        async with local_qpu.sdk() as elsewhere:
            job = elsewhere.create_job(program=ONE)
            await job.submit()
            job.save(folder.parent / "elsewhere.json")
            return job

    job = run(submitted())
    loaded = sdk.load(folder.parent / "elsewhere.json")
    run(loaded.wait())
    attached = run(sdk.attach(job.task_id))
    flushed(sdk)
    assert [file["task_id"] for file in runs_in(folder)] == [str(job.task_id)] * 2
    assert attached.completed
    facts = archive.provenance(loaded)
    assert facts is not None
    assert facts["ordinal"] is None


# ---- the session's record ----


def test_the_record_of_a_session(sdk: OqcSdk, folder: Path, local_qpu: LocalQpu) -> None:
    job = sdk.create_job(program=ONE)
    run(job.execute())
    recorder = archive.archive_of(sdk)
    assert recorder is not None
    until(lambda: recorder.session.file.packages and recorder.session.file.calibrations)
    flushed(sdk)
    (file,) = folder.glob("sessions/*.json")
    record = read(file)
    assert record["session"] == file.stem
    assert record["packages"]["pydantic"]
    assert record["servers"] == [local_qpu.url]
    (calibration,) = record["calibrations"]
    assert calibration["qpu"] == EXACT
    assert read(folder / calibration["file"])["qpu_id"] == EXACT
    assert os.uname().nodename not in file.read_text() or len(os.uname().nodename) < 4


def test_a_calibration_is_asked_for_once_and_one_that_does_not_come_is_only_noted(
    local_qpu: LocalQpu, proxy: FaultyProxy, folder: Path
) -> None:
    proxy.spoil("GET", "/calibrations", answer=answer(404, {"detail": "none"}), times=None)
    sdk = connected(local_qpu, folder, proxy.url)
    run(sdk.create_job(program=[ONE] * 5).execute())
    run(sdk.create_job(program=ONE).execute())
    recorder = archive.archive_of(sdk)
    assert recorder is not None
    until(lambda: recorder.session.file.calibrations)
    assert proxy.count("GET", "/calibrations") == 1
    assert "none" in recorder.session.file.calibrations[0]["error"]
    assert all(file["oqc_archive"]["provenance"].get("calibration") is None
               for file in runs_in(folder))  # fmt: skip
    run(sdk.close())


# ---- folders that are not as they should be ----


def test_in_a_folder_that_cannot_be_written_work_goes_on_with_one_warning(
    local_qpu: LocalQpu, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "lab.oqc").write_text("a file of mine")
    sdk = connected(local_qpu, tmp_path / "lab.oqc")
    for _ in range(2):
        job = sdk.create_job(program=ONE)
        run(job.execute())
        assert job.completed
    run(sdk.close())
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith("Results are not archived: lab.oqc cannot be written to (")
    assert (tmp_path / "lab.oqc").read_text() == "a file of mine"


def test_a_disk_that_is_full_for_a_while_loses_nothing(
    sdk: OqcSdk, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run(sdk.create_job(program=ONE).execute())
    flushed(sdk)
    sync = os.fsync

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    job = sdk.create_job(program=[BELL, ONE])
    run(job.execute())
    until(lambda: caplog.records)
    monkeypatch.setattr(os, "fsync", sync)
    flushed(sdk)
    assert len(runs_in(folder)) == 3
    assert names_in(folder, "live/*") == []
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert len(caplog.records) == 1
    assert [name for name in names_in(folder) if name.endswith(".tmp")] == []


def test_cells_that_cannot_be_written_for_a_while_are_written_later(
    sdk: OqcSdk, folder: Path
) -> None:
    run(sdk.create_job(program=ONE).execute())
    recorder = archive.archive_of(sdk)
    assert recorder is not None
    until(lambda: recorder.session.file.packages)
    flushed(sdk)  # from now on nothing else is written
    file = folder / "sessions" / f"{recorder.session.id}.cells.jsonl"
    file.mkdir()  # in the way
    recorder.session.journal._note(None, "first = 1", None)
    with pytest.raises(OSError, match=file.name):
        recorder.session.write_what_is_new()
    recorder.session.journal._note(None, "second = 2", None)
    file.rmdir()
    recorder.session.write_what_is_new()
    sources = [json.loads(line)["source"] for line in file.read_text().splitlines()]
    assert sources == ["first = 1", "second = 2"]


def test_a_result_that_json_cannot_hold_does_not_stop_the_archive(
    sdk: OqcSdk, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = sdk.create_job(program=ONE)
    job.label = object()  # type: ignore[assignment]
    run(job.execute())
    run(sdk.create_job(program=BELL).execute())
    flushed(sdk)
    assert [file["program"] for file in runs_in(folder)] == [BELL]
    assert any("cannot be archived: label" in record.getMessage() for record in caplog.records)


def test_the_index_is_made_again_when_it_is_missing_damaged_or_out_of_date(
    sdk: OqcSdk, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        run(sdk.create_job(program=ONE).execute())
    flushed(sdk)
    recorder = archive.archive_of(sdk)
    assert recorder is not None
    expected = entries(recorder.sidecar)
    assert [entry.ordinal for entry in expected] == [0, 1, 2]
    index = folder / "index.json"
    for content in (b"", b"{", b"[]", b'{"oqc_index": 2, "runs": []}', b"\xff"):
        index.write_bytes(content)
        assert entries(recorder.sidecar) == expected
        assert len(read(index)["runs"]) == 3
    index.unlink()
    assert archive.rebuild_index(folder) == 3
    (folder / expected[1].file).unlink()
    assert entries(recorder.sidecar) == [expected[0], expected[2]]
    assert caplog.records == []


# ---- what connect() does ----


def test_scripts_have_an_archive_only_where_they_ask_for_one(
    local_qpu: LocalQpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    arguments: dict[str, Any] = {
        "authentication_token": local_qpu.token, "default_qpu_id": EXACT
    }  # fmt: skip
    sdk = oqc_notebook.connect(local_qpu.url, **arguments)
    run(sdk.create_job(program=ONE).execute())
    assert archive.archive_of(sdk) is None
    assert list(tmp_path.iterdir()) == []
    assert oqc_notebook.connect(local_qpu.url, **arguments, archive="runs.oqc") is sdk
    run(sdk.create_job(program=ONE).execute())
    run(sdk.create_job(program=ONE).execute())
    flushed(sdk)
    assert len(runs_in(tmp_path / "runs.oqc")) == 2
    said = capsys.readouterr().out
    assert said.count("Results are archived in runs.oqc/.\n") == 1
    assert said.count("This folder is temporary") == 1
    oqc_notebook.connect(local_qpu.url, **arguments, archive=False)
    run(sdk.create_job(program=ONE).execute())
    assert len(runs_in(tmp_path / "runs.oqc")) == 2
    with pytest.raises(FileNotFoundError, match="There is no folder 'nowhere'"):
        oqc_notebook.connect(local_qpu.url, **arguments, archive="nowhere/runs.oqc")
    run(sdk.close())
