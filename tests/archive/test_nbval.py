"""``pytest --nbval`` on archived notebooks: strict, with UUIDs and times, without a network."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import oqc_notebook
from tests.archive.support import NotebookKernel, make_notebook, names_in
from tests.faulty import FaultyProxy, answer
from tests.sdk.test_crashes import Ledger
from tests.support import BELL, BROKEN, EXACT, ONE, LocalQpu

CELLS = (
    f"%load_ext oqc_notebook\n%oqc_connect --qpu {EXACT} --as sdk",
    f"%%oqc_job bell --shots 100\n{BELL}",
    "bell, bell.task_id, bell.state_times",
    f"sweep = sdk.create_job(program=[{ONE!r}, {BELL!r}, {BROKEN!r}], label=[*'abc'])\nsweep",
    "await sweep.execute()\nprint(sweep.outputs)",
    "await bell.execute()\n%oqc_history bell",
    "%oqc_counts bell\n%oqc_status sweep\nsweep.to_dataframe()",
    "%oqc_qpus",
    "%oqc_jobs",
    "print(await sdk.get_calibration())\nprint([await sdk.get_wait_time() for _ in range(2)])",
    "%oqc_mode reuse",
    "%oqc_run bell",
)

#: Brings the loopback up in a network namespace of its own, then runs a command in it.
ONLY_LOOPBACK = """
import fcntl, socket, struct, sys, os
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lo:
    fcntl.ioctl(lo, 0x8914, struct.pack("16sh14x", b"lo", 0x1))
os.execv(sys.argv[1], sys.argv[1:])
"""

#: Keeps a process, and the kernels that it starts, from any other address.
GUARD = """
import socket

def guarded(method):
    def checked(self, address):
        here = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1")
        assert here, f"reached for {address[0]}"
        return method(self, address)
    return checked

socket.socket.connect = guarded(socket.socket.connect)
socket.socket.connect_ex = guarded(socket.socket.connect_ex)
"""

STRICT = ("--nbval", "--nbval-current-env")


def execute(path: Path, qpu: LocalQpu, *cells: str) -> Path:
    """Execute a notebook and save it with its outputs, as a front end does."""
    notebook = nbformat.read(make_notebook(path, *cells), as_version=4)
    client = NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    env = {**os.environ, "OQC_NOTEBOOK_PATH": str(path), "OQC_URL": qpu.url}
    client.execute(env={**env, "OQC_AUTH_TOKEN": qpu.token})
    nbformat.write(notebook, path)
    return path


def validate(
    folder: Path, *arguments: str, before: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run pytest as people do, in the folder, with an address that nobody listens at."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("OQC_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull]
    return subprocess.run(
        [*before, *command, "--rootdir", str(folder), *arguments],
        cwd=folder,
        env=kept | {"OQC_URL": "http://127.0.0.1:9"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def passed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def original(local_qpu: LocalQpu, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return execute(tmp_path_factory.mktemp("archived") / "lab.ipynb", local_qpu, *CELLS)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """The folder of an archived notebook, as somebody else gets it."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(original.parent, copy)
    (copy / "lab.oqc" / "index.json").unlink(missing_ok=True)
    return copy


def contents(folder: Path) -> dict[str, bytes]:
    """The files of an archive, but for those that are made again by themselves."""
    archive = folder / "lab.oqc"
    kept = [name for name in names_in(archive) if name != "index.json" and ".lock" not in name]
    return {name: (archive / name).read_bytes() for name in kept}


