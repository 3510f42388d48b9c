"""The package as a whole: public names, what an import brings in, no secrets anywhere."""

from __future__ import annotations

import ast
import importlib
import logging
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import oqc_notebook
import oqc_notebook.sdk
from oqc_notebook.sdk import OqcSdk
from oqc_notebook.sdk.credentials import Hidden
from oqc_notebook.sdk.errors import AuthenticationError, ServerError, SessionUnreachableError
from tests.faulty import FaultyProxy, answer
from tests.support import ONE, LocalQpu

PACKAGE = Path(oqc_notebook.__file__).parent


@pytest.mark.parametrize("module", [oqc_notebook, oqc_notebook.sdk], ids=lambda m: m.__name__)
def test_public_names_are_sorted_and_each_is_there(module: object) -> None:
    names = module.__all__
    assert names == sorted(names)
    for name in names:
        assert getattr(module, name) is not None
    assert set(names) <= set(dir(module))


def test_an_unknown_name_is_an_attribute_error() -> None:
    for module in (oqc_notebook, oqc_notebook.sdk):
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            _ = module.nothing


def test_its_modules_are_there_without_an_import_of_their_own() -> None:
    script = "import oqc_notebook as o; print(o.archive.mode(), o.sdk.Job.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "live Job\n"


def test_importing_the_sdk_brings_in_only_what_is_needed() -> None:
    script = (
        "import sys; from oqc_notebook.sdk import OqcSdk, Job; "
        "OqcSdk('https://example.com').create_job(program='x', qpu_id='q'); "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = {
        "IPython", "ipykernel", "ipywidgets", "anywidget", "pandas", "numpy", "qiskit",
        "qiskit_aer", "starlette", "uvicorn", "scipp", "nest_asyncio2", "httpx", "pydantic",
    }  # fmt: skip
    assert not heavy & set(done.stdout.split())


def _imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.startswith("oqc_notebook.")}


def test_arrows_point_one_way() -> None:
    layers = {
        "sdk": {"sdk"},
        "local": {"local"},
        "local_process.py": {"sdk"},
        "session.py": {"archive", "local_process", "sdk", "session"},
        "testing.py": {"local", "local_process", "sdk"},
        "static": {"sdk", "static"},
        "archive": {"archive", "sdk", "static"},
        "widgets": {"archive", "export", "sdk", "static", "widgets"},
        "overview.py": {"sdk", "session", "static", "widgets"},
        "export": {"archive", "export", "sdk", "static"},
        "magics": {"archive", "magics", "sdk", "session", "static", "widgets"},
    }
    for place, allowed in layers.items():
        path = PACKAGE / place
        files = [path] if path.suffix else sorted(path.rglob("*.py"))
        for file in files:
            used = {name.split(".")[1] for name in _imports(file)}
            # the package's own names stand for the layers they come from
            used -= {"__version__", "load_ipython_extension", *oqc_notebook.__all__}
            assert used <= allowed, f"{file.name} imports {used - allowed}"


def test_every_module_has_a_docstring() -> None:
    for file in PACKAGE.rglob("*.py"):
        assert ast.get_docstring(ast.parse(file.read_text())), file


def test_the_version_is_the_one_that_is_installed() -> None:
    assert importlib.metadata.version("oqc-notebook") == oqc_notebook.__version__


@pytest.mark.anyio
async def test_no_token_shows_in_reprs_errors_logs_tracebacks_or_files(
    local_qpu: LocalQpu, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    canary = "canary-f00d"
    shown: list[str] = []
    caplog.set_level(logging.DEBUG)
    for sdk in (
        OqcSdk(local_qpu.url, canary),
        OqcSdk(local_qpu.url, email="someone@example.com", password=canary),
        OqcSdk("http://127.0.0.1:9", canary),
    ):
        job = sdk.create_job(program=ONE, qpu_id="q")
        job.save(tmp_path / "job.json")
        shown += [repr(sdk), repr(sdk._credential), repr(job), (tmp_path / "job.json").read_text()]
        shown.append(repr(vars(job)))
        try:
            await sdk.open()
        except Exception as exc:
            shown += traceback.format_exception(exc, chain=True)
            shown += [repr(exc), str(exc), repr(exc.__dict__)]
            chain: BaseException | None = exc
            while chain is not None:
                shown.append(repr(vars(chain)))
                chain = chain.__cause__ or chain.__context__
    shown += [record.getMessage() for record in caplog.records]
    assert not [text for text in shown if canary in text]


@pytest.mark.anyio
async def test_a_wrong_token_is_told_without_the_token(local_qpu: LocalQpu) -> None:
    with pytest.raises(AuthenticationError) as caught:
        await OqcSdk(local_qpu.url, "canary-f00d").open()
    assert "canary" not in str(caught.value)
    assert "Check the token" in str(caught.value)


ECHOES = {
    "a page": "<pre>Authentication-Token: canary-f00d, email=a&password=canary-f00d</pre>",
    "v3": {"response": {"errors": ["canary-f00d is not known"]}},
    "v4": {"detail": [{"input": {"password": "canary-f00d"}}]},
}


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("body", ECHOES.values(), ids=ECHOES)
async def test_what_a_server_repeats_of_a_token_is_hidden(
    local_qpu: LocalQpu, proxy: FaultyProxy, body: object, status: int
) -> None:
    proxy.spoil("GET", "/admin/qpu", answer=answer(status, body), forward=False, times=None)
    proxy.spoil("POST", "/admin/login", answer=answer(status, body), forward=False, times=None)
    for account in ({"authentication_token": "canary-f00d"}, {"password": "canary-f00d"}):
        email = "a@b.uk" if "password" in account else None
        with pytest.raises(ServerError) as caught:
            await OqcSdk(proxy.url, email=email, **account).open()
        assert "<hidden>" in str(caught.value)
        assert "canary" not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.anyio
@pytest.mark.parametrize("url", [None, "http://127.0.0.1:9"], ids=["refused", "no server"])
async def test_a_traceback_that_shows_variables_hides_the_token(
    local_qpu: LocalQpu, url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OQC_AUTH_TOKEN", "-".join(["canary", "f00d"]))
    monkeypatch.setenv("OQC_SDK_MAX_TRANSPORT_RETRIES", "2")
    password = Hidden(os.environ["OQC_AUTH_TOKEN"])
    for account in ({}, {"email": "a@b.uk", "password": password}):
        with pytest.raises((AuthenticationError, SessionUnreachableError)) as caught:
            oqc_notebook.connect(url or local_qpu.url, archive=False, **account)
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert "canary" not in "".join(shown.format())
