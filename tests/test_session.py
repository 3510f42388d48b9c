"""connect() and run(): any caller, any loop or thread, and interrupts that are felt at once."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Iterator

import pytest

import oqc_notebook
from oqc_notebook.sdk import JobState, OqcSdk
from oqc_notebook.sdk.errors import (
    AuthenticationError,
    SessionClosedError,
    SessionError,
    SessionNotOpenError,
    SessionUnreachableError,
)
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, EXACT, ONE, LocalQpu, until


@pytest.fixture
def sdk(local_qpu: LocalQpu) -> Iterator[OqcSdk]:
    sdk = oqc_notebook.connect(
        local_qpu.url, authentication_token=local_qpu.token, default_qpu_id=EXACT
    )
    yield sdk
    oqc_notebook.run(sdk.close())


def test_run_serves_a_sync_caller(sdk: OqcSdk) -> None:
    job = sdk.create_job(program=ONE)
    assert oqc_notebook.run(job.execute()).one.data == {"c": {"1": 1000}}


def test_a_job_may_be_awaited_from_any_loop(sdk: OqcSdk) -> None:
    job = sdk.create_job(program=ONE)
    asyncio.run(job.execute())
    asyncio.run(job.execute())
    assert len(job.history) == 2


def test_jobs_may_be_run_from_many_threads(sdk: OqcSdk) -> None:
    jobs = [sdk.create_job(program=ONE) for _ in range(8)]
    threads = [
        threading.Thread(target=lambda job=job: oqc_notebook.run(job.execute())) for job in jobs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(job.completed for job in jobs)


def test_a_session_of_a_running_loop_serves_other_threads(local_qpu: LocalQpu) -> None:
    async def main() -> None:
        async with local_qpu.sdk() as sdk:
            job = sdk.create_job(program=ONE)
            await asyncio.to_thread(lambda: oqc_notebook.run(job.execute()))
            assert job.completed

    asyncio.run(main())


def test_run_inside_a_loop_serves_the_session_of_that_loop(local_qpu: LocalQpu) -> None:
    # nest-asyncio2 patches the loop for good, so this has a process of its own
    _in_process(
        f"""
        import asyncio, oqc_notebook
        from oqc_notebook.sdk import OqcSdk
        async def main():
            async with OqcSdk({local_qpu.url!r}, {local_qpu.token!r}) as sdk:
                job = sdk.create_job(program={ONE!r}, qpu_id={EXACT!r})
                print(oqc_notebook.run(job.execute()).one.data)
                await job.execute()
                print(len(job.history))
        asyncio.run(main())
        """,
        expect="{'c': {'1': 1000}}\n2\n",
    )


def test_run_inside_a_loop_serves_a_background_session_without_patching_the_loop(
    sdk: OqcSdk,
) -> None:
    async def main() -> None:
        job = sdk.create_job(program=ONE)
        assert oqc_notebook.run(job.execute()).one.ok

    asyncio.run(main())
    assert "nest_asyncio2" not in sys.modules


def test_run_on_the_sessions_own_thread_raises_instead_of_hanging(sdk: OqcSdk) -> None:
    job = sdk.create_job(program=ONE)
    said: list[str] = []

    def callback(job: object) -> None:
        try:
            oqc_notebook.run(sdk.list_qpus())
        except RuntimeError as exc:
            said.append(str(exc))

    job.observe(callback)
    oqc_notebook.run(job.execute())
    assert "wait for itself" in said[0]


def test_observers_are_called_on_the_sessions_loop(sdk: OqcSdk) -> None:
    job = sdk.create_job(program=ONE)
    threads: set[str] = set()
    job.observe(lambda _: threads.add(threading.current_thread().name))
    oqc_notebook.run(job.execute())
    job.reconfigure(program=BELL)
    until(lambda: job.state is JobState.CREATED)
    oqc_notebook.run(sdk.list_qpus())
    assert threads == {"oqc_notebook session"}


def test_connecting_again_gives_the_open_session_back(sdk: OqcSdk, local_qpu: LocalQpu) -> None:
    again = oqc_notebook.connect(local_qpu.url, authentication_token=local_qpu.token)
    assert again is sdk
    oqc_notebook.run(sdk.close())
    fresh = oqc_notebook.connect(local_qpu.url, authentication_token=local_qpu.token)
    assert fresh is not sdk
    oqc_notebook.run(fresh.close())


def test_the_session_asked_for_last_is_the_one_that_is_meant(
    sdk: OqcSdk, local_qpu: LocalQpu, proxy: FaultyProxy
) -> None:
    other = oqc_notebook.connect(proxy.url, authentication_token=local_qpu.token)
    assert oqc_notebook.qpus().sdk is other
    oqc_notebook.connect(local_qpu.url, authentication_token=local_qpu.token)
    assert oqc_notebook.qpus().sdk is sdk
    oqc_notebook.run(other.close())
    oqc_notebook.run(sdk.close())
    again = oqc_notebook.connect(proxy.url, authentication_token=local_qpu.token)
    assert oqc_notebook.qpus().sdk is again
    oqc_notebook.run(again.close())


def test_connect_reads_address_and_token_from_the_environment(
    local_qpu: LocalQpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OQC_URL", local_qpu.url)
    monkeypatch.setenv("OQC_AUTH_TOKEN", local_qpu.token)
    sdk = oqc_notebook.connect()
    assert oqc_notebook.run(sdk.list_qpus())[0]["id"] == EXACT
    oqc_notebook.run(sdk.close())


def test_half_of_an_address_and_a_token_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OQC_URL", raising=False)
    monkeypatch.delenv("OQC_AUTH_TOKEN", raising=False)
    with pytest.raises(ValueError, match="no token: set OQC_AUTH_TOKEN"):
        oqc_notebook.connect("http://127.0.0.1:1")
    with pytest.raises(ValueError, match="no address: give url="):
        oqc_notebook.connect(authentication_token="x")


def test_connect_without_arguments_starts_the_local_qpu_which_ends_with_the_process() -> None:
    output = _in_process(
        f"""
        import oqc_notebook
        sdk = oqc_notebook.connect()
        job = sdk.create_job(program={ONE!r})
        print(oqc_notebook.run(job.execute()).one.data)
        from oqc_notebook import session
        print("PID", session._local._process.pid)
        """
    )
    assert "results are simulated on this machine" in output
    assert "{'c': {'1': 1000}}" in output
    pid = int(output.split("PID ")[1])
    until(lambda: not _is_alive(pid))


def test_the_local_qpu_ends_when_the_process_is_killed() -> None:
    script = textwrap.dedent(
        """
        import oqc_notebook, time
        oqc_notebook.connect()
        from oqc_notebook import session
        print("PID", session._local._process.pid, flush=True)
        time.sleep(60)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = next(int(line.split()[1]) for line in process.stdout if line.startswith("PID"))
    process.kill()
    process.wait()
    process.stdout.close()
    until(lambda: not _is_alive(pid))


