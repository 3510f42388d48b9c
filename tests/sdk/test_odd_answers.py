"""Answers of another shape than expected: no raw library error, and never a blank message."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from oqc_notebook.sdk import JobState, OqcSdk
from oqc_notebook.sdk.errors import SessionUnreachableError
from tests.faulty import FaultyProxy, answer
from tests.support import EXACT, ONE, SIMULATOR, LocalQpu

pytestmark = pytest.mark.anyio

#: Error bodies, and what has to be found in the message.
BODIES: list[tuple[Any, str]] = [
    ("", "HTTP status 404"),
    ({}, "HTTP status 404"),
    ([], "HTTP status 404"),
    (None, "HTTP status 404"),
    ({"response": {"errors": []}}, "response"),
    ({"response": {"errors": [None]}}, "response"),
    ({"response": {"errors": [""]}, "message": "in words"}, "in words"),
    ({"response": {"errors": [{"code": 7}]}}, "7"),
    ({"response": {"errors": "no list"}}, "no list"),
    ({"response": None, "detail": [{"loc": ["body"], "msg": "field required"}]}, "field required"),
    ({"detail": "of v4"}, "of v4"),
    ("<html>" + "x" * 100_000, "<html>"),
    ("\x00\ud7ff", "\ud7ff"),
]


@pytest.mark.parametrize(("body", "said"), BODIES)
async def test_a_refusal_of_any_shape_is_told_in_words(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path, body: Any, said: str
) -> None:
    async with proxied as sdk:
        looked_at, submitted = sdk.create_job(program=ONE), sdk.create_job(program=ONE)
        await looked_at.execute()
        proxy.spoil("GET", "/all_info", answer=answer(404, body))
        await looked_at.refresh()
        proxy.spoil("POST", "/tasks/submit", answer=answer(404, body), forward=False)
        await submitted.execute()
        for job in (looked_at, submitted):
            assert job.error is not None
            assert job.error.error_code == 404
            assert said in str(job.error.error_message)
            assert len(str(job.error.error_message)) < 1300
            job.save(tmp_path / "job.json")
            assert sdk.load(tmp_path / "job.json").error == job.error


def raw(status: int, content: bytes, **headers: str) -> bytes:
    """An answer with exactly this content."""
    head = [f"HTTP/1.1 {status} Made up", f"Content-Length: {len(content)}", "Connection: close"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


@pytest.mark.parametrize(
    "spoilt",
    [
        raw(200, b"no gzip", Content_Encoding="gzip"),
        raw(200, b"[" * 100_000 + b"]" * 100_000),
        raw(200, b'{"status": ' + b"9" * 5000 + b"}"),
        raw(200, b'{"status": "\xff"}'),
        raw(503, b"\xff", Content_Type="text/html; charset=undefined"),
    ],
    ids=["no gzip", "deep", "digits", "no UTF-8", "charset"],
)
async def test_an_illegible_answer_while_polling_is_passed_over(
    proxied: OqcSdk, proxy: FaultyProxy, spoilt: bytes
) -> None:
    async with proxied as sdk:
        composite = sdk.create_job(program=[ONE, ONE])
        await composite.submit()
        proxy.spoil("GET", f"/tasks/{composite.jobs[0].task_id}/all_info", answer=spoilt)
        await composite.execute()
        assert composite.completed


@pytest.mark.parametrize("charset", ["undefined", "base64", "punycode", "none-such"])
async def test_a_refusal_in_any_encoding_is_told(
    proxied: OqcSdk, proxy: FaultyProxy, charset: str
) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        page = raw(400, b"not so \xff", Content_Type=f"text/html; charset={charset}")
        proxy.spoil("POST", "/tasks/submit", forward=False, answer=page)
        await job.execute()
        assert "not so" in str(job.error and job.error.error_message)


async def test_what_goes_wrong_with_one_look_leaves_the_other_jobs_alone(
    local_qpu: LocalQpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with local_qpu.sdk() as sdk:
        composite = sdk.create_job(program=[ONE, ONE, ONE])
        bad = composite.jobs[0]

        def fail(*_: object) -> None:
            raise ZeroDivisionError("a fault in this very package")

        monkeypatch.setattr(bad, "_take_over", fail)
        with pytest.raises(ZeroDivisionError):
            await composite.execute()
        monkeypatch.undo()
        assert bad.error is None
        await composite.execute()
        assert [len(job.history) for job in composite.jobs] == [1, 1, 1]


@pytest.mark.parametrize(
    ("told", "code", "said"),
    [
        (None, -1, "no reason"),
        ({}, -1, "no reason"),
        ([], -1, "no reason"),
        ("in words", -1, "in words"),
        ({"error_message": "in words"}, -1, "in words"),
        ({"error_code": "E7", "error_message": None}, -1, "no reason"),
        ({"error_code": 0, "error_message": ["a", "list"]}, 0, "list"),
        (7, -1, "7"),
    ],
)
async def test_the_error_of_a_failed_run_is_told_in_words(
    proxied: OqcSdk, proxy: FaultyProxy, told: Any, code: int, said: str
) -> None:
    async with proxied as sdk:
        body = {"status": "FAILED", "task_error": told}
        proxy.spoil("GET", "/all_info", answer=answer(200, body))
        job = sdk.create_job(program=ONE)
        outputs = await job.execute()
        assert job.state is JobState.FAILED
        assert outputs.one.error_code == code
        assert said in outputs.one.error_message


@pytest.mark.parametrize("status", [None, "", 7, {"word": "RUNNING"}, "PAUSED"])
async def test_a_status_of_any_shape_is_waited_for_and_can_be_saved(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path, status: Any
) -> None:
    async with proxied as sdk:
        composite = sdk.create_job(program=[ONE, ONE])
        await composite.submit()
        ahead, behind = composite.jobs
        await ahead.wait()
        path = f"/tasks/{behind.task_id}/all_info"
        odd = proxy.spoil("GET", path, answer=answer(200, {"status": status}), times=None)
        await behind.refresh()
        if behind.state is not JobState.COMPLETED:  # else it had ended before the first odd answer
            assert behind.state is JobState.UNKNOWN
            assert behind.in_flight
        composite.save(tmp_path / "composite.json")
        restored = sdk.load(tmp_path / "composite.json")
        assert restored.jobs[0].completed  # type: ignore[union-attr]
        odd.times = 0
        await restored.execute()
        assert restored.completed


@pytest.mark.parametrize(
    "body",
    [
        {"status": "COMPLETED", "results": {"c": {"1": 3}}, "timings": [1], "metadata": "text"},
        {"status": "COMPLETED", "results": {"c": {"1": 3}}},
        {"status": "DONE", "results": {"c": {"1": 3}}, "execution_metadata": 7},
    ],
)
async def test_diagnostics_of_any_shape_do_no_harm(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path, body: dict[str, Any]
) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", answer=answer(200, body))
        job = sdk.create_job(program=ONE, fetch_diagnostics=True)
        await job.execute()
        assert job.completed
        assert (job.timings, job.metrics, job.metadata) == (None, None, None)
        job.save(tmp_path / "job.json")


@pytest.mark.parametrize("levels", [200, 400, 900])
async def test_diagnostics_without_end_do_not_take_the_result_with_them(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path, levels: int
) -> None:
    deep: dict[str, Any] = {"at": "the end"}
    for _ in range(levels):
        deep = {"x": deep}
    body = {
        "status": "COMPLETED",
        "results": {"c": {"1": 3}},
        "metadata": deep,
        "timings": {"A": 1},
    }
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", answer=answer(200, body))
        job = sdk.create_job(program=ONE, fetch_diagnostics=True)
        await job.execute()
        assert job.result is not None
        assert (job.result.data, job.timings, job.metadata) == ({"c": {"1": 3}}, {"A": 1}, None)
        job.save(tmp_path / "job.json")


async def test_halves_of_characters_keep_no_job_from_being_saved(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path
) -> None:
    error = {"error_code": 7, "error_message": "no \ud83d\ude00 \ud800!"}
    bodies = [
        {"status": "FAILED", "task_error": error},
        {"status": "COMPLETED", "results": {"c\udc00": {"1": 3}}, "metadata": {"\udbff": "\ud900"}},
        {"status": "PAUSED \udfff"},
    ]
    async with proxied as sdk:
        jobs = [sdk.create_job(program=ONE, fetch_diagnostics=True) for _ in bodies]
        for job, body in zip(jobs, bodies, strict=True):
            await job.submit()
            told = answer(200, body)
            assert b"\\ud" in told
            proxy.spoil("GET", f"/tasks/{job.task_id}/all_info", answer=told)
            await job.refresh()
            job.save(tmp_path / "job.json")
            assert sdk.load(tmp_path / "job.json").state is job.state
        assert jobs[0].error is not None
        assert jobs[0].error.error_message == "no 😀 \N{REPLACEMENT CHARACTER}!"


async def test_a_cancelled_job_never_turns_to_running_again(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        await job.submit()
        proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "CANCELLED"}))
        await job.cancel()
        assert job.state is JobState.CANCELLED
        assert job.error is not None
        error = job.error
        for status in ("RUNNING", "SUBMITTED", "CREATED", "COMPLETED"):
            proxy.spoil("GET", "/all_info", answer=answer(200, {"status": status}))
            await job.refresh()
            assert job.state is JobState.CANCELLED
            assert job.error is error
        assert len(job.history) == 1


async def test_the_refused_batch_of_one_qpu_leaves_those_of_others_alone(
    proxied: OqcSdk, proxy: FaultyProxy, local_qpu: LocalQpu
) -> None:
    with FaultyProxy(local_qpu.url) as own:
        items = [
            {"id": EXACT, "active": True, "url": proxy.url},
            {"id": SIMULATOR, "active": True, "url": own.url},
        ]
        proxy.spoil("GET", "/admin/qpu", answer=answer(200, {"items": items}), times=None)
        proxy.spoil("POST", "/tasks/submit", delay_s=0.3)  # the refusal comes first
        own.spoil("POST", "/tasks/submit", answer=answer(403, {"detail": "no"}), forward=False)
        async with proxied as sdk:
            composite = sdk.create_job(program=ONE, qpu_id=[EXACT, SIMULATOR, EXACT])
            await composite.execute()
            assert [job.completed for job in composite.jobs] == [True, False, True]
            assert composite.jobs[1].error is not None
            assert composite.jobs[1].error.error_code == 403


@pytest.mark.parametrize(
    "spoilt",
    [
        {"delay_s": 30.0},
        {"drop": True},
        {"answer": answer(503, {})},
        {"answer": answer(429, {}, Retry_After="3600")},
        {"answer": answer(200, "<html>One moment</html>")},
        {"answer": answer(200, {"status": "PAUSED"})},
    ],
    ids=["hangs", "drops", "503", "Retry-After", "HTML", "unknown status"],
)
async def test_nothing_the_server_does_outlasts_the_timeout(
    proxied: OqcSdk, proxy: FaultyProxy, spoilt: dict[str, Any]
) -> None:
    async with proxied as sdk:
        fault = proxy.spoil("GET", "/all_info", times=None, **spoilt)
        job = sdk.create_job(program=ONE)
        await job.submit()
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="stay in flight"):
            await job.wait(timeout_s=0.5)
        assert time.monotonic() - began < 5
        assert job.in_flight
        assert job.error is None
        fault.times = 0
        await job.refresh()  # at once, whatever the server asked of those who only wait
        assert job.status in ("SUBMITTED", "RUNNING", "COMPLETED")


async def test_a_look_up_gives_up_at_once_where_the_server_asks_for_an_hour_of_patience(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        await job.submit()
        busy = proxy.spoil(
            "GET", "/all_info", times=None, answer=answer(429, {}, Retry_After="7e9")
        )
        with pytest.raises(SessionUnreachableError, match=r"in 5 tries.*Check the address"):
            await job.refresh()
        busy.answer = answer(429, {}, Retry_After="9" * 30)
        asked_before = proxy.count("GET", "/all_info")
        with pytest.raises(SessionUnreachableError, match=r"in 1 try\..* asks for 3600 s"):
            await job.refresh()
        assert proxy.count("GET", "/all_info") == asked_before + 1
        assert job.in_flight


def test_a_session_that_cannot_open_asks_no_other_host() -> None:
    script = """
        import asyncio, json, sys
        asked = set()
        def audit(event, arguments):
            if event in ("socket.getaddrinfo", "socket.connect"):
                asked.add(str(arguments[0] if event == "socket.getaddrinfo" else arguments[1][0]))
        sys.addaudithook(audit)
        from oqc_notebook.sdk import OqcSdk
        from oqc_notebook.sdk.errors import SessionUnreachableError
        try:
            asyncio.run(OqcSdk("http://127.0.0.1:9", "x").open())
        except SessionUnreachableError:
            print(json.dumps(sorted(asked)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ["127.0.0.1"]
