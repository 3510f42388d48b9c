"""The whole public API, used the way typed code of a user would; checked and never run.

``tests/test_typed_api.py`` has type checkers read this file.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, assert_type

import pandas
import scipp

import oqc_notebook
from oqc_notebook.sdk import (
    CompositeJob,
    CompositeJobSnapshot,
    Endianness,
    EradoConfig,
    ErasureModel,
    ExperimentalConfig,
    IdlingErrorConfig,
    Job,
    JobFailed,
    JobLike,
    JobSnapshot,
    JobState,
    OqcSdk,
    bits,
)
from oqc_notebook.sdk.credentials import Credential
from oqc_notebook.sdk.errors import (
    AuthenticationError,
    DisturbanceError,
    OqcError,
    ServerError,
    SessionClosedError,
    SessionError,
    SessionNotOpenError,
    SessionUnreachableError,
    SnapshotError,
    StaleResultWarning,
)
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import AttrPolicy, JobOutputProxy
from oqc_notebook.sdk.wait_times import WaitTime, Window

QASM = "OPENQASM 2.0;"


class OwnCredential:
    """A credential of a user's own."""

    supports_silent_reauth = True

    async def get_auth_headers(
        self, *, allow_interactive: bool = True, force_refresh: bool = False
    ) -> dict[str, str]:
        return {"Authentication-Token": "new" if force_refresh else str(allow_interactive)}


async def sessions() -> None:
    credential: Credential = OwnCredential()
    assert_type(OqcSdk("https://example.com", "token", default_qpu_id="qpu:1"), OqcSdk)
    assert_type(OqcSdk("https://example.com", email="a@example.com", password="b"), OqcSdk)
    sdk = OqcSdk(url="https://example.com", credential=credential)
    assert_type(await sdk.open(), OqcSdk)
    assert_type(await sdk.close(), None)
    async with OqcSdk("https://example.com", "token") as opened:
        assert_type(opened, OqcSdk)
        assert_type(opened.url, str)
        assert_type(opened.is_open, bool)
        assert_type(opened.requests, int)
        assert_type(opened.default_qpu_id, str | None)
        assert_type(opened.qpu_name("qpu:1"), str)
        opened.set_default_qpu("qpu:1")


async def qpus(sdk: OqcSdk) -> None:
    assert_type(await sdk.list_qpus(), list[dict[str, Any]])
    assert_type(await sdk.get_features("qpu:1"), Any)
    assert_type(await sdk.get_system_status(), Any)
    assert_type(await sdk.get_calibration("qpu:1", "2026-01-31"), Any)
    assert_type(await sdk.get_calibration(date_filter=dt.date(2026, 1, 31)), Any)
    assert_type(await sdk.get_next_window(), dt.datetime | None)
    assert_type(await sdk.get_qpu("qpu:1"), dict[str, Any])
    wait = await sdk.get_wait_time()
    assert_type(wait, WaitTime)
    assert_type(wait.seconds, float | None)
    assert_type(wait.tasks_in_queue, int | None)
    assert_type(wait.next_window, Window | None)
    today = dt.date(2026, 11, 23)
    assert_type(await sdk.list_tasks(), list[dict[str, Any]])
    assert_type(await sdk.list_tasks(today, dt.datetime.now(), "qpu:1"), list[dict[str, Any]])


def from_sync_code() -> None:
    sdk = oqc_notebook.connect("https://example.com", authentication_token="token")
    assert_type(sdk, OqcSdk)
    assert_type(oqc_notebook.connect(default_qpu_id="qpu:1"), OqcSdk)
    assert_type(oqc_notebook.__version__, str)
    job = sdk.create_job(program=QASM)
    assert_type(oqc_notebook.run(job.execute()), JobOutputProxy[Any])
    assert_type(oqc_notebook.run(job.submit()), Job)
    assert_type(oqc_notebook.run(sdk.list_qpus()), list[dict[str, Any]])
    assert_type(oqc_notebook.run(sdk.close()), None)