# ---- interrupts ----

_INTERRUPTED = """
import asyncio, sys, time
import oqc_notebook
sdk = oqc_notebook.connect({url!r}, authentication_token={token!r}, default_qpu_id={qpu!r})
job = sdk.create_job(program={program!r})
said = "again"
while said == "again":
    print("READY", flush=True)
    try:
        {wait}
    except (KeyboardInterrupt, asyncio.CancelledError) as exc:
        print("INTERRUPTED", type(exc).__name__, time.time(), flush=True)
    said = sys.stdin.readline().strip()
oqc_notebook.run(job.wait())
print(job.result.data, len(job.history))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts another process by a signal")
@pytest.mark.parametrize(
    "wait",
    ["oqc_notebook.run(job.execute())", "asyncio.run(job.execute())"],
    ids=["run()", "another loop"],
)
def test_an_interrupt_ends_a_wait_within_0_3_s_and_the_job_goes_on(
    proxy: FaultyProxy, local_qpu: LocalQpu, wait: str
) -> None:
    running = answer(200, {"status": "RUNNING"})
    fault = proxy.spoil("GET", "/all_info", answer=running, times=None)
    script = _INTERRUPTED.format(
        url=proxy.url, token=local_qpu.token, qpu=EXACT, program=ONE, wait=wait
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    felt: list[float] = []
    while len(felt) < 3 and not (felt and felt[-1] < 0.3):  # a busy machine may hiccup
        if felt:
            process.stdin.write("again\n")
            process.stdin.flush()
        assert process.stdout.readline() == "READY\n"
        looks = proxy.count("GET", "/all_info")
        until(lambda looks=looks: proxy.count("GET", "/all_info") > looks + 1)
        sent = time.time()
        process.send_signal(signal.SIGINT)
        word, _, when = process.stdout.readline().split()
        assert word == "INTERRUPTED"
        felt.append(float(when) - sent)
    assert felt[-1] < 0.3
    fault.times = 0
    output, _ = process.communicate("\n", timeout=30)
    assert output == "{'c': {'1': 1000}} 1\n"


# ---- sessions that are not open ----


def test_a_session_that_was_never_opened_says_so() -> None:
    job = OqcSdk("https://example.com", "x").create_job(program=ONE, qpu_id="q")
    with pytest.raises(SessionNotOpenError, match="is not open; open it with 'await sdk.open"):
        oqc_notebook.run(job.execute())


def test_a_closed_session_says_so_and_can_be_opened_again(local_qpu: LocalQpu) -> None:
    async def main() -> None:
        sdk = local_qpu.sdk()
        async with sdk:
            job = sdk.create_job(program=ONE)
        with pytest.raises(SessionClosedError, match="is closed; open a new one"):
            await job.execute()
        await sdk.open()
        await job.execute()
        assert job.completed
        await sdk.close()
        await sdk.close()

    asyncio.run(main())


def test_a_session_on_a_loop_that_has_ended_is_closed(local_qpu: LocalQpu) -> None:
    output = _in_process(
        f"""
        import asyncio
        from oqc_notebook.sdk import OqcSdk
        sdk = OqcSdk({local_qpu.url!r}, {local_qpu.token!r})
        async def forget_to_close():
            await sdk.open()
        asyncio.run(forget_to_close())
        try:
            asyncio.run(sdk.list_qpus())
        except Exception as exc:
            print(type(exc).__name__)
        """,
        warnings="ignore",  # about the socket that was left open
    )
    assert output == "SessionClosedError\n"


def test_a_session_on_a_loop_that_stands_still_says_so(local_qpu: LocalQpu) -> None:
    loop = asyncio.new_event_loop()
    sdk = local_qpu.sdk()
    loop.run_until_complete(sdk.open())
    with pytest.raises(SessionError, match="loop that this session was opened on is not running"):
        asyncio.run(sdk.list_qpus())
    loop.run_until_complete(sdk.close())
    loop.close()


def test_closing_a_session_ends_the_waits_and_leaves_the_job(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)

    async def main() -> None:
        async with proxied as sdk:
            job = sdk.create_job(program=ONE)
            waiting = asyncio.create_task(job.execute())
            while not job.in_flight:
                await asyncio.sleep(0.01)
        with pytest.raises(SessionClosedError, match="was closed while"):
            await waiting
        assert job.in_flight

    asyncio.run(main())


def test_a_server_that_is_down_is_said_within_10_s() -> None:
    began = time.monotonic()
    with pytest.raises(SessionUnreachableError, match="http://127.0.0.1:9 gave no usable answer"):
        oqc_notebook.connect("http://127.0.0.1:9", authentication_token="x")
    assert time.monotonic() - began < 10


def test_a_server_that_accepts_and_never_answers_is_said_within_10_s() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        with pytest.raises(SessionUnreachableError, match="gave no usable answer"):
            oqc_notebook.connect(
                f"http://127.0.0.1:{server.getsockname()[1]}", authentication_token="x"
            )
        assert time.monotonic() - began < 10


def test_opening_twice_at_once_leaves_one_connection(local_qpu: LocalQpu) -> None:
    async def main() -> None:
        sdk = local_qpu.sdk()
        await asyncio.gather(sdk.open(), sdk.open(), sdk.open())
        assert await sdk.list_qpus()
        await sdk.close()
        gc.collect()

    with warnings.catch_warnings(action="error"):  # a connection that is left open warns
        asyncio.run(main())


def test_a_wrong_token_is_said_at_once(local_qpu: LocalQpu) -> None:
    began = time.monotonic()
    with pytest.raises(AuthenticationError, match="does not accept the credentials"):
        oqc_notebook.connect(local_qpu.url, authentication_token="canary-5b1f")
    assert time.monotonic() - began < 5


def test_email_and_password_are_exchanged_for_a_token(local_qpu: LocalQpu) -> None:
    async def main() -> None:
        async with OqcSdk(local_qpu.url, email="a@b.uk", password=local_qpu.token) as sdk:
            assert await sdk.list_qpus()
        with pytest.raises(AuthenticationError):
            await OqcSdk(local_qpu.url, email="a@b.uk", password="wrong").open()

    asyncio.run(main())


def test_an_expired_token_is_renewed_once_where_the_credential_can(
    proxy: FaultyProxy, local_qpu: LocalQpu
) -> None:
    async def main() -> None:
        async with OqcSdk(proxy.url, email="a@b.uk", password=local_qpu.token) as sdk:
            proxy.spoil("GET", "/admin/qpu", answer=answer(401, {"detail": "expired"}))
            assert await sdk.list_qpus()
            assert proxy.count("POST", "/admin/login") == 2

    asyncio.run(main())


# ---- helpers ----


def _in_process(script: str, expect: str | None = None, warnings: str = "error") -> str:
    done = subprocess.run(
        [sys.executable, "-W", warnings, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    if expect is not None:
        assert done.stdout == expect
    return done.stdout


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
