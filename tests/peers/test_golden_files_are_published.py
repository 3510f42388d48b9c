"""The golden files in the repository are what the published SDK saves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.running import run
from tests.sdk.test_golden_files import FOLDER

pytestmark = pytest.mark.peers


def test_the_published_sdk_makes_the_very_same_files(published_sdk: Path, tmp_path: Path) -> None:
    run(published_sdk, "make_golden_files", folder=str(tmp_path))
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert sorted(made) == sorted(kept)
    for name, content in made.items():
        assert content == kept[name], name
