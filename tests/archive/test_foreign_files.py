"""An archive whose files somebody else has written: whatever they hold, a session goes on."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import oqc_notebook
from oqc_notebook import archive
from oqc_notebook.archive import sidecar as sidecars
from oqc_notebook.archive.index import entries
from oqc_notebook.sdk import OqcSdk
from tests.archive.support import names_in, read
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, EXACT, ONE, LocalQpu

run = oqc_notebook.run
_numbers = itertools.count()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["../../x", "runs/../../x.json", "0" * 12, "20260101T000000Z-0000"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def template(local_qpu: LocalQpu, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with runs, and with a job and a composite in flight."""
    root = tmp_path_factory.mktemp("template")
    with FaultyProxy(local_qpu.url) as proxy:
        sdk = OqcSdk(proxy.url, local_qpu.token, default_qpu_id=EXACT)
        run(sdk.open())
        recorder = archive.attach(sdk, root / "lab.oqc")
        bell, sweep = sdk.create_job(program=BELL), sdk.create_job(program=[ONE, ONE])
        for _ in range(2):
            run(bell.execute())
        run(sweep.execute())
        proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
        run(bell.submit())
        run(sweep.submit())
        assert recorder.flush()
        shutil.copytree(root / "lab.oqc", root / "copy.oqc")
        proxy.faults.clear()
        run(sdk.close())
    return root / "copy.oqc"


def places(document: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON document."""
    yield before
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from places(value, (*before, key))


def put(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a place."""
    if not place:
        return value
    changed = document.copy()
    changed[place[0]] = put(document[place[0]], place[1:], value)
    return changed


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_a_file_holds_a_session_goes_on(
    template: Path, tmp_path: Path, data: st.DataObject
) -> None:
    outside = tmp_path / "x.json"
    outside.write_text("mine")
    sidecars._warned.clear()
    folder = shutil.copytree(template, tmp_path / f"{next(_numbers)}.oqc")
    file = folder / data.draw(st.sampled_from(names_in(folder, "**/*.json")))
    document = read(file)
    place = data.draw(st.sampled_from(list(places(document))))
    file.write_text(json.dumps(put(document, place, data.draw(JSON))))
    sdk = OqcSdk("http://127.0.0.1:1")
    recorder = archive.attach(sdk, folder)
    for item in archive.archived(sdk):
        assert item.name.isidentifier()
        assert len(list(archive.reopen(sdk, item.name))) <= 2
    entries(recorder.sidecar)
    archive.rebuild_index(folder)
    assert recorder.flush()
    recorder.finish()
    assert outside.read_text() == "mine"


def test_the_template_itself_is_legible(template: Path, tmp_path: Path) -> None:
    sdk = OqcSdk("http://127.0.0.1:1")
    archive.attach(sdk, shutil.copytree(template, tmp_path / "lab.oqc"))
    listed = archive.archived(sdk)
    assert [(item.kind, item.standing) for item in listed] == [
        ("job", "another server's"),
        ("composite", "another server's"),
    ]
    assert [len(job.history) for job in archive.reopen(sdk, listed[0].name).values()] == [2]
    assert [len(job.history) for job in archive.reopen(sdk, listed[1].name).values()] == [2]


@pytest.mark.parametrize("content", ['{"mine": 1}', "{", '{"oqc_archive": 2, "id": "x"}'])
def test_what_is_called_archive_json_and_is_none_is_set_aside(
    template: Path, tmp_path: Path, content: str
) -> None:
    folder = shutil.copytree(template, tmp_path / "lab.oqc")
    (folder / "archive.json").write_text(content)
    recorder = archive.attach(OqcSdk("http://127.0.0.1:1"), folder)
    assert recorder.begin()
    recorder.finish()
    assert (folder / "archive.json.damaged").read_text() == content
    assert read(folder / "archive.json")["oqc_archive"] == 1


def test_before_anything_is_asked_for_nothing_is_written(template: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(template, tmp_path / "lab.oqc")
    before = names_in(folder)
    sdk = OqcSdk("http://127.0.0.1:1", "a token of 20 letters")
    recorder = archive.attach(sdk, folder)
    for _ in range(3):
        assert recorder.flush()
    assert names_in(folder) == before
