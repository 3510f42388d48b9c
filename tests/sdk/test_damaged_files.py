"""Whatever a file holds, loading it works or raises a ValueError that says where."""

from __future__ import annotations

import copy
import json
import os
import re
import resource
import sys
import time
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from compiler_config.config import CompilerConfig, Qasm2Optimizations, QuantumResultsFormat
from compiler_config.experimental.erado.config import EradoConfig
from hypothesis import given, settings
from hypothesis import strategies as st

from oqc_notebook.sdk import CompositeJob, ExperimentalConfig, Job, OqcSdk
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.files import read_content
from oqc_notebook.sdk.outputs import JobError, JobResult
from oqc_notebook.sdk.persistence import file_content, load_file

SDK = OqcSdk("https://example.com")


def a_job(program: str = "a") -> Job:
    """A job with something in every field."""
    config = CompilerConfig(repeats=5, optimizations=Qasm2Optimizations())
    job = SDK.create_job(program=program, qpu_id="q", config=config)
    assert isinstance(job, Job)
    for i, data in enumerate(({"c": {"00": 1}}, [float("nan"), 1], None)):
        job._begin_run({})
        job._reserved(uuid.UUID(int=i))
        job._submitted()
        job._take_over(job._run, {"status": "COMPLETED", "results": data or "x"})  # type: ignore[arg-type]
        job.reconfigure(config=[EradoConfig(), ExperimentalConfig(noise=True), config][i])
    job.timings, job.metadata = {"a": "b"}, {"c": [1, {"d": None}]}
    job._begin_run({})
    job._reserved(uuid.UUID(int=9))
    job._submitted()
    job._take_over(job._run, {"status": "EXPIRED"})  # type: ignore[arg-type]
    return job


JOB = file_content(a_job())
COMPOSITE = file_content(CompositeJob([a_job("a"), a_job("b")]))


def load(tmp_path: Path, content: bytes) -> Any:
    path = tmp_path / "the file.json"
    path.write_bytes(content)
    return SDK.load(path)


def refused(tmp_path: Path, content: bytes) -> str:
    """Load a file that cannot be; give the message, which names the file."""
    with pytest.raises(ValueError, match=r".") as caught:
        load(tmp_path, content)
    assert isinstance(caught.value, SnapshotError)
    message = str(caught.value)
    assert "the file.json" in message + "".join(getattr(caught.value, "__notes__", ""))
    assert len(message) < 2000
    return message


def changed(content: bytes, change: Callable[[Any], Any]) -> bytes:
    document = json.loads(content)
    change(document)
    return json.dumps(document).encode()


def loaded_or_refused(content: bytes) -> Any:
    """Load a file's content; None if it is refused, with the file's name."""
    try:
        return load_file(content, "the file.json", SDK)
    except SnapshotError as exc:
        told = str(exc) + "".join(getattr(exc, "__notes__", ""))
    assert "the file.json" in told
    return None


# ---- what is no snapshot ----


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"not JSON",
        b"{",
        b"[]",
        b"5",
        b"null",
        b'"text"',
        b"{}",
        b'{"a": 1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 5000 + b"]" * 5000,
        b"\x00" * 100,
        b"PK\x03\x04",
        b'{"schema_version": "1"}',
        b'{"schema_version": "1", "snapshot_kind": "notebook"}',
        b'{"schema_version": "1", "snapshot_kind": ["job"]}',
        b'{"schema_version": "1", "snapshot_kind": {"job": 1}}',
        b'{"schema_version": "1", "snapshot_kind": "job"}',
        b'{"schema_version": "1", "snapshot_kind": "composite"}',
        b'{"schema_version": "1", "snapshot_kind": "composite", "jobs": {}}',
        b'{"schema_version": "1", "snapshot_kind": "composite", "jobs": [1]}',
        b'{"schema_version": "1", "snapshot_kind": "composite", "jobs": [null]}',
        b'{"cells": [], "metadata": {}, "nbformat": 4}',
    ],
    ids=lambda content: content[:40].decode("latin-1"),
)
def test_what_is_no_snapshot_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    refused(tmp_path, content)


@pytest.mark.parametrize("first", [b"[]", b"1", b'"text"', b"null", b"{}", b"[\n}"])
def test_a_child_that_is_no_job_is_refused_in_a_file_that_is_laid_out_as_ours(
    tmp_path: Path, first: bytes
) -> None:
    begin, separator, rest = COMPOSITE.partition(b'"jobs": [\n')
    refused(tmp_path, begin + separator + first + b",\n" + rest)


