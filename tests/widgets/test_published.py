"""Jobs of the published SDK are shown read-only, in a real kernel.

A module of its name stands in for it here, with the files that it wrote.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support_kernel import Kernel

FILES = Path(__file__).parents[1] / "data" / "published" / "0.1.24"

STAND_IN = """
class Snapshot:
    def __init__(self, text):
        self.text = text

    def model_dump_json(self):
        return self.text


class Job:
    def __init__(self, text):
        self.text = text

    def to_snapshot(self):
        if not self.text:
            raise KeyError("EXPIRED")
        return Snapshot(self.text)


class CompositeJob(Job):
    pass
"""


@pytest.mark.parametrize(
    ("kind", "file", "words"),
    [
        ("Job", "completed.json", ["Job theirs: ✓ COMPLETED"]),
        ("Job", "failed.json", ["Job theirs: ✕ FAILED"]),
        ("CompositeJob", "composite.json", ["Composite job theirs: "]),
    ],
)
def test_they_are_shown_as_they_stand(
    tmp_path: Path, kind: str, file: str, words: list[str]
) -> None:
    (tmp_path / "oqc_qcaas_sdk").mkdir()
    (tmp_path / "oqc_qcaas_sdk" / "__init__.py").touch()
    (tmp_path / "oqc_qcaas_sdk" / "job.py").write_text(STAND_IN)
    with Kernel(cwd=str(tmp_path)) as kernel:
        loaded, shown, unsavable = kernel.run(
            "%load_ext oqc_notebook\nimport sys\nprint('oqc_qcaas_sdk' in sys.modules)",
            f"from oqc_qcaas_sdk.job import {kind}\n"
            f"theirs = {kind}(open({str(FILES / file)!r}, encoding='utf-8').read())\ntheirs",
            f"{kind}('')",
        )
    assert loaded.text == "False\n"
    (bundle,) = shown.outputs
    for word in [*words, "shown read-only", "sdk.load()"]:
        assert word in bundle["text/plain"]
    assert "oqc-read-only" in bundle["text/html"]
    assert "oqc-twin" not in bundle["text/html"]
    assert "It cannot be shown in full: 'EXPIRED'" in unsavable.text
