"""%oqc_resume: what it lists, what it gives back, and what it leaves to others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.archive.support import NotebookKernel, kernel_of, make_notebook, names_in, read
from tests.faulty import FaultyProxy, answer
from tests.magics.support import panels, refused
from tests.sdk.test_crashes import Ledger
from tests.support import BELL, ONE, LocalQpu, until
from tests.support_kernel import Cell, Kernel

NAMES = (
    "from oqc_notebook import archive\n"
    "print(json.dumps([item.name for item in archive.archived(sdk)]))"
)
RUNNING = answer(200, {"status": "RUNNING"})


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return tmp_path / "lab.ipynb"


@pytest.fixture
def dead(proxy: FaultyProxy, local_qpu: LocalQpu, notebook: Path) -> Path:
    """The archive of a kernel that was killed while three things were in flight."""
    held = proxy.spoil("GET", "/all_info", answer=RUNNING, times=0)
    with NotebookKernel(notebook, proxy.url, local_qpu.token) as kernel:
        kernel.ok(
            f"bell = sdk.create_job(program={BELL!r}, label='pair')\nawait bell.execute()",
            "await bell.execute()",
            f"done = sdk.create_job(program=[{ONE!r}, {BELL!r}])\nawait done.execute()",
        )
        held.times = None
        kernel.ok(
            "await bell.submit()",
            f"sweep = sdk.create_job(program=[{ONE!r}] * 3)\nawait sweep.submit()",
            f"for _ in range(2): await sdk.create_job(program={ONE!r}).submit()",
            "assert sdk._recorder.flush()",
        )
        kernel.kill()
    proxy.faults.clear()
    return notebook.with_suffix(".oqc")


@pytest.fixture
def kernel(proxy: FaultyProxy, local_qpu: LocalQpu, dead: Path) -> Iterator[NotebookKernel]:
    """The next kernel of the notebook."""
    notebook = dead.with_suffix(".ipynb")
    with NotebookKernel(notebook, proxy.url, local_qpu.token) as kernel:
        yield kernel


def test_without_anything_it_says_so(notebook: Path, local_qpu: LocalQpu) -> None:
    with kernel_of(notebook, local_qpu) as kernel:
        nothing, listed = kernel.ok("%oqc_resume", "%oqc_resume --list")
        assert nothing.text == "Nothing was in flight.\n"
        assert listed.text == "The archive has nothing that is not here already.\n"
        assert refused(kernel, "%oqc_resume bell") == (
            "%oqc_resume: The archive has no 'bell' to give back."
        )
        assert not notebook.with_suffix(".oqc").exists()


def test_all_that_was_in_flight_comes_back_under_its_name_and_goes_on(
    kernel: NotebookKernel, dead: Path, local_qpu: LocalQpu
) -> None:
    before = Ledger(local_qpu)
    (listed,) = kernel.ok("%oqc_resume --list")
    rows = [row.split()[:4] for row in listed.outputs[0]["text/plain"].splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        ["bell", "job", "in"],
        ["sweep", "composite", "in"],
        [rows[2][0], "job", "in"],
        [rows[3][0], "job", "in"],
        ["done", "composite", "ended"],
    ]
    kernel.ok("bell = 'something else'")
    (resumed,) = kernel.ok("%oqc_resume")
    assert resumed.text.splitlines()[:2] == [
        "bell_2 is back, since bell is something else here.",
        "sweep is back.",
    ]
    assert panels(resumed) == 4
    kernel.ok("await bell_2.wait(); await sweep.wait()")
    bell, sweep = kernel.told(
        "print(json.dumps([[bell_2.state, len(bell_2.history), bell_2.label, bell],"
        "[sweep.state, len(sweep.history)]]))"
    )
    assert bell == ["COMPLETED", 3, "pair", "something else"]
    assert sweep == ["COMPLETED", 3]
    assert before.runs() == set()  # nothing was submitted anew
    told = kernel.told(
        "from oqc_notebook import archive\nprint(json.dumps(archive.provenance(bell_2)))"
    )
    assert told["cell"]["source"] == "await bell.submit()"
    assert told["ordinal"] == 0
    (again,) = kernel.ok("%oqc_resume")
    assert (
        again.text
        == "Nothing was in flight.\nEnded: done. %oqc_resume NAME gives one back as it is.\n"
    )


def test_one_is_resumed_by_name_and_the_others_stay(kernel: NotebookKernel, dead: Path) -> None:
    (resumed,) = kernel.ok("%oqc_resume sweep")
    assert resumed.text.splitlines()[0] == "sweep is back."
    kernel.ok("await sweep.wait()")
    assert "There is no job called 'bell'" in refused(kernel, "%oqc_run bell")
    (rest,) = kernel.ok("%oqc_resume")
    assert rest.text.startswith("bell is back.\n")
    (here,) = kernel.ok("%oqc_resume bell")
    assert here.text == "bell is here already.\n"


def test_what_has_ended_is_given_back_as_it_is(
    kernel: NotebookKernel, local_qpu: LocalQpu, dead: Path
) -> None:
    before = Ledger(local_qpu)
    kernel.ok("%oqc_resume done")
    states = kernel.told("print(json.dumps([[job.state, len(job.history)] for job in done.jobs]))")
    assert states == [["COMPLETED", 1]] * 2
    assert before.runs() == set()
    kernel.ok("await done.execute()")
    assert len(before.runs()) == 2
    assert kernel.told("print(len(done.history))") == 4


def test_a_kernel_killed_before_it_removed_live_files_archived_everything_once(
    proxy: FaultyProxy, local_qpu: LocalQpu, notebook: Path
) -> None:
    sidecar = notebook.with_suffix(".oqc")
    held = proxy.spoil("GET", "/all_info", answer=RUNNING, times=None)
    with NotebookKernel(notebook, proxy.url, local_qpu.token) as first:
        first.ok(
            f"sweep = sdk.create_job(program=[{ONE!r}] * 2)\nawait sweep.submit()",
            "assert sdk._recorder.flush()",
        )
        live = {path: path.read_bytes() for path in (sidecar / "live").iterdir()}
        held.times = 0
        first.ok("await sweep.wait()", "assert sdk._recorder.flush()")
        first.kill()
    archived = names_in(sidecar, "runs/*/*")
    assert len(archived) == 3
    for path, content in live.items():
        path.write_bytes(content)
    with kernel_of(notebook, local_qpu) as kernel:
        (resumed,) = kernel.ok("%oqc_resume")
        assert resumed.text.startswith("Nothing was in flight.\nEnded: sweep. ")
        assert names_in(sidecar, "live/*") == []
        kernel.ok("%oqc_resume sweep", "assert sdk._recorder.flush()")
        assert (
            kernel.told("print(json.dumps([job.state for job in sweep.jobs]))") == ["COMPLETED"] * 2
        )
    assert names_in(sidecar, "runs/*/*") == archived


def test_python_does_the_same(kernel: NotebookKernel, dead: Path) -> None:
    kernel.ok("from oqc_notebook import archive")
    names = kernel.told("back = await archive.resume(sdk)\nprint(json.dumps(sorted(back)))")
    assert {"bell", "sweep"} < set(names)
    assert len(names) == 4
    kernel.ok("import asyncio\nawait asyncio.gather(*(job.wait() for job in back.values()))")
    assert kernel.told("print(json.dumps([item.name for item in archive.archived(sdk)]))") == [
        "done"
    ]
    kernel.ok("assert sdk._recorder.flush()")
    assert names_in(dead, "live/*") == []


def test_what_was_loaded_from_a_file_of_ones_own_is_kept_whole_too(
    proxy: FaultyProxy, local_qpu: LocalQpu, notebook: Path
) -> None:
    with NotebookKernel(notebook, proxy.url, local_qpu.token) as elsewhere:
        elsewhere.ok(
            "import oqc_notebook\nsdk = oqc_notebook.connect(archive=False)",
            f"half = sdk.create_job(program=[{ONE!r}] * 3)\nawait half.jobs[1].execute()",
        )
        held = proxy.spoil("GET", "/all_info", answer=RUNNING, times=None)
        elsewhere.ok(
            "await half.submit()\nhalf.save('half.json')\nhalf.save('other.json')",
            f"bell = sdk.create_job(program={BELL!r})\nawait bell.submit()\nbell.save('b.json')",
        )
        elsewhere.kill()
    assert not notebook.with_suffix(".oqc").exists()
    with NotebookKernel(notebook, proxy.url, local_qpu.token) as first:
        held.times = 0
        first.ok("pair = sdk.load('b.json')\nawait pair.refresh()")
        first.ok("done = sdk.load('other.json')\nawait done.wait()")
        held.times = None
        first.ok("mine = sdk.load('half.json')\nawait mine.submit()")
        first.ok("assert sdk._recorder.flush()")
        first.kill()
    proxy.faults.clear()
    with NotebookKernel(notebook, proxy.url, local_qpu.token) as second:
        names = second.told(
            "from oqc_notebook import archive\n"
            "print(json.dumps({x.name: [x.kind, x.standing] for x in archive.archived(sdk)}))"
        )
        assert names == {
            "mine": ["composite", "in flight"],
            "pair": ["job", "ended"],
            "done": ["composite", "ended"],
        }
        second.ok("%oqc_resume", "%oqc_resume done", "%oqc_resume pair", "await mine.wait()")
        told = second.told(
            "print(json.dumps([[job.state for job in each.jobs] for each in (mine, done)]"
            " + [pair.state]))"
        )
        assert told == [["COMPLETED"] * 3, ["COMPLETED"] * 3, "COMPLETED"]


def test_a_job_of_another_kernel_that_runs_is_left_to_it(
    proxy: FaultyProxy, local_qpu: LocalQpu, notebook: Path
) -> None:
    proxy.spoil("GET", "/all_info", answer=RUNNING, times=None)
    with NotebookKernel(notebook, proxy.url, local_qpu.token) as first:
        first.ok(f"bell = sdk.create_job(program={BELL!r})\nawait bell.submit()")
        first.ok("assert sdk._recorder.flush()")
        with NotebookKernel(notebook, proxy.url, local_qpu.token) as second:
            (said,) = second.ok("%oqc_resume")
            assert said.text == (
                "Nothing was in flight.\n"
                "bell is followed by another kernel of this notebook, which runs.\n"
            )
            assert "is followed by another kernel" in refused(second, "%oqc_resume bell")
            first.kill()
            (said,) = second.ok("%oqc_resume")
            assert said.text.startswith("bell is back.\n")
            proxy.faults.clear()
            second.ok("await bell.wait()")


def test_two_kernels_of_a_notebook_do_not_disturb_each_other(
    local_qpu: LocalQpu, notebook: Path
) -> None:
    run = f"sweep = sdk.create_job(program=[{ONE!r}] * 20)\nawait sweep.execute()"
    with kernel_of(notebook, local_qpu) as first, kernel_of(notebook, local_qpu) as second:
        sent = [(kernel, kernel.send(run)) for kernel in (first, second)]
        for kernel, ids in sent:
            assert [cell.status for cell in kernel.receive(ids)] == ["ok"]
            kernel.ok("assert sdk._recorder.flush()")
    folder = notebook.with_suffix(".oqc")
    assert len(names_in(folder, "runs/*/*.json")) == 42
    assert len(list((folder / "runs").iterdir())) == 2
    assert names_in(folder, "live/*") == []


def test_what_was_submitted_to_another_server_is_not_asked_about_here(
    kernel: NotebookKernel, dead: Path, local_qpu: LocalQpu, proxy: FaultyProxy
) -> None:
    with kernel_of(dead.with_suffix(".ipynb"), local_qpu) as other:
        (said,) = other.ok("%oqc_resume")
        assert f"bell was submitted to {proxy.url}: connect there.\n" in said.text
        assert refused(other, "%oqc_resume belle") == (
            "%oqc_resume: The archive has no 'belle' to give back. There is: "
            + ", ".join(other.told(NAMES))
            + "."
        )
        # one that is not on this machine is not asked about even by its name
        for live in dead.glob("live/*.json"):
            live.write_text(live.read_text().replace(proxy.url, "https://qcaas.example"))
        assert refused(other, "%oqc_resume bell") == (
            "%oqc_resume: bell was submitted to https://qcaas.example: connect there."
        )


def test_what_ran_on_a_local_qpu_that_ended_with_its_kernel_is_given_back_to_run_again(
    notebook: Path,
) -> None:
    make_notebook(notebook)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OQC_")}
    env = {**kept, "OQC_NOTEBOOK_PATH": str(notebook)}

    def ok(kernel: Kernel, *cells: str) -> list[Cell]:
        done = kernel.run("%load_ext oqc_notebook\n%oqc_connect --as sdk", *cells)
        assert [cell.status for cell in done] == ["ok"] * (len(cells) + 1), done
        return done[1:]

    with Kernel(cwd=str(notebook.parent), env=env) as kernel:
        ok(kernel)
        # at once, so that it does not end before
        kernel.send(
            f"import os\nbell = sdk.create_job(program={BELL!r})\nawait bell.submit()\n"
            "assert sdk._recorder.flush()\nos.kill(os.getpid(), 9)"
        )
        provisioner: Any = kernel.manager.provisioner
        provisioner.process.wait(timeout=60)
    with Kernel(cwd=str(notebook.parent), env=env) as kernel:
        (said,) = ok(kernel, "%oqc_resume")
        assert "connect there.\nIf that has ended with its kernel, '%oqc_resume bell'" in said.text
        ok(kernel, "%oqc_resume bell")
        (ran,) = ok(kernel, "bell.state, await bell.wait(), await bell.execute()\nprint(bell)")
        assert "state=COMPLETED" in ran.text, ran


def test_what_the_server_no_longer_knows_is_said(
    kernel: NotebookKernel, dead: Path, proxy: FaultyProxy
) -> None:
    proxy.spoil("GET", "/all_info", answer=answer(404, {"detail": "scrubbed"}), times=None)
    kernel.ok("%oqc_resume bell")
    until(lambda: kernel.told("print(json.dumps(bell.error is not None))"))
    kernel.ok("assert sdk._recorder.flush()", "import oqc_notebook; oqc_notebook.run(sdk.close())")
    kernel.kill()
    with NotebookKernel(dead.with_suffix(".ipynb"), proxy.url, kernel.token) as third:
        (said,) = third.ok("%oqc_resume --list")
        assert "bell" in said.outputs[0]["text/plain"]
        assert "gone" in said.outputs[0]["text/plain"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"oqc_archive": 7}', b"\xff\xfe"])
def test_what_is_damaged_is_named_once_and_left_alone(
    kernel: NotebookKernel, dead: Path, damage: bytes
) -> None:
    live = [file for file in dead.glob("live/*.json") if read(file)["oqc_archive"].get("job")]
    file = next(file for file in live if read(file)["oqc_archive"].get("name") == "bell")
    run = sorted(dead.glob("runs/*/*bell*.json"))[0]
    for path in (file, run, dead / "live" / "notes.json"):
        path.write_bytes(damage)
    (resumed, again) = kernel.ok("%oqc_resume", "%oqc_resume --list")
    assert "sweep is back.\n" in resumed.text
    named = [path.name for path in (file, run) if path.name in resumed.stderr]
    assert named == ([] if damage == b"" else [file.name, run.name])
    assert again.stderr == ""
    assert file.read_bytes() == run.read_bytes() == damage
