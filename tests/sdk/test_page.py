"""The page "Saving and Loading Jobs", sentence by sentence.

Each test's docstring is the promise that it checks, in short.
"""

from __future__ import annotations

import asyncio
import doctest
import json
import os
import subprocess
import sys
import textwrap
import uuid
from pathlib import Path
from typing import Any

import pydantic
import pytest
from compiler_config.config import CompilerConfig, QuantumResultsFormat, Tket, TketOptimizations

import oqc_notebook.sdk
from oqc_notebook.sdk import (
    CompositeJob,
    CompositeJobSnapshot,
    Job,
    JobFailed,
    JobSnapshot,
    JobState,
    OqcSdk,
)
from oqc_notebook.sdk.errors import StaleResultWarning
from oqc_notebook.sdk.job_snapshot import CURRENT_SCHEMA_VERSION
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, BROKEN, EXACT, ONE, LocalQpu

pytestmark = pytest.mark.anyio

OFFLINE = OqcSdk(url="https://example.com")


def shots(n: int) -> CompilerConfig:
    return CompilerConfig(
        repeats=n,
        results_format=QuantumResultsFormat().binary_count(),
        optimizations=Tket(TketOptimizations.Two),
    )


async def executed(local_qpu: LocalQpu, **options: Any) -> Any:
    """A job or composite after one run."""
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(**options)
        await job.execute()
        return job


# ---- what can be persisted ----


async def test_jobs_and_composites_are_restored_in_a_later_session_with_a_fresh_client(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    """Jobs and CompositeJobs persist to JSON and come back in a later session, fresh client."""
    (await executed(local_qpu, program=ONE)).save(tmp_path / "job.json")
    (await executed(local_qpu, program=[ONE, BELL])).save(tmp_path / "composite.json")
    script = f"""
        import asyncio
        from oqc_notebook.sdk import OqcSdk
        async def main():
            async with OqcSdk({local_qpu.url!r}, authentication_token={local_qpu.token!r}) as sdk:
                job, composite = sdk.load("job.json"), sdk.load("composite.json")
                print(job.state.value, job.result.data, len(composite.jobs), composite.completed)
                await job.execute()
                await composite.execute()
                print(len(job.history), len(composite.history), composite.completed)
        asyncio.run(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "COMPLETED {'c': {'1': 1000}} 2 True\n2 4 True\n"


async def test_history_results_errors_and_configuration_are_preserved(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    """All execution history, results, errors, and compiler configuration are preserved."""
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE, config=shots(50), fetch_diagnostics=True)
        job.tag, job.hybrid_marker = "a tag", "marker"
        await job.execute()
        await job.reconfigure(program=BROKEN, config=shots(60)).execute()
        await job.reconfigure(program=BELL, config=None).execute()
        job.save(tmp_path / "job.json")
    restored = OFFLINE.load(tmp_path / "job.json")
    assert isinstance(restored, Job)
    for name in ("program", "qpu_id", "task_id", "tag", "hybrid_marker", "timings", "metadata"):
        assert getattr(restored, name) == getattr(job, name), name
    assert restored.state is job.state
    assert restored.result == job.result
    assert restored.metrics == job.metrics
    assert restored.history.all() == job.history.all()
    for before, after in zip(job.history, restored.history, strict=True):
        assert after.received == before.received
        assert (after.compiler_config is None) == (before.compiler_config is None)
        if before.compiler_config is not None:
            assert after.compiler_config.to_json() == before.compiler_config.to_json()
        assert (after.timings, after.metrics, after.metadata) == (
            before.timings,
            before.metrics,
            before.metadata,
        )
    assert [getattr(x, "error_code", None) for x in restored.history] == [None, 400, None]


def test_only_the_client_and_the_lock_are_made_afresh(tmp_path: Path) -> None:
    """The live HTTP client and lock are not persisted; both are re-created on load."""
    sdk = OqcSdk(url="https://example.com", authentication_token="canary-token-77aa")
    job = sdk.create_job(program=ONE, qpu_id="q")
    job.save(tmp_path / "job.json")
    assert "canary" not in (tmp_path / "job.json").read_text()
    restored = OFFLINE.load(tmp_path / "job.json")
    assert restored._members()[0]._client is OFFLINE


def test_pydantic_is_a_core_dependency() -> None:
    """The pydantic package is a core dependency and is always installed."""
    assert pydantic.VERSION.startswith("2.")
    assert issubclass(JobSnapshot, pydantic.BaseModel)
    assert issubclass(CompositeJobSnapshot, pydantic.BaseModel)


# ---- saving and loading a job ----


async def test_the_examples_run_as_printed(local_qpu: LocalQpu, tmp_path: Path) -> None:
    """The page's examples, with only the import and the address changed."""
    script = '''
        import asyncio
        from oqc_notebook.sdk import OqcSdk
        qasm = prog_a = prog_b = prog_c = """{program}"""

        async def first():
            async with OqcSdk(url="{url}", authentication_token="{token}") as sdk:
                job = sdk.create_job(program=qasm, qpu_id="{qpu}")
                await job.execute()

                job.save("my_job.json")

                composite = sdk.create_job(
                    program=[prog_a, prog_b, prog_c],
                    qpu_id="{qpu}",
                )
                await composite.execute()

                composite.save("my_composite.json")

        async def later():
            async with OqcSdk(url="{url}", authentication_token="{token}") as sdk:
                restored = sdk.load("my_job.json")

                # All state is restored
                print(restored.state)            # e.g. JobState.COMPLETED
                print(restored.result)           # previous result is available
                print(restored.history.all())    # full execution history

                # The restored job is re-submittable
                await restored.execute()

                if restored.error:
                    print(f"Re-execution failed: {{restored.error.error_message}}")
                else:
                    print(f"Re-execution succeeded: {{restored.result.data}}")

                # Later:
                restored = sdk.load("my_composite.json")
                print(len(restored.jobs))              # 3
                print(restored.completed_jobs)         # children that succeeded
                for item in restored.outputs.all():
                    print(item.data)                   # each child's measurement counts

        asyncio.run(first())
        asyncio.run(later())
    '''
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(script).format(
                program=ONE, url=local_qpu.url, token=local_qpu.token, qpu=EXACT
            ),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert "COMPLETED" in lines[0]
    assert lines[1].startswith("JobResult(")
    assert lines[2].startswith("[JobResult(")
    assert lines[3] == "Re-execution succeeded: {'c': {'1': 1000}}"
    assert lines[4] == "3"
    assert lines[6:] == ["{'c': {'1': 1000}}"] * 3


@pytest.mark.parametrize("many", [False, True], ids=["job", "composite"])
async def test_each_session_that_loads_and_executes_runs_it_once_more(
    local_qpu: LocalQpu, tmp_path: Path, many: bool
) -> None:
    """The restored job is re-submittable, in any later session, and its state is the newest."""
    job = await executed(local_qpu, program=[ONE, BELL] if many else ONE)
    job.save(tmp_path / "job.json")
    for earlier_runs in (1, 2, 3):
        async with local_qpu.sdk() as sdk:
            restored = sdk.load(tmp_path / "job.json")
            assert restored.state is JobState.COMPLETED
            for child in restored._members():
                assert child.result is child.history.last
                assert len(child.history) == earlier_runs
            await restored.execute()
            assert [len(child.history) for child in restored._members()] == [
                earlier_runs + 1 for _ in restored._members()
            ]


def test_a_file_loads_on_another_machine_in_another_locale(tmp_path: Path) -> None:
    """The file can be reloaded in any later session, even on another machine."""
    job = OFFLINE.create_job(program="// θ and 量子\nOPENQASM 2.0;", qpu_id="q")
    job.save(tmp_path / "job.json")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from oqc_notebook.sdk import OqcSdk; job = OqcSdk('https://example.com')"
            ".load('job.json'); print(ascii(job.program)); job.save('again.json')",
        ],
        cwd=tmp_path,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ascii(job.program)
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "job.json").read_bytes()