async def making_jobs(sdk: OqcSdk) -> None:
    config = ExperimentalConfig(noise=True, bond_dimension=8, repeats=100)
    assert_type(config.noise, bool)
    assert_type(config.bond_dimension, int | None)
    assert_type(config.noise_model, dict[str, Any] | None)
    job = sdk.create_job(
        program=QASM, qpu_id="qpu:1", config=config, fetch_diagnostics=True, label="one"
    )
    assert_type(job, Job)
    erado = EradoConfig(
        erasure_model=ErasureModel.TRANSPILER_PASS,
        idling_error=IdlingErrorConfig(max_idle_length=7),
    )
    # for mypy, the classes of compiler-config have no types unless it is told to read them
    simulated: Job = sdk.create_job(program=QASM, config=erado)
    assert_type(simulated.qpu_id, str)
    several = sdk.create_job(program=[QASM, QASM], qpu_id=["qpu:1", "qpu:2"], label=["a", "b"])
    assert_type(several, CompositeJob)
    # a list anywhere makes a composite
    assert_type(sdk.create_job(program=[QASM], config=config), CompositeJob)
    assert_type(sdk.create_job(program=QASM, qpu_id=["qpu:1"]), CompositeJob)
    assert_type(sdk.create_job(program=QASM, config=[config, None]), CompositeJob)
    assert_type(sdk.create_job(program=QASM, label=["a"]), CompositeJob)


async def making_either_kind(sdk: OqcSdk, program: str | list[str]) -> None:
    assert_type(sdk.create_job(program=program), Job | CompositeJob)


async def attaching(sdk: OqcSdk) -> None:
    assert_type(await sdk.attach(uuid.uuid4()), Job)
    assert_type(await sdk.attach("0b2d0e7c-8a4c-4a6e-a4a1-7f6b1c1e2d3f", "qpu:1"), Job)


async def running(job: Job, composite: CompositeJob) -> None:
    assert_type(await job.execute(), JobOutputProxy[Any])
    assert_type(await job.execute(timeout_s=None), JobOutputProxy[Any])
    assert_type(await job.submit(timeout_s=10), Job)
    assert_type(await job.wait(), Job)
    assert_type(await job.wait(60.0), Job)
    assert_type(await job.refresh(), Job)
    assert_type(await job.cancel(), Job)
    assert_type(await job.cancel_if_active(), Job)
    assert_type(await job.get_wait_time(), dict[str, Any])
    assert_type(await composite.execute(timeout_s=0.5), JobOutputProxy[Any])
    assert_type(await composite.submit(), CompositeJob)
    assert_type(await composite.wait(None), CompositeJob)
    assert_type(await composite.refresh(), CompositeJob)
    assert_type(await composite.cancel(), CompositeJob)
    assert_type(await (await job.submit()).wait(), Job)

    def show(changed: Job) -> None:
        print(changed.state)

    assert_type(job.observe(show), Callable[[], None])
    stop = composite.observe(lambda child: print(child.label))
    assert_type(stop(), None)


def reading_a_job(job: Job) -> None:
    assert_type(job.program, str)
    assert_type(job.qpu_id, str)
    assert_type(job.task_id, uuid.UUID | None)
    assert_type(job.tag, str | None)
    assert_type(job.hybrid_marker, str | None)
    assert_type(job.label, str | None)
    assert_type(job.state, JobState)
    assert_type(job.status, str)
    assert_type(job.state_times, dict[str, dt.datetime])
    assert_type(job.ended, bool)
    assert_type(job.in_flight, bool)
    assert_type(job.completed, bool)
    assert_type(job.cancel_requested, bool)
    assert_type(job.result, JobResult | None)
    assert_type(job.error, JobError | None)
    assert_type(job.outputs, JobOutputProxy[Any])
    assert_type(job.history, JobOutputProxy[Any])
    assert_type(job.timings, dict[str, Any] | None)
    assert_type(job.metrics, dict[str, Any] | None)
    assert_type(job.metadata, dict[str, Any] | None)
    assert_type(job.raise_for_status(), None)
    assert_type(job.history_dataframe(), pandas.DataFrame)
    assert_type(job.reconfigure(program=QASM, tag="mine"), Job)
    if job.result is not None:
        assert_type(job.reconfigure(job.result), Job)
    assert_type(job.state is JobState.COMPLETED, bool)
    text: str = JobState.RUNNING
    print(text)