@pytest.mark.parametrize("kept", [1, 2, 100, -1000, -3])
def test_a_truncated_file_is_refused_with_its_place(tmp_path: Path, kept: int) -> None:
    assert "line" in refused(tmp_path, JOB[:kept])


def test_a_file_that_is_not_utf_8_is_refused_with_its_place(tmp_path: Path) -> None:
    assert "byte 5 is 0xff" in refused(tmp_path, JOB[:5] + b"\xff" + JOB[5:])
    latin = JOB.replace(b'"a"', '"θ"'.encode("iso-8859-7"), 1)
    assert "UTF-8" in refused(tmp_path, latin)
    assert "UTF-8" in refused(tmp_path, JOB.decode().encode("utf-16"))


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbf" + JOB).program == "a"


def test_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "saved jobs").mkdir()
    with pytest.raises(SnapshotError, match="saved jobs"):
        SDK.load(tmp_path / "saved jobs")


@pytest.mark.parametrize(
    ("content", "change"),
    [
        (JOB, {"snapshot_kind": "composite"}),
        (COMPOSITE, {"snapshot_kind": "job"}),
        (JOB, {"snapshot_kind": "Job"}),
        (JOB, {"snapshot_kind": None}),
    ],
)
def test_a_mislabelled_file_is_refused(
    tmp_path: Path, content: bytes, change: dict[str, Any]
) -> None:
    refused(tmp_path, changed(content, lambda document: document.update(change)))


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (["program"], None, "program"),
        (["program"], 5, "program"),
        (["state"], "BOGUS", "state"),
        (["task_id"], "five", "task_id"),
        (["history"], {}, "history"),
        (["history", 1], 5, "history.1"),
        (["history", 1, "kind"], "neither", "history.1"),
        (["history", 0, "received"], "yesterday", r"history.0.*received"),
        (["history", 0, "data"], [1], r"history.0.*data"),
        (["history", 0, "oqc_notebook"], {"v": 2}, r"history.0.*oqc_notebook.v"),
        (["history", 0, "config_type"], "OtherConfig", r"history.0.*config_type"),
        (["timings"], [], "timings"),
        (["error", "error_code"], "E42", r"error.*error_code"),
        (["oqc_notebook", "state_times"], {"CREATED": "then"}, r"oqc_notebook.state_times"),
        (["oqc_notebook", "state_times"], "CREATED then", r"oqc_notebook.state_times"),
        (["config_json"], "{", r"\bconfig_json: .*JSON"),
        (["history", 1, "config_json"], "{}", r"history\[1\].config_json"),
    ],
)
@pytest.mark.parametrize("composite", [False, True])
def test_the_message_names_the_damaged_place(
    tmp_path: Path, path: list[Any], value: Any, place: str, composite: bool
) -> None:
    def damage(document: Any) -> None:
        node = document["jobs"][1] if composite else document
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value

    message = refused(tmp_path, changed(COMPOSITE if composite else JOB, damage))
    assert re.search(place, message), message
    if composite:
        assert re.search(r"jobs(\.1\.|\[1\]\.)", message), message


# ---- versions ----


def test_another_version_is_the_pages_value_error_whatever_else_the_file_holds(
    tmp_path: Path,
) -> None:
    message = refused(tmp_path, b'{"schema_version": "2", "future": [1]}')
    assert message == "Unsupported snapshot schema version: '2'. This SDK supports version '1'."


@pytest.mark.parametrize("version", ["2", "0", "", None, 1, ["1"], {"v": "1"}])
def test_a_child_of_another_version_is_refused(tmp_path: Path, version: Any) -> None:
    def damage(document: Any) -> None:
        document["jobs"][1]["schema_version"] = version

    message = refused(tmp_path, changed(COMPOSITE, damage))
    assert message == (
        f"Unsupported snapshot schema version: {version!r}. This SDK supports version '1'."
    )


# ---- size ----


