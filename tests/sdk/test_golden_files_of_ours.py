"""Files that a release of ours saved once load for ever, with all that was in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oqc_notebook import __version__
from oqc_notebook.sdk import OqcSdk
from tests.golden import FOLDER, described, write

FILES = sorted(path for path in FOLDER.glob("*/*.json") if not path.match("*.expected.json"))
SDK = OqcSdk("https://example.com")

of_every_release = pytest.mark.parametrize(
    "path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}"
)


def expected(path: Path) -> Any:
    """What the job said of itself when that release saved it."""
    text = path.with_suffix(".expected.json").read_text(encoding="utf-8")
    return json.loads(text)


def as_far_as(found: Any, expected: Any) -> Any:
    """Leave out of the facts of jobs and outputs what an older release did not say."""
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [as_far_as(*pair) for pair in zip(found, expected, strict=True)]
    if isinstance(found, dict) and isinstance(expected, dict) and {"kind", "state"} & set(expected):
        return {key: as_far_as(found.get(key), expected[key]) for key in expected}
    return found


@of_every_release
def test_a_file_of_a_release_loads_as_it_was_saved(path: Path) -> None:
    assert as_far_as(described(SDK.load(path)), expected(path)) == expected(path)


@of_every_release
def test_a_file_of_a_release_survives_being_saved_again(path: Path, tmp_path: Path) -> None:
    SDK.load(path).save(tmp_path / "again.json")
    again = described(SDK.load(tmp_path / "again.json"))
    assert as_far_as(again, expected(path)) == expected(path)


@of_every_release
def test_a_file_of_a_release_is_a_valid_model(path: Path) -> None:
    snapshot = SDK.load(path).to_snapshot()
    copy = type(snapshot).model_validate_json(snapshot.model_dump_json())
    again = described(SDK.from_snapshot(copy))
    assert as_far_as(again, expected(path)) == expected(path)


def test_this_version_has_its_golden_files_and_they_are_what_it_saves(tmp_path: Path) -> None:
    write(tmp_path)
    kept = {path.name: path.read_bytes() for path in (FOLDER / __version__).glob("*")}
    assert sorted(kept) == sorted(path.name for path in tmp_path.iterdir()), (
        "Write the golden files of this version: python -m tests.golden"
    )
    for name, content in kept.items():
        assert content == (tmp_path / name).read_bytes(), name