def reading_a_composite(composite: CompositeJob, job: Job) -> None:
    assert_type(composite.jobs, list[Job])
    assert_type(len(composite), int)
    assert_type(composite.state, JobState)
    assert_type(composite.ended, bool)
    assert_type(composite.completed, bool)
    assert_type(composite.completed_jobs, list[Job])
    assert_type(composite.failed_jobs, list[Job])
    assert_type(composite.active_jobs, list[Job])
    assert_type(composite.terminal_jobs, list[Job])
    assert_type(composite.error, JobError | None)
    assert_type(composite.outputs, JobOutputProxy[Any])
    assert_type(composite.history, JobOutputProxy[Any])
    assert_type(composite.raise_for_status(), None)
    assert_type(composite.to_dataframe(), pandas.DataFrame)
    own = CompositeJob([job])
    own.add(job)
    own.add([job, job])
    own.add(job for _ in range(2))
    assert_type(CompositeJob(), CompositeJob)


async def reading_outputs(outputs: JobOutputProxy[JobOutput]) -> None:
    assert_type(outputs.one, JobOutput)
    assert_type(outputs.first, JobOutput)
    assert_type(outputs.last, JobOutput)
    assert_type(outputs[0], JobOutput)
    assert_type(outputs[1:], JobOutputProxy[JobOutput])
    assert_type(list(outputs), list[JobOutput])
    assert_type(outputs.all(), list[JobOutput])
    assert_type(len(outputs), int)
    assert_type(outputs.is_single_instance, bool)
    assert_type(outputs.any_error, bool)
    assert_type(outputs.all_ok, bool)
    assert_type(outputs.results(), JobOutputProxy[JobResult])
    assert_type(outputs.errors(), JobOutputProxy[JobError])
    assert_type(outputs.results().last, JobResult)
    assert_type(outputs.errors().map(lambda error: error.error_code), list[int | None])
    assert_type(outputs.map(lambda output: output.ok), list[bool])
    assert_type(outputs.filter(lambda output: output.ok), JobOutputProxy[JobOutput])
    assert_type(outputs.raise_for_error(), JobOutputProxy[JobOutput])
    assert_type(outputs.attr_policy, AttrPolicy)
    outputs.attr_policy = AttrPolicy.WARN_FIRST
    assert_type(outputs.data, Any)  # of the only output
    assert_type(outputs.to_counts_dataarray("c"), scipp.DataArray)
    assert_type(outputs.like("0*", "c", Endianness.LITTLE, "pad"), scipp.DataArray)
    for output in outputs:
        assert_type(output, JobOutput)
        assert_type(output.ok, bool)
        assert_type(output.is_error, bool)
        assert_type(output.qpu_id, str | None)
        assert_type(output.task_id, uuid.UUID | None)
        assert_type(output.program, str | None)
        assert_type(output.received, dt.datetime | None)
        assert_type(output.state_times, dict[str, dt.datetime])
        assert_type(output.timings, dict[str, Any] | None)
        assert_type(output.metrics, dict[str, Any] | None)
        assert_type(output.metadata, dict[str, Any] | None)
        assert_type(output.job, Job | None)
        assert_type(output.to_dict(), dict[str, Any])
        assert_type(output.to_json(), str)
        assert_type(await output.resubmit(), Job)
        assert_type(await output.reexecute(), JobOutputProxy[Any])