@pytest.mark.parametrize(
    "content",
    [
        b"garbage " * 6_500_000,
        b"\x00" * 50_000_000,
        b'"' + b"x" * 50_000_000 + b'"',
        b'{"schema_version": "' + b"1" * 50_000_000 + b'"}',
        b'{"schema_version": "1", "snapshot_kind": "' + b"j" * 50_000_000 + b'"}',
        b"[" + b"1," * 25_000_000 + b"1]",
        b'{"schema_version": "1", "snapshot_kind": "composite", "jobs": ['
        + b"1," * 1_000_000
        + b"1]}",
    ],
    ids=["words", "zeros", "text", "version", "kind", "numbers", "children"],
)
def test_50_mb_of_garbage_are_refused_in_bounded_time_and_memory(
    tmp_path: Path, content: bytes
) -> None:
    started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(tmp_path, content)
    assert time.process_time() - started < 15
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000  # kB


# ---- crafted files ----


class audited:  # noqa: N801 - used like a function
    """Note what the code within opens, imports or runs; a hook can never be removed."""

    _listeners: list[list[str]] = []  # noqa: RUF012 - shared by all
    _hooked = False

    def __enter__(self) -> list[str]:
        if not audited._hooked:
            audited._hooked = True
            sys.addaudithook(audited._note)
        self._events: list[str] = []
        audited._listeners.append(self._events)
        return self._events

    def __exit__(self, *exc_info: object) -> None:
        audited._listeners.remove(self._events)

    @staticmethod
    def _note(event: str, arguments: tuple[Any, ...]) -> None:
        if audited._listeners and event.partition(".")[0] in (
            *("open", "import", "exec", "compile", "os", "subprocess", "socket", "shutil"),
        ):
            for events in audited._listeners:
                events.append(f"{event} {arguments!r:.200}")


def crafted_configs() -> list[tuple[str, str]]:
    base = json.loads(CompilerConfig(results_format=QuantumResultsFormat()).to_json())

    def with_data(**data: Any) -> str:
        document = copy.deepcopy(base)
        document["$data"].update(data)
        return json.dumps(document)

    popen = {"$type": "<class 'subprocess.Popen'>", "$data": "touch planted"}
    dataclass = {
        "$type": "<class 'subprocess.Popen'>",
        "$dataclass": True,
        "$data": {"args": ["touch", "planted"]},
    }
    block = {"v": 1, "class": "antigravity.Config", "data": {"to_json": 5}}
    return [
        ("CompilerConfig", with_data(to_json="planted")),
        ("CompilerConfig", with_data(__class__="planted", from_json=1)),
        ("CompilerConfig", with_data(active_calibrations=[popen])),
        ("CompilerConfig", with_data(active_calibrations=[dataclass])),
        ("CompilerConfig", with_data(results_format=dataclass)),
        ("CompilerConfig", json.dumps(popen)),
        ("CompilerConfig", json.dumps(dataclass)),
        ("CompilerConfig", json.dumps(base | {"$oqc_notebook": block})),
        ("CompilerConfig", json.dumps(base | {"$oqc_notebook": {"data": {"validate": 1}}})),
        ("EradoConfig", json.dumps(dataclass)),
        ("EradoConfig", json.dumps({"$type": str(EradoConfig), "$data": {"to_json": 1}})),
        ("ExperimentalConfig", json.dumps(base | {"$external": {"to_json": 1}})),
        ("ExperimentalConfig", with_data(external_config={"noise_enabled": True})),
        ("ExperimentalConfig", json.dumps(base | {"$external": {"noise_model": popen}})),
    ]


