"""Programs of several languages, one feature each; the first line of each says what it gives."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pyqir
import pytest

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


def expected(text: str) -> tuple[str, Any]:
    kind, _, document = text.splitlines()[0].lstrip("/; ").partition(": ")
    return kind, json.loads(document)


def check(results: dict[str, Any], text: str) -> None:
    kind, wanted = expected(text)
    if kind == "bitstrings":
        assert {name: sorted(counts) for name, counts in results.items()} == wanted
    else:
        assert results == wanted


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
@pytest.mark.parametrize("qpu_id", ["qpu:local:1:exact", "qpu:local:3:large"])
def test_programs_give_what_they_say(local_qpu: Any, path: Path, qpu_id: str) -> None:
    text = path.read_text(encoding="utf-8")
    check(local_qpu.run(text, qpu_id=qpu_id), text)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_programs_run_on_the_noisy_qpu(local_qpu: Any, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    _, wanted = expected(text)
    results = local_qpu.run(text, qpu_id=local_qpu.small)
    assert set(results) == set(wanted)
    for register, counts in results.items():
        assert sum(counts.values()) == 1000
        right = sum(counts.get(bits, 0) for bits in wanted[register])
        assert right > 700, f"{register}: {counts}"


@pytest.mark.parametrize(
    "path", [path for path in CORPUS if path.suffix == ".ll"], ids=lambda path: path.stem
)
def test_bitcode_in_base64_gives_the_same(local_qpu: Any, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    bitcode = pyqir.Module.from_ir(pyqir.Context(), text).bitcode
    check(local_qpu.run(base64.b64encode(bitcode).decode()), text)
