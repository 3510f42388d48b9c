"""Notebooks as research objects: RO-Crates that plain pytest checks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import oqc_notebook
from oqc_notebook.export.bundle import collect
from oqc_notebook.export.exporting import export_notebook
from oqc_notebook.export.extracting import extract
from tests.archive.test_nbval import passed

GUIDE = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crate")
    for name in ("01_quickstart.ipynb", "01_quickstart.oqc"):
        copy = shutil.copytree if name.endswith(".oqc") else shutil.copy
        copy(GUIDE / name, folder / name)
    return export_notebook(folder / "01_quickstart.ipynb", folder / "quickstart.zip").path


def test_a_crate_gives_the_jobs_back_and_extracts(crate: Path, tmp_path: Path) -> None:
    restored = oqc_notebook.restore(crate)
    assert restored.keys() == oqc_notebook.restore(GUIDE / "01_quickstart.ipynb").keys()
    extracted = extract(crate, tmp_path / "out")
    assert collect(extracted) == collect(GUIDE / "01_quickstart.ipynb")
    assert not (tmp_path / "out" / "pytest.ini").exists()


def test_a_crate_that_was_unpacked_is_checked_by_plain_pytest(crate: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(crate) as archive:
        archive.extractall(tmp_path)
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("OQC_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=kept | {"OQC_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert " passed" in passed(done)
    page = (tmp_path / "01_quickstart.html").read_text()
    assert "Content-Security-Policy" in page
    assert "oqc-notebook==" in (tmp_path / "requirements.txt").read_text()
    assert "qiskit-aer==" in (tmp_path / "requirements.txt").read_text()


def test_each_run_is_an_action_with_its_file_as_the_result(crate: Path) -> None:
    with zipfile.ZipFile(crate) as archive:
        names = set(archive.namelist())
        metadata = json.loads(archive.read("ro-crate-metadata.json"))
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    root = entities["./"]
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    actions = [entities[mention["@id"]] for mention in root["mentions"]]
    assert len(actions) == 4
    for action in actions:
        assert action["@type"] == "CreateAction"
        assert action["result"]["@id"] in names
        assert action["startTime"] <= action["endTime"]
    states = [action["actionStatus"].rpartition("/")[2] for action in actions]
    assert sorted(set(states)) == ["CompletedActionStatus", "FailedActionStatus"]
    files = {part["@id"] for part in root["hasPart"]}
    assert files == names - {"oqc-manifest.json", "ro-crate-metadata.json"}


def remade(folder: Path, name: str, session: dict[str, Any]) -> Path:
    """Export a copy of a notebook whose record of the session says something else."""
    shutil.copy(GUIDE / "01_quickstart.ipynb", folder / f"{name}.ipynb")
    shutil.copytree(GUIDE / "01_quickstart.oqc", folder / f"{name}.oqc")
    document = json.loads((folder / f"{name}.ipynb").read_text())
    document["metadata"]["authors"] = [{"name": "Ada Lovelace"}, {"name": "Alan Turing"}, 7]
    (folder / f"{name}.ipynb").write_text(json.dumps(document))
    (record,) = folder.glob("*.oqc/sessions/*Z-????.json")
    record.write_text(json.dumps(json.loads(record.read_text()) | session))
    return export_notebook(folder / f"{name}.ipynb", folder / "crate.zip").path


def test_what_is_required_is_named_once_in_the_versions_of_the_session(tmp_path: Path) -> None:
    packages = {"OQC_Notebook": "0.0.7", "pytest": "8.1", "x\n--index-url http://evil": "1"}
    crate = remade(tmp_path, "bell", {"packages": packages | {"y": "1\n-r /etc/passwd"}})
    with zipfile.ZipFile(crate) as archive:
        lines = archive.read("requirements.txt").decode().splitlines()[1:]
    assert lines == ["OQC_Notebook==0.0.7", "nbval", "pytest==8.1"]


def test_a_notebook_of_any_name_is_found_by_plain_pytest(tmp_path: Path) -> None:
    with zipfile.ZipFile(remade(tmp_path, "my [1] 'bell'", {})) as archive:
        archive.extractall(tmp_path / "crate")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q"],
        cwd=tmp_path / "crate",
        env={n: v for n, v in os.environ.items() if not n.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "my [1] 'bell'.ipynb::Cell 0" in passed(done)
    assert "warning" not in done.stdout


def test_authors_and_calibrations_are_named_with_each_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(remade(tmp_path, "bell", {})) as archive:
        metadata = json.loads(archive.read("ro-crate-metadata.json"))
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    people = entities["./"]["author"]
    assert [entities[each["@id"]]["name"] for each in people] == ["Ada Lovelace", "Alan Turing"]
    for mention in entities["./"]["mentions"]:
        action = entities[mention["@id"]]
        assert action["agent"] == people
        assert action["object"]["@id"].startswith("bell.oqc/calibrations/")
        assert entities[action["object"]["@id"]]["@type"] == "File"


def test_the_same_notebook_gives_the_same_crate(crate: Path) -> None:
    before = crate.read_bytes()
    assert export_notebook(crate.with_name("01_quickstart.ipynb"), crate).path == crate
    assert crate.read_bytes() == before


def test_another_file_is_not_replaced(crate: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.zip").write_bytes(b"PK")
    with pytest.raises(FileExistsError, match="not an earlier export"):
        export_notebook(GUIDE / "01_quickstart.ipynb", tmp_path / "mine.zip")


def test_nbconvert_writes_it(crate: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "oqc_notebook.export.crate.OqcCrateExporter",
    ]
    notebook = crate.with_name("01_quickstart.ipynb")
    subprocess.run(
        [*command, "--output-dir", str(tmp_path), str(notebook)], check=True, capture_output=True
    )
    assert (tmp_path / "01_quickstart.zip").read_bytes() == crate.read_bytes()


def test_without_rocrate_the_exporters_are_listed_and_the_crate_says_what_it_needs(
    crate: Path,
) -> None:
    script = (
        "import sys; sys.modules['rocrate'] = None\n"
        "from oqc_notebook.export.crate import OqcCrateExporter\n"
        "from oqc_notebook import export_notebook\n"
        "try:\n    export_notebook(sys.argv[1], 'x.zip')\n"
        "except ValueError as exc:\n    print(exc)\n"
    )
    notebook = crate.with_name("01_quickstart.ipynb")
    command = [sys.executable, "-c", script, str(notebook)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "pip install 'oqc_notebook[crate]'" in done.stdout