@pytest.mark.parametrize(("kind", "text"), crafted_configs())
def test_a_crafted_configuration_runs_plants_and_opens_nothing(
    tmp_path: Path, kind: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = changed(JOB, lambda document: document.update(config_json=text, config_type=kind))
    path = tmp_path / "the file.json"
    path.write_bytes(content)
    read = read_content(path)
    modules = set(sys.modules)
    with audited() as events, warnings.catch_warnings(action="ignore"):
        job = loaded_or_refused(read)
    if isinstance(job, Job):
        own = vars(job.config).keys()
        assert not own & {"to_json", "from_json", "validate", "__class__", "external_config"}
        assert callable(job.config.to_json)  # type: ignore[union-attr]
    assert events == []
    assert set(sys.modules) == modules
    assert os.listdir(tmp_path) == ["the file.json"]


def test_a_file_plants_no_attribute_on_a_job_or_output(tmp_path: Path) -> None:
    planted = {"_client": 1, "save": 2, "__class__": 3, "to_json": 4, "_job": 5, "_home": 6}

    def craft(document: Any) -> None:
        for node in (document, document["error"], *document["history"]):
            node.update(planted)
            node.setdefault("oqc_notebook", {"v": 1}).update(planted | {"instead": planted})

    job = load(tmp_path, changed(JOB, craft))
    genuine = load(tmp_path, JOB)
    assert vars(job).keys() == vars(genuine).keys()
    assert job._client is SDK
    for output, other in zip(job.history, genuine.history, strict=True):
        assert vars(output).keys() == vars(other).keys()
        assert output.job is job
        assert type(output) in (JobResult, JobError)


def test_the_audit_sees_what_is_opened() -> None:
    with audited() as events, open(os.devnull):
        pass
    assert [event.partition(" ")[0] for event in events] == ["open"]


# ---- fuzz ----


def loads_or_refuses(content: bytes) -> None:
    with warnings.catch_warnings(action="ignore"):
        job = loaded_or_refused(content)
        if job is not None:
            # what was loaded can be looked at and saved again
            repr(job)
            assert job.state.value
            again = file_content(job)
            assert file_content(load_file(again, "again.json", SDK)) == again


contents = st.sampled_from([JOB, COMPOSITE, json.dumps(json.loads(JOB)).encode()])


@given(contents, st.data())
@settings(max_examples=300)
def test_bytes_that_are_lost_doubled_or_changed_are_survived(
    content: bytes, data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = start + data.draw(st.integers(0, 30))
        middle = data.draw(st.sampled_from([b"", content[start:end] * 2]) | st.binary(max_size=5))
        content = content[:start] + middle + content[end:]
    loads_or_refuses(content)


def saved_again(content: bytes) -> bytes | None:
    """Load a file; give what would be saved of it, or None if it is refused."""
    with warnings.catch_warnings(action="ignore"):
        job = loaded_or_refused(content)
    return None if job is None else file_content(job)


@given(st.sampled_from([COMPOSITE, file_content(CompositeJob())]), st.data())
@settings(max_examples=300)
def test_a_file_says_the_same_read_child_by_child_or_as_a_whole(
    content: bytes, data: st.DataObject
) -> None:
    lines = content.split(b"\n")
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(lines)))
        end = start + data.draw(st.integers(0, 2))
        middle = data.draw(
            st.sampled_from([[], lines[start:end] * 2])
            | st.lists(st.sampled_from([*lines, b"{", b"},", b"}", b"\xff"]), max_size=3)
        )
        lines[start:end] = middle
    content = b"\n".join(lines)
    # only a file that ends as we write it is read child by child
    assert saved_again(content) == saved_again(content + b" ")


def places(node: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [place]
    if isinstance(node, dict):
        for key, item in node.items():
            found += places(item, (*place, key))
    if isinstance(node, list):
        for i, item in enumerate(node):
            found += places(item, (*place, i))
    return found


PLACES = places(json.loads(JOB))[1:]
odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        [2**70, 1e308, "nan", "UNKNOWN", "EXPIRED", "0001-01-01T00:00:00+14:00", "{}", "[]"]
    ),
    st.lists(st.integers() | st.none(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers() | st.none(), max_size=3),
)


@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from("dorm"), odd_values), max_size=4)
)
@settings(max_examples=400)
def test_nodes_that_are_lost_doubled_moved_or_replaced_are_survived(
    changes: list[tuple[tuple[Any, ...], str, Any]],
) -> None:
    document = json.loads(JOB)
    for place, how, value in changes:
        node = document
        try:
            for step in place[:-1]:
                node = node[step]
            if how == "d":
                del node[place[-1]]
            elif how == "r":
                node[place[-1]] = value
            elif how == "m":
                document[place[-1]] = node[place[-1]]
            else:
                node[place[-1]] = [copy.deepcopy(node[place[-1]])] * 2
        except (LookupError, TypeError):
            continue  # an earlier change took it away
    loads_or_refuses(json.dumps(document).encode())


@given(st.data())
@settings(max_examples=200)
def test_configurations_with_odd_nodes_are_survived(data: st.DataObject) -> None:
    document = json.loads(JOB)
    entry = data.draw(st.sampled_from([document, *document["history"]]))
    text = entry.get("config_json") or document["config_json"]
    config = json.loads(text)
    place = data.draw(st.sampled_from(places(config)[1:]))
    node = config
    for step in place[:-1]:
        node = node[step]
    if data.draw(st.booleans()):
        node[place[-1]] = data.draw(odd_values)
    else:
        del node[place[-1]]
    entry["config_json"] = json.dumps(config)
    loads_or_refuses(json.dumps(document).encode())
