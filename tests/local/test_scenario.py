"""Scenarios: what a file may say, how what is wrong in one is told, and that it comes true."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oqc_notebook.local.__main__ import main
from oqc_notebook.local.scenario import (
    KINDS,
    DroppedConnection,
    Refusal,
    ScenarioError,
    read_fault,
    read_scenario,
)
from oqc_notebook.testing import local_qpu

LIMITED = """\
# The gateway is busy, and one answer is lost.
[[fault]]
kind = "refuse"
status = 429
retry_after = 2
call = "submit"
times = 3
after = 1
after_s = 10

[[fault]]
kind = "drop"
accepted = true
times = "always"
"""


def test_a_file_is_read_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "limited.toml"
    path.write_text(LIMITED)
    assert read_scenario(path) == [
        Refusal(status=429, retry_after=2, call="submit", times=3, after=1, after_s=10),
        DroppedConnection(accepted=True, times="always"),
    ]
    path.write_text("")
    assert read_scenario(path) == []


WRONG = {
    "[[fault]\n": "line 1",
    'x = 1\n[[fault]]\nkind = "drop"\n': "x: a scenario has tables [[fault]], and nothing else",
    "fault = 3\n": "fault: a scenario has tables",
    "fault = [3]\n": "fault 1: 3 is no fault",
    "[[fault]]\n": "fault 1: kind is null; it must be one of refuse, html,",
    '[[fault]]\nkind = "drop"\n[[fault]]\nkind = "drip"\n': 'fault 2: kind is "drip"',
    '[[fault]]\nkind = "refuse"\n': "fault 1 (refuse): status: it is missing",
    '[[fault]]\nkind = "refuse"\nstatus = 200\n': "status: Input should be greater than or equal",
    '[[fault]]\nkind = "refuse"\nstatus = "429"\n': 'a valid integer, not "429"',
    '[[fault]]\nkind = "slow"\nseconds = inf\n': "fault 1 (slow): seconds: Input",
    '[[fault]]\nkind = "drop"\ncall = "sumbit"\n': "fault 1 (drop): call: Input should be 'any',",
    '[[fault]]\nkind = "drop"\ntimes = 0\n': "fault 1 (drop): times:",
    '[[fault]]\nkind = "drop"\nstatus = 1\n': "status: this kind of fault has no such field",
    '[[fault]]\nkind = "remove_qpu"\nqpu_id = "a"\n': 'qpu_id: there is no QPU "a" here',
    '[[fault]]\nkind = "fewer_qubits"\nqpu_id = "qpu:local:1:exact"\nqubits = 32\n': (
        "fault 1 (fewer_qubits): qpu:local:1:exact has 32 qubits; give fewer"
    ),
}


@pytest.mark.parametrize("text", WRONG)
def test_the_command_line_refuses_a_file_and_names_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(SystemExit) as caught:
        main(["--scenario", str(path)])
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert f"argument --scenario: {path}: " in said
    assert WRONG[text] in said


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.toml: No such file"):
        read_scenario(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(ScenarioError, match=r"bytes\.toml: .*utf-8"):
        read_scenario(tmp_path / "bytes.toml")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
fields = sorted({name for model in KINDS.values() for name in model.model_fields})


@given(
    json_values
    | st.dictionaries(st.sampled_from(fields), json_values).flatmap(
        lambda rest: st.sampled_from(list(KINDS)).map(lambda kind: rest | {"kind": kind})
    )
)
def test_any_document_is_a_fault_or_is_refused(document: object) -> None:
    try:
        fault = read_fault(document)
    except ScenarioError:
        return
    assert read_fault(fault.document()) == fault


def test_help_explains_every_kind_and_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    shared = {"times", "after", "after_s"}
    for kind, model in KINDS.items():
        (line,) = re.findall(rf"^  {kind} +(.*)$", text, flags=re.MULTILINE)
        told = re.split(r"  +", line)[0]
        if model.model_fields.keys() - shared:
            names = set(told.split(" (")[0].split(", "))
            assert names == model.model_fields.keys() - shared
    for call in Refusal.model_fields["call"].annotation.__args__:
        assert re.search(rf"^call:.*\b{call}\b", text, flags=re.MULTILINE | re.DOTALL)


def test_a_scenario_comes_true_from_the_start_on(tmp_path: Path) -> None:
    path = tmp_path / "limited.toml"
    path.write_text(LIMITED.replace("after_s = 10\n", "").replace('"submit"', '"qpus"'))
    with local_qpu(scenario=path) as qpu:
        headers = {"Authentication-Token": qpu.token}
        with httpx.Client(base_url=qpu.url, headers=headers) as client:
            with pytest.raises(httpx.RemoteProtocolError):
                client.get("/admin/qpu")
            for _ in range(3):
                assert client.get("/admin/qpu").status_code == 429
            with pytest.raises(httpx.RemoteProtocolError):
                client.get("/admin/qpu")
