"""The validator of RO-Crates finds nothing that a crate must have and ours has not."""

from __future__ import annotations

import json
import subprocess
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

from oqc_notebook.export.exporting import export_notebook

pytestmark = pytest.mark.peers

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"


@pytest.mark.parametrize("profile", ["ro-crate-1.1", "process-run-crate-0.5"])
def test_a_crate_is_valid(profile: str, crate_validator: Path, tmp_path: Path) -> None:
    crate = export_notebook(NOTEBOOK, tmp_path / "crate.zip").path
    with zipfile.ZipFile(crate) as archive:
        archive.extractall(tmp_path / "crate")
    # its context lies on a server, which is not asked: the rocrate library has a newer one
    metadata = tmp_path / "crate" / "ro-crate-metadata.json"
    document = json.loads(metadata.read_text())
    assert document["@context"] == "https://w3id.org/ro/crate/1.1/context"
    context = json.loads((files("rocrate") / "data" / "ro-crate.jsonld").read_text())
    metadata.write_text(json.dumps(document | {"@context": context["@context"]}))
    report = tmp_path / "report.json"
    subprocess.run(
        [
            *(crate_validator, crate_validator.with_name("rocrate-validator")),
            *("-y", "--disable-color", "validate"),
            *("--skip-availability-check", "--no-paging", "-l", "recommended"),
            *("-p", profile, "-v", "-f", "json", "-o", report, tmp_path / "crate"),
        ],
        check=False,  # its status also counts what is only recommended
        capture_output=True,
    )
    found = json.loads(report.read_text())["issues"]
    # an author, a publisher and a license nobody told us
    assert {issue["severity"] for issue in found} <= {"RECOMMENDED"}
    assert all("SHOULD" in issue["message"] for issue in found)