def test_what_else_was_archived_is_listed_by_the_jobs_magic_and_again_in_a_replay(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    path = tmp_path / "lab.ipynb"
    execute(path, local_qpu, CELLS[0], f"%%oqc_job first\n{ONE}", "%oqc_jobs")
    assert "not here" not in path.read_text()
    execute(path, local_qpu, CELLS[0], f"%%oqc_job second\n{ONE}", "%oqc_jobs")
    said, *_, table = nbformat.read(path, as_version=4).cells[2].outputs[-2:]
    assert said.text.startswith("In the archive, and not here (%oqc_resume NAME")
    _, *rows = table.data["text/plain"].splitlines()
    assert [row.split()[:5] for row in rows] == [["first", "job", "ended", "1", "COMPLETED"]]
    passed(validate(tmp_path, *STRICT, "lab.ipynb"))


def test_lists_of_what_is_saved_and_of_what_can_be_resumed_are_told_again_in_a_replay(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    lists = ("%oqc_load", "%oqc_resume --list", "%oqc_resume")
    save = "%oqc_save bell"
    cells = (CELLS[0], *lists, f"%%oqc_job bell\n{BELL}", save, *lists)
    for _ in range(2):  # the second time there is something to list from the beginning
        execute(tmp_path / "lab.ipynb", local_qpu, *cells)
        passed(validate(tmp_path, *STRICT, "lab.ipynb"))
    saved = nbformat.read(tmp_path / "lab.ipynb", as_version=4)
    assert "Ended: bell." in saved.cells[3].outputs[0].text
    assert "bell.json" in saved.cells[1].outputs[0].data["text/plain"]


def test_what_ran_without_the_name_of_its_notebook_is_validated_once_it_is_taken_over(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    (tmp_path / "nameless").mkdir()
    nameless = execute(tmp_path / "nameless" / "n.ipynb", local_qpu, *CELLS[:2])
    (tmp_path / "nameless" / "n.oqc").rename(tmp_path / "jobs.oqc")
    notebook = nameless.rename(tmp_path / "n.ipynb")
    done = validate(tmp_path, *STRICT, "n.ipynb")
    assert done.returncode == 1
    advice = re.search(r"oqc_notebook\.archive\.adopt\(.*?\)(?= takes them over)", done.stdout)
    assert advice is not None, done.stdout
    assert advice[0].endswith(f"{str(notebook)!r})")
    eval(advice[0], {"oqc_notebook": oqc_notebook})
    passed(validate(tmp_path, *STRICT, "n.ipynb"))


@pytest.mark.parametrize("own", [False, True])
def test_what_connect_said_of_an_earlier_archive_is_said_again(
    local_qpu: LocalQpu, tmp_path: Path, own: bool
) -> None:
    # to the local QPU of the kernel, which says more
    to_own = "import os\nfor name in ('OQC_URL', 'OQC_AUTH_TOKEN'): os.environ.pop(name, None)\n"
    cells = to_own * own + CELLS[0], CELLS[1]
    execute(tmp_path / "first.ipynb", local_qpu, *cells).unlink()
    execute(tmp_path / "second.ipynb", local_qpu, *cells)
    assert "first.oqc looks like" in (tmp_path / "second.ipynb").read_text()
    passed(validate(tmp_path, *STRICT, "second.ipynb"))
    (tmp_path / "first.oqc").rename(tmp_path / "other")
    passed(validate(tmp_path, *STRICT, "second.ipynb"))


def test_an_archived_notebook_passes_strictly_and_nothing_is_submitted(
    folder: Path, local_qpu: LocalQpu
) -> None:
    before, files = Ledger(local_qpu), contents(folder)
    assert f"{len(CELLS)} passed" in passed(validate(folder, *STRICT, "lab.ipynb"))
    environment = {"OQC_URL": local_qpu.url, "OQC_AUTH_TOKEN": local_qpu.token}
    passed(validate(folder, *STRICT, "lab.ipynb", **environment))
    passed(validate(folder, *STRICT, "lab.ipynb", **environment, OQC_NOTEBOOK_MODE="live"))
    assert before.runs() == set()
    assert contents(folder) == files


def test_cells_of_the_same_source_each_get_their_own_runs_answers_and_panels(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    make = "job = sdk.create_job(program=job.program)"
    again = ("await job.execute()", "print(job.task_id)", "job", "%oqc_run job", "%oqc_jobs")
    wait_time = "print(await sdk.get_wait_time())"
    cells = (
        *(CELLS[0], f"job = sdk.create_job(program={BELL!r})", *again, wait_time),
        *(*again, make, *again, wait_time),
    )
    execute(tmp_path / "lab.ipynb", local_qpu, *cells)
    assert f"{len(cells)} passed" in passed(validate(tmp_path, *STRICT, "lab.ipynb"))
    execute(tmp_path / "lab.ipynb", local_qpu, *cells)  # the newest session is what counts
    passed(validate(tmp_path, *STRICT, "lab.ipynb"))


def test_it_passes_where_only_loopback_exists(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    paths = [str(tmp_path / "guard"), *filter(None, [os.environ.get("PYTHONPATH")])]
    guarded = {"PYTHONPATH": os.pathsep.join(paths)}
    away = "import socket; socket.create_connection(('192.0.2.1', 9), 5)"
    tried = subprocess.run(
        [sys.executable, "-c", away], env=os.environ | guarded, capture_output=True, text=True
    )
    assert "reached for 192.0.2.1" in tried.stderr
    passed(validate(folder, *STRICT, "lab.ipynb", **guarded))
    alone = ("unshare", "--map-root-user", "--net")  # where that is permitted, there is no other
    if shutil.which("unshare") and not subprocess.run([*alone, "true"], check=False).returncode:
        before = (*alone, sys.executable, "-c", ONLY_LOOPBACK)
        passed(validate(folder, *STRICT, "lab.ipynb", before=before))


def test_several_notebooks_pass_in_one_run_and_by_several_workers(
    folder: Path, local_qpu: LocalQpu
) -> None:
    cells = (CELLS[0], f"%%oqc_job other\n{ONE}", "other.task_id")
    execute(folder / "other.ipynb", local_qpu, *cells)
    (folder / "test_plain.py").write_text(
        "import os\ndef test_environment():\n    assert not [n for n in os.environ if "
        "n.startswith('OQC_NOTEBOOK')]\n"
    )
    count = len(CELLS) + len(cells)
    assert f"{count + 1} passed" in passed(validate(folder, *STRICT, "."))
    assert f"{count} passed" in passed(validate(folder, "--nbval-lax", "--nbval-current-env",
                                                "lab.ipynb", "other.ipynb"))  # fmt: skip
    assert f"{count + 1} passed" in passed(
        validate(folder, *STRICT, "-n", "2", "--dist", "loadfile", ".")
    )


def test_a_changed_program_fails_and_shows_the_difference(folder: Path) -> None:
    path = folder / "lab.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source = notebook.cells[1].source.replace("h q[0];", "x q[0];")
    nbformat.write(notebook, path)
    done = validate(folder, *STRICT, "lab.ipynb")
    assert done.returncode == 1
    assert "This run is not in the archive lab.oqc: this cell changed since it was run." in (
        done.stdout
    )
    assert "-h q[0];" in done.stdout
    assert "+x q[0];" in done.stdout


def test_a_changed_output_fails(folder: Path) -> None:
    path = folder / "lab.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (result,) = notebook.cells[2].outputs
    result.data["text/plain"] = result.data["text/plain"].replace("COMPLETED", "FINISHED")
    nbformat.write(notebook, path)
    done = validate(folder, *STRICT, "lab.ipynb")
    assert f"1 failed, {len(CELLS) - 1} passed" in done.stdout


def test_a_notebook_without_an_archive_is_not_run_without_the_flag(
    folder: Path, local_qpu: LocalQpu
) -> None:
    shutil.rmtree(folder / "lab.oqc")
    before = Ledger(local_qpu)
    environment = {"OQC_URL": local_qpu.url, "OQC_AUTH_TOKEN": local_qpu.token}
    done = validate(folder, "--nbval-lax", "--nbval-current-env", "lab.ipynb", **environment)
    assert done.returncode == 1
    assert "There is nothing to replay: lab.oqc" in done.stdout
    assert before.runs() == set()


def test_live_validation_runs_the_jobs_and_archives_nothing(
    folder: Path, local_qpu: LocalQpu
) -> None:
    before, files = Ledger(local_qpu), contents(folder)
    environment = {"OQC_URL": local_qpu.url, "OQC_AUTH_TOKEN": local_qpu.token}
    lax = ("--nbval-lax", "--nbval-current-env", "--oqc-live", "lab.ipynb")
    passed(validate(folder, *lax, **environment))
    assert len(before.runs()) == 6
    assert contents(folder) == files
    shutil.rmtree(folder / "lab.oqc")
    passed(validate(folder, *lax, **environment))
    assert not (folder / "lab.oqc").exists()


SAVES = (
    CELLS[0],
    f"%%oqc_job bell --shots 100\n{BELL}",
    "%oqc_save bell",
    "%oqc_run bell",
    "%oqc_save bell",
    "%oqc_load bell again",
    "print(len(again.history), again.state)",
    "%oqc_run again",
    "bell.save('mine.json')\n%oqc_save bell yours.json",
)


def test_what_a_notebook_saves_stays_as_it_is_when_that_is_validated_elsewhere(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    execute(tmp_path / "here" / "lab.ipynb", local_qpu, *SAVES)
    elsewhere = (tmp_path / "here").rename(tmp_path / "elsewhere")
    files = contents(elsewhere)
    assert "saved/bell.json" in files
    passed(validate(elsewhere, *STRICT, "lab.ipynb"))
    assert contents(elsewhere) == files
    environment = {"OQC_URL": local_qpu.url, "OQC_AUTH_TOKEN": local_qpu.token}
    before = Ledger(local_qpu)
    live = ("--nbval-lax", "--nbval-current-env", "--oqc-live", "lab.ipynb")
    passed(validate(elsewhere, *live, **environment))
    assert len(before.runs()) == 3
    assert contents(elsewhere) == files


def test_a_live_validation_takes_nothing_up_and_changes_nothing_that_was_in_flight(
    local_qpu: LocalQpu, proxy: FaultyProxy, tmp_path: Path
) -> None:
    notebook = make_notebook(tmp_path / "lab.ipynb", CELLS[0], "%oqc_resume", "sweep")
    proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    with NotebookKernel(notebook, proxy.url, local_qpu.token) as kernel:
        kernel.ok(f"sweep = sdk.create_job(program=[{ONE!r}] * 2)\nawait sweep.submit()")
        kernel.ok("assert sdk._recorder.flush()")
        kernel.kill()
    proxy.faults.clear()
    files = contents(tmp_path)
    environment = {"OQC_URL": proxy.url, "OQC_AUTH_TOKEN": local_qpu.token}
    live = ("--nbval-lax", "--nbval-current-env", "--oqc-live", "lab.ipynb")
    for arguments in (live, (*live[:2], "lab.ipynb")):
        validate(tmp_path, *arguments, **environment)
        assert contents(tmp_path) == files


def test_the_readmes_commands_do_what_it_says(folder: Path, local_qpu: LocalQpu) -> None:
    for suffix in ("ipynb", "oqc"):
        (folder / f"lab.{suffix}").rename(folder / f"bell.{suffix}")
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    section = readme.partition("\n## Validate an archived notebook\n")[2].partition("\n## ")[0]
    replays, runs = re.findall(r"```sh\npytest (.*)\n```", section)
    before = Ledger(local_qpu)
    passed(validate(folder, *replays.split()))
    assert before.runs() == set()
    environment = {"OQC_URL": local_qpu.url, "OQC_AUTH_TOKEN": local_qpu.token}
    passed(validate(folder, *runs.split(), **environment))
    assert len(before.runs()) == 6


def test_the_plugin_imports_nothing_but_pytest() -> None:
    from oqc_notebook import pytest_plugin

    loaded = subprocess.run(
        [sys.executable, "-c", "import pytest, sys; before = set(sys.modules); "
         "import oqc_notebook.pytest_plugin; print(set(sys.modules) - before)"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    standard = {name for name in ast.literal_eval(loaded) if name.split(".")[0] != "oqc_notebook"}
    assert ast.literal_eval(loaded) - standard == {"oqc_notebook", pytest_plugin.__name__}
    assert {name.split(".")[0] for name in standard} <= sys.stdlib_module_names