def test_load_tells_a_job_from_a_composite(tmp_path: Path) -> None:
    """The SDK detects whether the file contains a single Job or a CompositeJob."""
    OFFLINE.create_job(program="a", qpu_id="q").save(tmp_path / "one.json")
    OFFLINE.create_job(program=["a"], qpu_id="q").save(tmp_path / "many.json")
    assert isinstance(OFFLINE.load(tmp_path / "one.json"), Job)
    assert isinstance(OFFLINE.load(str(tmp_path / "many.json")), CompositeJob)


# ---- programmatic use ----

_DOCTEST = """
>>> from oqc_notebook.sdk import OqcSdk, JobSnapshot
>>> from oqc_notebook.sdk.job_snapshot import CURRENT_SCHEMA_VERSION
>>> sdk = OqcSdk(url="https://example.com", authentication_token="dummy")
>>> job = sdk.create_job(program="OPENQASM 2.0;", qpu_id="qpu:uk:2:test")

>>> # Outbound: capture full state as a Pydantic model
>>> snap = job.to_snapshot()
>>> snap.snapshot_kind
'job'
>>> snap.state
'CREATED'
>>> snap.schema_version == CURRENT_SCHEMA_VERSION
True

>>> # Serialise to a JSON string yourself if needed
>>> json_str = snap.model_dump_json()
>>> isinstance(json_str, str)
True

>>> # Inbound: rehydrate from a model
>>> restored = sdk.from_snapshot(snap)
>>> restored.program == job.program
True
>>> restored.qpu_id == job.qpu_id
True
"""


