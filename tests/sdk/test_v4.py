"""The v4 dialect, switched on by OQC_QCAAS_V4, against the local QPU's v4 calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from oqc_notebook.sdk import CompositeJob, OqcSdk
from oqc_notebook.sdk.errors import AuthenticationError, ServerError
from tests.faulty import FaultyProxy
from tests.support import BROKEN, EXACT, ONE, LocalQpu

pytestmark = pytest.mark.anyio


@pytest.fixture
def v4(proxy: FaultyProxy, local_qpu: LocalQpu, monkeypatch: pytest.MonkeyPatch) -> OqcSdk:
    monkeypatch.setenv("OQC_QCAAS_V4", "true")
    return OqcSdk(proxy.url, local_qpu.token, default_qpu_id=EXACT)


async def test_jobs_and_composites_run_and_come_back(
    v4: OqcSdk, proxy: FaultyProxy, tmp_path: Path
) -> None:
    async with v4 as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        composite = sdk.create_job(program=[ONE, BROKEN, ONE])
        await composite.execute()
        assert [output.is_error for output in composite.outputs] == [False, True, False]
        composite.save(tmp_path / "composite.json")
        restored = sdk.load(tmp_path / "composite.json")
        await restored.execute()
        assert len(restored.history) == 6
        await job.refresh()
        assert job.completed
    assert not [path for _, path in proxy.log if path.startswith("/admin")]


async def test_what_v4_does_not_tell_is_said(v4: OqcSdk) -> None:
    async with v4 as sdk:
        with pytest.raises(ValueError, match="give its qpu_id"):
            await sdk.get_system_status()
        with pytest.raises(ServerError, match="not kept here"):
            await sdk.get_calibration(date_filter="2026-11-23")


async def test_more_ids_than_a_request_can_ask_for_are_reserved_in_parts(
    v4: OqcSdk, proxy: FaultyProxy
) -> None:
    async with v4 as sdk:
        composite = CompositeJob([sdk.create_job(program=ONE) for _ in range(3000)])
        await composite.submit()
        assert len({job.task_id for job in composite.jobs}) == 3000
        assert proxy.log.count(("POST", "/tasks")) == 3
        await composite.cancel()


async def test_a_wrong_token_is_said(local_qpu: LocalQpu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OQC_QCAAS_V4", "1")
    with pytest.raises(AuthenticationError, match="does not accept the credentials"):
        await OqcSdk(local_qpu.url, "wrong").open()
