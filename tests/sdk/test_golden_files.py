"""Files that the published SDK saved once load for ever, with all that was in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oqc_notebook.sdk import OqcSdk
from tests.peers.scripts.describe import describe

FOLDER = Path(__file__).parents[1] / "data" / "published" / "0.1.24"
FILES = sorted(path for path in FOLDER.glob("*.json") if not path.match("*.expected.json"))

pytestmark = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def expected(path: Path) -> Any:
    """What the published SDK said of the job when it saved it."""
    return json.loads(path.with_suffix(".expected.json").read_text(encoding="utf-8"))


def test_a_golden_file_loads_as_it_was_saved(path: Path) -> None:
    job = OqcSdk("https://example.com").load(path)
    assert describe(job) == expected(path)


def test_a_golden_file_survives_being_saved_here(path: Path, tmp_path: Path) -> None:
    sdk = OqcSdk("https://example.com")
    sdk.load(path).save(tmp_path / "again.json")
    assert describe(sdk.load(tmp_path / "again.json")) == expected(path)


def test_a_golden_file_is_a_valid_model(path: Path) -> None:
    sdk = OqcSdk("https://example.com")
    snapshot = sdk.load(path).to_snapshot()
    copy = type(snapshot).model_validate_json(snapshot.model_dump_json())
    assert copy == snapshot
    assert describe(sdk.from_snapshot(copy)) == expected(path)