async def reading_results(job: Job, result: JobResult, error: JobError) -> None:
    assert_type(result.data, Any)
    assert_type(result.to_dataframe(), pandas.DataFrame)
    assert_type(result.to_counts_dataarray("c", Endianness.BIG, "raise"), scipp.DataArray)
    assert_type(await result, JobResult)
    assert_type(bool(result), bool)
    assert_type(JobResult.from_job({"c": {"1": 10}}, job), JobResult)
    assert_type(JobResult.from_json(result.to_json(), job), JobResult)
    assert_type(JobResult({"c": {"1": 10}}, qpu_id="qpu:1"), JobResult)
    assert_type(error.error_code, int | None)
    assert_type(error.error_message, str | None)
    assert_type(error.short, str)
    assert_type(await error, JobError)
    assert_type(JobError.from_job(404, "gone", job), JobError)
    assert_type(JobError.from_json(error.to_json()), JobError)
    assert_type(bits("011", Endianness.LITTLE), scipp.Variable)


def saving_and_loading(sdk: OqcSdk, job: Job, composite: CompositeJob) -> None:
    assert_type(job.save("job.json"), None)
    assert_type(composite.save(Path("composite.json")), None)
    assert_type(sdk.load("job.json"), Job | CompositeJob)
    loaded = sdk.load(Path("job.json"))
    if isinstance(loaded, Job):
        assert_type(loaded, Job)
    else:
        assert_type(loaded, CompositeJob)
    # what both have needs no isinstance
    assert_type(loaded.state, JobState)
    assert_type(loaded.completed, bool)
    assert_type(loaded.error, JobError | None)
    assert_type(loaded.history, JobOutputProxy[Any])
    assert_type(job.to_snapshot(), JobSnapshot)
    assert_type(composite.to_snapshot(), CompositeJobSnapshot)
    assert_type(loaded.to_snapshot(), JobSnapshot | CompositeJobSnapshot)
    assert_type(sdk.from_snapshot(job.to_snapshot()), Job | CompositeJob)
    snapshot = JobSnapshot.model_validate_json(job.to_snapshot().model_dump_json())
    assert_type(snapshot, JobSnapshot)
    assert_type(snapshot.program, str)
    assert_type(snapshot.schema_version, str)
    assert_type(composite.to_snapshot().jobs, list[JobSnapshot])


async def running_what_was_loaded(sdk: OqcSdk) -> None:
    loaded = sdk.load("job.json")
    assert_type(await loaded.execute(), JobOutputProxy[Any])
    assert_type(await loaded.wait(timeout_s=5), Job | CompositeJob)


async def either_kind(job: Job, composite: CompositeJob) -> None:
    async def finished(jobs: list[JobLike]) -> list[bool]:
        for one in jobs:
            assert_type(await one.execute(timeout_s=5), JobOutputProxy[Any])
            assert_type(one.outputs, JobOutputProxy[Any])
            await one.cancel()
            await one.cancel_if_active()
        return [one.completed for one in jobs]

    assert_type(await finished([job, composite]), list[bool])


def errors(job: Job) -> None:
    try:
        job.raise_for_status()
    except JobFailed as failed:
        assert_type(failed.task_id, str)
        assert_type(failed.qpu_id, str | None)
        assert_type(failed.code, int | None)
        assert_type(failed.details, str | None)
    except AuthenticationError as refused:
        assert_type(refused.code, int)
    except ServerError as refused:
        assert_type(refused.answer, Any)
    except DisturbanceError as disturbance:
        assert_type(disturbance.may_have_arrived, bool)
        assert_type(disturbance.retry_after_s, float | None)
    tree: list[type[OqcError]] = [
        SessionError,
        SessionNotOpenError,
        SessionClosedError,
        SessionUnreachableError,
        SnapshotError,
    ]
    warning: type[UserWarning] = StaleResultWarning
    value_error: type[ValueError] = SnapshotError
    connection_error: type[ConnectionError] = SessionUnreachableError
    print(tree, warning, value_error, connection_error)