def test_the_programmatic_example_runs_as_printed() -> None:
    """to_snapshot() and from_snapshot(): synchronous, and without network access."""
    test = doctest.DocTestParser().get_doctest(_DOCTEST, {}, "page", None, 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_a_snapshot_can_be_kept_as_text_and_read_back(tmp_path: Path) -> None:
    """Snapshots are standard Pydantic v2 models that can be inspected, sent, stored."""
    composite = OFFLINE.create_job(program=["a", "b"], qpu_id="q", config=shots(3))
    text = composite.to_snapshot().model_dump_json()
    again = CompositeJobSnapshot.model_validate_json(text)
    assert again == composite.to_snapshot()
    restored = OFFLINE.from_snapshot(again)
    assert isinstance(restored, CompositeJob)
    assert [job.config.to_json() for job in restored.jobs] == [shots(3).to_json()] * 2


def test_both_snapshot_models_are_exported() -> None:
    """Both JobSnapshot and CompositeJobSnapshot are exported from the package."""
    assert {"JobSnapshot", "CompositeJobSnapshot"} <= set(oqc_notebook.sdk.__all__)


# ---- composites ----


async def test_a_composite_snapshot_contains_every_child_in_full(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    """The snapshot contains the full state of every child job."""
    composite = await executed(local_qpu, program=[ONE, BROKEN, BELL])
    composite.save(tmp_path / "composite.json")
    restored = OFFLINE.load(tmp_path / "composite.json")
    assert isinstance(restored, CompositeJob)
    assert restored.state is composite.state is JobState.FAILED
    assert [job.state for job in restored.jobs] == [job.state for job in composite.jobs]
    assert [job.program for job in restored.jobs] == [ONE, BROKEN, BELL]
    assert restored.outputs.all() == composite.outputs.all()
    assert len(restored.completed_jobs) == 2
    assert len(restored.failed_jobs) == 1
    assert restored.error == composite.error


# ---- schema versioning ----


def test_every_snapshot_file_contains_a_schema_version(tmp_path: Path) -> None:
    """Every snapshot file contains a schema_version field."""
    OFFLINE.create_job(program=["a", "b"], qpu_id="q").save(tmp_path / "file.json")
    document = json.loads((tmp_path / "file.json").read_text())
    assert document["schema_version"] == CURRENT_SCHEMA_VERSION == "1"
    assert [child["schema_version"] for child in document["jobs"]] == ["1", "1"]


@pytest.mark.parametrize("version", ["0", "2", "", "one", 1, None, ["1"]])
def test_another_schema_version_raises_the_pages_value_error(
    tmp_path: Path, version: object
) -> None:
    """An old file raises a ValueError with a clear message, never silently wrong data."""
    for program in ("a", ["a"]):
        OFFLINE.create_job(program=program, qpu_id="q").save(tmp_path / "file.json")
        document = json.loads((tmp_path / "file.json").read_text())
        document["schema_version"] = version
        (tmp_path / "file.json").write_text(json.dumps(document))
        with pytest.raises(ValueError, match="Unsupported") as caught:
            OFFLINE.load(tmp_path / "file.json")
        assert str(caught.value) == (
            f"Unsupported snapshot schema version: {version!r}. This SDK supports version '1'."
        )
        assert "file.json" in caught.value.__notes__[0]


def test_the_messages_words_are_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """File saved with "1", loaded with an SDK that expects "2": the page's own example."""
    snapshot = OFFLINE.create_job(program="a", qpu_id="q").to_snapshot()
    monkeypatch.setattr("oqc_notebook.sdk.persistence.CURRENT_SCHEMA_VERSION", "2")
    with pytest.raises(ValueError, match="Unsupported") as caught:
        OFFLINE.from_snapshot(snapshot)
    assert (
        str(caught.value)
        == "Unsupported snapshot schema version: '1'. This SDK supports version '2'."
    )


# ---- non-terminal state ----


@pytest.mark.parametrize("status", ["SUBMITTED", "RUNNING"])
async def test_a_job_saved_in_flight_is_refreshed_and_resumes(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path, status: str
) -> None:
    """State is preserved on load; if the task is still there, refresh() resumes polling it."""
    fault = proxy.spoil("GET", "/all_info", answer=answer(200, {"status": status}), times=None)
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        await job.submit()
        await job.refresh()
        job.save(tmp_path / "job.json")
    fault.times = 0
    async with OqcSdk(proxy.url, credential=proxied._credential) as sdk:
        restored = sdk.load(tmp_path / "job.json")
        assert isinstance(restored, Job)
        assert restored.state.value == status
        await restored.refresh()
        await restored.wait()
        assert restored.completed
        assert restored.task_id == job.task_id


@pytest.mark.usefixtures("dialect")
async def test_refresh_of_a_scrubbed_task_surfaces_a_clear_server_error(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    """If the task has been scrubbed, refresh() surfaces a clear server error, a 404."""
    lost = Job(ONE, EXACT, task_id=uuid.uuid4())
    lost._state = JobState.RUNNING
    lost.save(tmp_path / "job.json")
    async with local_qpu.sdk() as sdk:
        restored = sdk.load(tmp_path / "job.json")
        assert isinstance(restored, Job)
        await restored.refresh()
    assert restored.state is JobState.RUNNING
    assert restored.error is not None
    assert restored.error.error_code == 404
    assert str(lost.task_id) in str(restored.error.error_message)
    assert "may have been scrubbed" in str(restored.error.error_message)


# ---- stale execution state ----


def test_load_does_not_contact_the_server(tmp_path: Path) -> None:
    """sdk.load() only validates the file format; it does not contact the server."""
    OFFLINE.create_job(program="a", qpu_id="qpu:removed").save(tmp_path / "job.json")
    script = """
        import socket
        def refuse(*args, **kwargs):
            raise AssertionError("the network was used")
        socket.socket.connect = socket.getaddrinfo = refuse
        from oqc_notebook.sdk import OqcSdk
        print(OqcSdk("https://example.com").load("job.json").state.value)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "CREATED\n"


@pytest.mark.parametrize(
    ("path", "refusal", "said"),
    [
        ("/tasks/submit", (404, {"response": {"errors": ["QPU was removed"]}}), "QPU was removed"),
        (
            "/tasks/submit",
            (400, {"response": {"errors": ["the option is no longer supported"]}}),
            "no longer supported",
        ),
        (
            "/tasks/submit",
            (422, {"detail": "40 qubits, 32 available"}),
            "40 qubits, 32 available",
        ),
        ("/tasks", (403, {"detail": "no access to this QPU"}), "no access to this QPU"),
        ("/tasks", (418, "<html>odd</html>"), "odd"),
    ],
    ids=["QPU removed", "config unsupported", "fewer qubits", "forbidden", "odd"],
)
@pytest.mark.parametrize("many", [False, True], ids=["job", "composite"])
@pytest.mark.usefixtures("dialect")
async def test_a_refused_submission_is_stored_in_error_and_nothing_is_raised(
    proxied: OqcSdk,
    proxy: FaultyProxy,
    tmp_path: Path,
    path: str,
    refusal: tuple[int, Any],
    said: str,
    many: bool,
) -> None:
    """In every case the error is stored in job.error and no exception is raised, unless asked.

    Previously saved results and history remain available.
    """
    async with proxied as sdk:
        job = sdk.create_job(program=[ONE, ONE] if many else ONE)
        await job.execute()
        job.save(tmp_path / "job.json")
        restored = sdk.load(tmp_path / "job.json")
        proxy.spoil("POST", path, forward=False, answer=answer(*refusal), times=None)
        await restored.execute()  # safe even if server state has changed
        assert restored.error
        assert restored.error.error_code == refusal[0]
        assert said in str(restored.error.error_message)
        with pytest.raises(JobFailed, match=str(refusal[0])):
            restored.raise_for_status()
        for child in restored._members():
            assert len(child.history) == 2
            with pytest.warns(StaleResultWarning):
                assert child.result is child.history.first
            assert child.history.first.data == {"c": {"1": 1000}}
        restored.save(tmp_path / "again.json")
    again = OFFLINE.load(tmp_path / "again.json")
    assert again.error == restored.error
    assert len(again._members()[0].history) == 2


@pytest.mark.usefixtures("dialect")
async def test_too_many_qubits_for_the_qpu_are_told_by_the_error(local_qpu: LocalQpu) -> None:
    """Qubit count reduced: the saved program requests more qubits than are available."""
    program = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[40];\ncreg c[1];\nmeasure q[0]->c[0];\n'
    job = await executed(local_qpu, program=program)
    assert job.error
    assert "40" in job.error.error_message
    assert "32" in job.error.error_message


@pytest.mark.usefixtures("dialect")
async def test_an_unsupported_configuration_is_told_by_the_error(local_qpu: LocalQpu) -> None:
    """Compiler config no longer supported: the submission is rejected."""
    job = await executed(local_qpu, program=ONE, config=CompilerConfig(repeats=10_000_000))
    assert job.error
    assert "100000" in job.error.error_message.replace(",", "").replace("_", "")


def test_everything_on_the_page_is_reachable_without_await() -> None:
    """save, load, to_snapshot and from_snapshot are synchronous."""
    for function in (OqcSdk.load, OqcSdk.from_snapshot, Job.save, Job.to_snapshot):
        assert not asyncio.iscoroutinefunction(function)
