"""OqcSdk: constructing, making jobs, asking about QPUs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from compiler_config.config import CompilerConfig

import oqc_notebook
from oqc_notebook.sdk import CompositeJob, EradoConfig, Job, JobLike, OqcSdk
from oqc_notebook.sdk.errors import AuthenticationError
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, EXACT, ONE, QPUS, LocalQpu

pytestmark = pytest.mark.anyio

SDK = OqcSdk("https://example.com", "x", default_qpu_id="default")


# ---- constructing ----


@pytest.mark.parametrize("url", ["example.com", "ftp://example.com", "https://", ""])
def test_an_address_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not an http or https address"):
        OqcSdk(url)


@pytest.mark.parametrize(
    "url",
    [
        "canary-f00d",
        "https://canary-f00d@example.com",
        "https://ada:canary-f00d@example.com",
        "https://example.com/?token=canary-f00d",
        "https://example.com/#canary-f00d",
    ],
)
def test_a_token_in_the_address_is_refused_and_not_shown(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OQC_AUTH_TOKEN", raising=False)
    for refused in (lambda: OqcSdk(url), lambda: oqc_notebook.connect(url)):
        with pytest.raises(ValueError, match="address") as caught:
            refused()
        assert "canary" not in str(caught.value)


async def test_the_line_break_at_the_end_of_a_token_is_left_out(local_qpu: LocalQpu) -> None:
    async with OqcSdk(local_qpu.url, f"{local_qpu.token}\n") as sdk:
        assert await sdk.list_qpus()


@pytest.mark.parametrize("token", ["canary\n-f00d", "canary-f00d-é", "canary\x00f00d"])
async def test_a_token_that_no_header_can_hold_is_refused_and_not_shown(
    token: str, local_qpu: LocalQpu
) -> None:
    class Own:
        supports_silent_reauth = False

        async def get_auth_headers(self, **_: bool) -> dict[str, str]:
            return {"Authorization": f"Bearer {token}"}

    with pytest.raises(ValueError, match="not ASCII") as refused:
        OqcSdk(local_qpu.url, token)
    with pytest.raises(AuthenticationError, match="cannot be sent") as unsent:
        await OqcSdk(local_qpu.url, credential=Own()).open()
    assert "canary" not in f"{refused.value!r} {unsent.value!r}"


@pytest.mark.parametrize(
    "ways",
    [
        {"email": "a@b.uk"},
        {"password": "x"},
        {"email": "a@b.uk", "password": "x", "authentication_token": "y"},
        {"credential": object(), "authentication_token": "y"},
    ],
)
def test_half_a_way_or_two_ways_to_authenticate_are_refused(ways: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"together|not both"):
        OqcSdk("https://example.com", **ways)


def test_a_senseless_number_of_tries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OQC_SDK_MAX_TRANSPORT_RETRIES", "none")
    with pytest.raises(ValueError, match="OQC_SDK_MAX_TRANSPORT_RETRIES"):
        OqcSdk("https://example.com")


async def test_any_object_with_the_credential_protocol_will_do(local_qpu: LocalQpu) -> None:
    class Own:
        supports_silent_reauth = False

        async def get_auth_headers(
            self, *, allow_interactive: bool = True, force_refresh: bool = False
        ) -> dict[str, str]:
            return {"Authentication-Token": local_qpu.token}

    async with OqcSdk(local_qpu.url, credential=Own()) as sdk:
        assert await sdk.list_qpus()


# ---- making jobs ----


def test_scalars_make_a_job_and_any_list_makes_a_composite() -> None:
    config = CompilerConfig()
    assert isinstance(SDK.create_job(program="a", qpu_id="q", config=config), Job)
    assert isinstance(SDK.create_job(program=["a"], qpu_id="q"), CompositeJob)
    assert isinstance(SDK.create_job(program="a", qpu_id=["q"]), CompositeJob)
    assert isinstance(SDK.create_job(program="a", config=[config]), CompositeJob)
    for job in (SDK.create_job(program="a"), SDK.create_job(program=["a"])):
        assert isinstance(job, JobLike)


def test_lists_of_equal_length_go_together_and_length_one_goes_with_all() -> None:
    one, two = CompilerConfig(repeats=1), EradoConfig(repeats=2)
    composite = SDK.create_job(program=["a", "b"], qpu_id=["q"], config=[one, two])
    assert [(job.program, job.qpu_id, job.config) for job in composite.jobs] == [
        ("a", "q", one),
        ("b", "q", two),
    ]
    assert all(type(job.program) is str for job in composite.jobs)


def test_the_default_qpu_is_taken_where_none_is_named() -> None:
    assert SDK.create_job(program="a").qpu_id == "default"
    bare = OqcSdk("https://example.com")
    with pytest.raises(ValueError, match="set_default_qpu"):
        bare.create_job(program="a")
    bare.set_default_qpu("q")
    assert bare.default_qpu_id == "q"
    assert bare.create_job(program=["a", "b"]).jobs[1].qpu_id == "q"


def test_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2 program\(s\), 3 qpu_id\(s\)"):
        SDK.create_job(program=["a", "b"], qpu_id=["q", "r", "s"])
    with pytest.raises(ValueError, match="empty"):
        SDK.create_job(program=[])


def test_a_program_that_is_not_text_is_refused() -> None:
    with pytest.raises(TypeError, match="A program is text, not bytes"):
        SDK.create_job(program=["a", b"b"])


def test_a_composite_made_at_once_has_at_most_200_children(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(SDK.create_job(program=["a"] * 200)) == 200
    with pytest.raises(ValueError, match="201 children are more than the 200"):
        SDK.create_job(program=["a"] * 201)
    monkeypatch.setenv("OQC_SDK_MAX_BROADCAST_JOBS", "3")
    with pytest.raises(ValueError, match="more than the 3"):
        SDK.create_job(program=["a"] * 4)
    monkeypatch.setenv("OQC_SDK_MAX_BROADCAST_JOBS", "many")
    with pytest.raises(ValueError, match="'many', which is not a whole number"):
        SDK.create_job(program=["a"] * 4)


def test_children_are_added_one_by_one_or_in_lists() -> None:
    composite = CompositeJob()
    composite.add(SDK.create_job(program="a"))
    composite.add([SDK.create_job(program=str(i)) for i in range(300)])
    assert len(composite) == len(composite.jobs) == 301


async def test_an_empty_composite_has_nothing_to_do() -> None:
    composite = CompositeJob()
    assert len(await composite.execute()) == 0
    assert not composite.completed
    assert composite.state == "CREATED"


def test_reconfigure_refuses_an_unknown_input_and_changes_nothing() -> None:
    job = SDK.create_job(program="a")
    with pytest.raises(AttributeError, match="no input 'shots'"):
        job.reconfigure(program="b", shots=3)
    assert job.program == "a"


# ---- QPUs, as v3 tells them; the rest is in test_lookups.py ----


async def test_a_feature_set_that_is_no_json_is_left_as_it_is(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    item = {"id": EXACT, "feature_set": "{half"}
    proxy.spoil("GET", f"/admin/qpu/{EXACT}", answer=answer(200, item))
    async with proxied as sdk:
        assert await sdk.get_features() == "{half"


async def test_old_calibrations_and_all_statuses_are_told(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        assert await sdk.get_calibration(date_filter=dt.date(2026, 11, 23))
        assert [status["qpu_id"] for status in await sdk.get_system_status()] == list(QPUS)


# ---- running ----


async def test_reading_is_retried_and_a_job_on_a_new_qpu_is_found(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/admin/qpu", answer=answer(503, {}), times=2)
        assert await sdk.list_qpus()
        sdk._require_connection().service._endpoints.clear()
        job = sdk.create_job(program=BELL)
        await job.execute()
        assert job.completed


async def test_diagnostics_are_fetched_where_they_are_asked_for(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        plain = sdk.create_job(program=ONE)
        asked = sdk.create_job(program=ONE, fetch_diagnostics=True)
        await plain.execute()
        await asked.execute()
        assert plain.timings is None
        assert asked.timings
        assert asked.metrics
        assert asked.metadata
        assert asked.history.last.timings == asked.timings


async def test_the_number_of_requests_is_public(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        before = sdk.requests
        await sdk.list_qpus()
        assert sdk.requests == before + 1
