"""Whatever bytes come, the local QPU answers with no 5xx, lets no stranger in, and goes on."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oqc_notebook.testing import LocalQpu, local_qpu
from tests.support import BELL, EXACT

PATHS = (
    "/admin/version", "/admin/login", "/admin/logout", "/admin/qpu", "/admin/qpu/{}", "/tasks",
    "/tasks/submit", "/tasks/cancel_many", "/tasks/{}/{}", "/tasks/{}/all_info", "/healthz",
    "/monitoring/statuses", "/monitoring/calibrations", "/monitoring/task_wait_time",
    "/monitoring/qpu_wait_time", "/windows/next", "/qpus", "/qpus/{}/features", "/qpus/{}/status",
    "/qpus/{}/benchmarks", "/{}/{}",
)  # fmt: skip
OPEN = ("/admin/version", "/admin/login", "/admin/logout", "/healthz")
METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "FETCH"])
TEXT = st.text(max_size=30) | st.sampled_from([EXACT, "status", "2026-02-30", "1e400", "\0", "-1"])
QUERIES = st.dictionaries(
    st.sampled_from(["page", "per_page", "start_date", "end_date", "date", "qpu_id", "x"]),
    TEXT | st.integers().map(str) | st.datetimes().map(str),
    max_size=3,
)
FIELDS = ("tasks", "program", "qpu_id", "config", "task_id", "task_count", "targets", "task_ids",
          "tag", "email", "password", "external_config")  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.just(BELL),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=10,
)
BODIES = st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode())

thoroughly = pytest.mark.parametrize(
    "examples", [200, pytest.param(20_000, marks=pytest.mark.soak)]
)


@pytest.fixture(scope="module")
def qpu() -> Iterator[LocalQpu]:
    with local_qpu() as qpu:
        yield qpu
        headers = {"Authentication-Token": qpu.token}
        assert httpx.get(f"{qpu.url}/admin/qpu", headers=headers).status_code == 200
        log = qpu._process._log
        log.seek(0)
        assert b"Traceback" not in log.read()


def answer_to(qpu: LocalQpu, request: bytes) -> bytes:
    """Send bytes as they are, and nothing after them; give what comes until the end."""
    parts = urlsplit(qpu.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        answer = b""
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                answer += more
        except ConnectionError:  # it has closed before it has read everything
            pass
    return answer


def status_of(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert found, answer
    return int(found[1])


def address(path: str, one: str, other: str, query: dict[str, str]) -> str:
    segments = path.format(*(quote(text, safe="", errors="replace") for text in (one, other)))
    encoded = "&".join(f"{k}={quote(v, errors='replace')}" for k, v in query.items())
    return f"{segments}?{encoded}" if query else segments


@thoroughly
def test_any_call_is_answered_and_none_with_a_5xx(qpu: LocalQpu, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(METHODS, st.sampled_from(PATHS), TEXT, TEXT, QUERIES, BODIES)
    def calls(
        method: str, path: str, one: str, other: str, query: dict[str, str], body: bytes
    ) -> None:
        head = (
            f"{method} {address(path, one, other, query)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authentication-Token: {qpu.token}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        answer = answer_to(qpu, head.encode() + body)
        assert 200 <= status_of(answer) < 500, answer
        if status_of(answer) >= 400 and method != "HEAD":
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["response"]["errors"][0]

    calls()


@thoroughly
def test_any_bytes_are_answered_or_the_connection_is_closed(qpu: LocalQpu, examples: int) -> None:
    lines = st.sampled_from(
        [b"GET /admin/qpu HTTP/1.1", b"POST /tasks HTTP/1.1", b"Host: 127.0.0.1", b"", b"\0",
         b"Transfer-Encoding: chunked", b"Content-Length: 5", b"Content-Length: -1", b"5", b"ffff",
         b"Expect: 100-continue", b"Upgrade: websocket", b"Connection: Upgrade", b"GET / HTTP/9.9",
         b"Authentication-Token: x"]
    )  # fmt: skip

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=300) | st.lists(lines | st.binary(max_size=20)).map(b"\r\n".join))
    def requests(request: bytes) -> None:
        answer = answer_to(qpu, request + b"\r\n\r\n")
        statuses = re.findall(rb"^HTTP/1\.1 (\d{3}) ", answer, flags=re.MULTILINE)
        assert {int(status) for status in statuses} <= {100, *range(400, 500)}, answer

    requests()


HEADERS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
HOSTS = HEADERS | st.sampled_from(
    [
        "127.0.0.1.example",
        "localhost.example",
        "0.0.0.0",
        "127.0.0.2",
        "[::1]",
        "127.1",
        "LOCALHOST:",
    ]
)
TRUSTED = re.compile(r"(127\.0\.0\.1|localhost)(:0*[1-9]\d*|:)?", flags=re.IGNORECASE)


@thoroughly
def test_no_stranger_gets_in(qpu: LocalQpu, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        METHODS,
        st.sampled_from(PATHS),
        HOSTS | st.just("127.0.0.1"),
        st.none() | HEADERS | st.sampled_from(["null", "http://127.0.0.1", "https://127.0.0.1"]),
        st.none() | HEADERS,
    )
    def calls(method: str, path: str, host: str, origin: str | None, token: str | None) -> None:
        given_headers = {"Host": host, "Origin": origin, "Authentication-Token": token}
        lines = [f"{name}: {value}" for name, value in given_headers.items() if value is not None]
        called = path.format("x", "y")
        request = "\r\n".join([f"{method} {called} HTTP/1.1", *lines, "Connection: close", "", ""])
        status = status_of(answer_to(qpu, request.encode()))
        at_home = TRUSTED.fullmatch(host) and origin in (None, f"http://{host}")
        if called not in OPEN or not at_home:
            assert status in (400, 401, 403)
        if not at_home:
            assert status != 401  # it does not even learn what is done with tokens

    calls()
