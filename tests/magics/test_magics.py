"""Each magic in a real kernel, with its cells all sent at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.magics.support import ok, panels, refused
from tests.support import BELL, BROKEN, EXACT, ONE, QPUS, SIMULATOR
from tests.support_kernel import Kernel

# ---- a whole notebook ----


def test_a_whole_notebook_run_at_once(kernel: Kernel, tmp_path: Path) -> None:
    made, state, counts, run, history, saved, loaded, compared, last = ok(
        kernel,
        f"%%oqc_job one --shots 200\n{ONE}",
        "print(one.state, one.result.data)",
        "%oqc_counts",
        "%oqc_run one",
        "%oqc_history",
        "%oqc_save",
        "%oqc_load one again",
        "print(len(again.history), again.result.data == one.result.data)",
        "%oqc_status",
    )
    assert panels(made) == panels(run) == panels(loaded) == 1
    assert state.text == "COMPLETED {'c': {'1': 200}}\n"
    assert counts.text == (
        "one: register c, 200 shots (c[0] is the leftmost bit)\n  1  "
        + "█" * 30
        + "  200  100.0 %\n"
    )
    table = history.outputs[0]["text/plain"].splitlines()
    assert table[0].split() == ["run", "state", "received", "took", "QPU", "shots", "task", "error"]
    assert [row.split()[:3] for row in table[1:]] == [
        ["1", "✓", "COMPLETED"],
        ["2", "✓", "COMPLETED"],
    ]
    assert "<table" in history.outputs[0]["text/html"]
    path = tmp_path / "lab.oqc" / "saved" / "one.json"
    assert saved.text == f"Saved one to {path}\n"
    assert loaded.text == f"Loaded again from {path}\n"
    assert compared.text == "2 True\n"
    assert re.match(
        r"again: ✓ COMPLETED on Exact 32-qubit \(SIMULATED\), 200 shots, .*task ", last.text
    )


def test_what_is_saved_lies_in_the_folder_that_connect_names(
    kernel: Kernel, tmp_path: Path
) -> None:
    nothing, _, saved, listed, loaded = ok(
        kernel,
        "import oqc_notebook\nsdk = oqc_notebook.connect(archive='sweeps.oqc')\n%oqc_load",
        f"%%oqc_job one\n{ONE}",
        "%oqc_save one",
        "%oqc_load",
        "%oqc_load one again",
    )
    path = tmp_path / "sweeps.oqc" / "saved" / "one.json"
    assert nothing.text.endswith(f"Nothing is saved in {path.parent} yet.\n")
    assert saved.text == f"Saved one to {path}\n"
    assert str(path) in listed.outputs[0]["text/plain"]
    assert loaded.text == f"Loaded again from {path}\n"
    ok(kernel, "oqc_notebook.run(sdk.close())")
    (loaded,) = ok(kernel, "%oqc_load one later")
    assert loaded.text.startswith(f"Loaded later from {path}\n")
    assert not (tmp_path / "lab.oqc" / "saved").exists()


# ---- connecting ----


def test_connecting_again_gives_the_open_session_back(shared: Kernel) -> None:
    (again, same) = ok(shared, "before = sdk\n%oqc_connect --as sdk", "print(sdk is before)")
    assert again.text.startswith("Connected to http://127.0.0.1:")
    assert again.text.endswith(f". Default QPU: Exact 32-qubit ({EXACT}).\n")
    assert same.text == "True\n"


def test_the_qpus_are_shown_with_the_default_marked(shared: Kernel) -> None:
    (cell,) = ok(shared, "%oqc_qpus")
    assert panels(cell) == 1
    head, names, *rows = cell.outputs[1]["text/plain"].splitlines()
    assert re.fullmatch(r"QPUs at http://127.0.0.1:\d+, as of .* UTC", head)
    assert names.split()[:5] == ["name", "id", "qubits", "status", "queue"]
    cells = [[c.strip() for c in row.split("  ") if c.strip()] for row in rows]
    assert cells[0] == ["Exact 32-qubit (SIMULATED)", EXACT, "32", "ACTIVE", "0", "✓"]
    assert cells[1][:4] == ["8-qubit Simulator (SIMULATED)", SIMULATOR, "8", "ACTIVE"]
    assert [row[-1] for row in cells].count("✓") == 1


def test_the_jobs_of_the_session_are_shown_by_their_names(kernel: Kernel) -> None:
    ok(kernel, f"%%oqc_job first --shots 50\n{ONE}", f"%%oqc_job second --no-run\n{ONE}")
    (cell,) = ok(kernel, "%oqc_jobs")
    assert panels(cell) == 1
    head, _, *rows = cell.outputs[1]["text/plain"].splitlines()
    assert head.startswith("2 jobs of the session with http://127.0.0.1:")
    assert [row.split()[:2] for row in rows] == [["second", "job"], ["first", "job"]]
    assert "✓ COMPLETED" in rows[1]
    assert "1: 50" in rows[1]


def test_the_default_qpu_is_changed_to_one_that_there_is(kernel: Kernel) -> None:
    assert refused(kernel, "%oqc_connect --qpu qpu:uk:9") == (
        f"%oqc_connect: There is no QPU 'qpu:uk:9'; there are {', '.join(QPUS)}."
    )
    (cell,) = ok(kernel, f"%oqc_connect --qpu {SIMULATOR}")
    assert "8-qubit Simulator" in cell.text


def test_where_the_environment_has_no_token_it_is_asked_for(
    kernel: Kernel, local_qpu: object
) -> None:
    token = local_qpu.token  # type: ignore[attr-defined]
    ok(kernel, "import oqc_notebook; oqc_notebook.run(sdk.close())")
    ok(kernel, "import os; url = os.environ.pop('OQC_URL'); del os.environ['OQC_AUTH_TOKEN']")
    assert refused(kernel, "%oqc_connect {url}") == (
        "%oqc_connect: There is no token, and nobody to ask for it: set OQC_AUTH_TOKEN."
    )  # this client answers no questions, as nbconvert does not
    prompts: list[str] = []

    def answer(message: dict[str, dict[str, str]]) -> None:
        prompts.append(message["content"]["prompt"])
        kernel.client.input(token)

    reply = kernel.client.execute_interactive(
        "%oqc_connect {url}",
        allow_stdin=True,
        stdin_hook=answer,
        output_hook=lambda _: None,
        timeout=30,
    )
    assert reply["content"]["status"] == "ok"
    assert [prompt.startswith("Token for http://127.0.0.1:") for prompt in prompts] == [True]
    ok(kernel, "%oqc_qpus", "%oqc_connect {url}")  # it is open: nothing is asked


def test_without_a_session_a_file_can_be_looked_at(kernel: Kernel) -> None:
    ok(
        kernel,
        f"%%oqc_job one\n{ONE}",
        "%oqc_save",
        "import oqc_notebook; oqc_notebook.run(sdk.close())",
    )
    loaded, counts = ok(kernel, "%oqc_load one", "%oqc_counts")
    assert "It can be looked at. To run it, %oqc_connect and load it again." in loaded.text
    assert "1000 shots" in counts.text
    assert "has no session" in refused(kernel, "%oqc_run")
    assert refused(kernel, "%oqc_qpus") == (
        "%oqc_qpus: There is no open session: connect with %oqc_connect."
    )


# ---- making jobs ----


def test_a_job_is_made_as_its_line_says(shared: Kernel) -> None:
    configure = (
        "from compiler_config.config import CompilerConfig, QuantumResultsFormat\n"
        "mine = CompilerConfig(repeats=7, results_format=QuantumResultsFormat().binary_count())"
    )
    ok(
        shared,
        configure,
        f"%%oqc_job plain --no-run\n{ONE}",
        f"%%oqc_job other --qpu {SIMULATOR} --shots 5\n{BELL}",
        f"%%oqc_job configured --config mine\n{ONE}",
        f"%%oqc_job both --config mine --shots 9\n{ONE}",
    )
    (cell,) = ok(
        shared,
        "print(plain.state, plain.config, plain.qpu_id, plain.program[:12])\n"
        "print(other.qpu_id, sum(other.result.data['c'].values()))\n"
        "print(configured.result.data, both.result.data, mine.repeats)",
    )
    assert cell.text.splitlines() == [
        f"CREATED None {EXACT} OPENQASM 2.0",
        f"{SIMULATOR} 5",
        "{'c': {'1': 7}} {'c': {'1': 9}} 7",
    ]


def test_running_a_cell_again_makes_a_new_job(shared: Kernel) -> None:
    ok(shared, f"%%oqc_job anew\n{ONE}", "first = anew", f"%%oqc_job anew\n{ONE}")
    assert ok(shared, "print(first is anew, len(anew.history))")[0].text == "False 1\n"


def test_no_wait_goes_on_and_the_panel_follows_the_job(shared: Kernel) -> None:
    made, followed = ok(
        shared,
        f"%%oqc_job flying --no-wait\n{ONE}",
        "import asyncio\nwhile not flying.ended: await asyncio.sleep(0.01)\nprint(flying.state)",
    )
    assert panels(made) == 1
    assert followed.text == "COMPLETED\n"


def test_a_program_that_fails_is_shown_and_stops_nothing(shared: Kernel) -> None:
    _, status, history, after = ok(
        shared, f"%%oqc_job broken\n{BROKEN}", "%oqc_status", "%oqc_history", "print('after')"
    )
    assert status.text.startswith("broken: ✕ FAILED on Exact 32-qubit")
    assert "hadamard" in status.text
    assert status.text.count("\n") == 1
    assert "hadamard" in history.outputs[0]["text/plain"]
    assert after.text == "after\n"
    assert refused(shared, "%oqc_counts").startswith(
        "%oqc_counts: broken has no counts. It is FAILED: "
    )


# ---- the most recent job ----


def test_without_a_name_it_is_the_most_recent_job(kernel: Kernel) -> None:
    assert refused(kernel, "%oqc_run") == (
        "%oqc_run: There is no job yet: make one with %%oqc_job or sdk.create_job()."
    )
    make = f"sdk.create_job(program={ONE!r})"

    def recent() -> str:
        return ok(kernel, "%oqc_status")[0].text.split(":")[0]

    ok(kernel, f"a = {make}", f"b = {make}")
    assert recent() == "b"
    ok(kernel, f"a = {make}")  # bound again
    assert recent() == "a"
    (cell,) = ok(kernel, f"_hidden = {make}; c = {make}; a = None\n%oqc_status")
    assert cell.text.startswith("c:")
    ok(kernel, "%oqc_run b")
    assert recent() == "b"
    ok(kernel, f"d = {make}")  # what a magic ran comes first
    assert recent() == "b"
    ok(kernel, "%oqc_save", "%oqc_load b e")
    assert recent() == "e"
    ok(kernel, f"%%oqc_job f --no-run\n{ONE}")
    assert recent() == "f"
    ok(kernel, "del f")
    assert recent() == "e"


# ---- composites ----


def test_the_magics_take_composites(shared: Kernel) -> None:
    cells = ok(
        shared,
        f"programs = [{ONE!r}, {BELL!r}, {BROKEN!r}]",
        "pair = sdk.create_job(program=programs, label=['one', 'bell', 'bad'])",
        "%oqc_run pair",
        "%oqc_status pair",
        "%oqc_history pair",
        "%oqc_counts pair --top 1",
        "%oqc_save pair",
        "%oqc_load pair back",
        "%oqc_cancel back",
    )
    run, status, history, counts, _, _, cancelled = cells[2:]
    assert panels(run) == 1
    assert re.match(
        r"pair: ✕ FAILED on Exact 32-qubit \(SIMULATED\), 3 children, ✓ 2 COMPLETED, ✕ 1 FAILED",
        status.text,
    )
    rows = history.outputs[0]["text/plain"].splitlines()
    assert [row.split()[:2] for row in rows] == [
        ["child", "label"], ["0", "one"], ["1", "bell"], ["2", "bad"]
    ]  # fmt: skip
    assert counts.text.startswith(
        "pair[0] one: register c, 1000 shots (c[0] is the leftmost bit)\n"
    )
    assert re.search(
        r"\n\npair\[1\] bell: register c.*\n  (00|11)  █+ .*\n  other: 1 bitstrings", counts.text
    )
    assert cancelled.text == "back is not in flight: there is nothing to cancel. It is FAILED.\n"


# ---- saving and loading ----


def test_save_and_load_with_paths(shared: Kernel) -> None:
    folder = Path(json.loads(ok(shared, "import os, json; print(json.dumps(os.getcwd()))")[0].text))
    ok(shared, f"%%oqc_job kept\n{ONE}", "%oqc_save kept", "%oqc_save kept 'with space.json'")
    listed, loaded, again = ok(
        shared,
        "%oqc_load",
        "%oqc_load 'with space.json'",
        f"%oqc_load '{folder / 'with space.json'}' z",
    )
    assert "kept" in listed.outputs[0]["text/plain"]
    assert loaded.text == f"Loaded with_space from {folder / 'with space.json'}\n"
    assert panels(again) == 1
    assert refused(shared, "%oqc_load gone").startswith(
        "%oqc_load: There is no file 'gone', and no job saved so: "
    )
    assert refused(shared, "%oqc_load gone.json") == (
        "%oqc_load: No such file or directory: 'gone.json'"
    )
    (folder / "bad.json").write_text("{")
    assert "does not contain valid JSON" in refused(shared, "%oqc_load bad.json")
    assert refused(shared, "%oqc_save kept nowhere/x.json").startswith(
        "%oqc_save: No such file or directory"
    )


def test_loading_never_takes_a_name_that_means_something_else(shared: Kernel) -> None:
    ok(shared, f"%%oqc_job kept\n{ONE}", "%oqc_save kept taken.json", "taken = 5")
    assert "taken is something else here already" in refused(shared, "%oqc_load taken.json")
    ok(shared, "%oqc_load taken.json taken_job", "assert taken == 5")


def test_another_jobs_file_is_not_replaced(shared: Kernel) -> None:
    one, two = (
        ok(shared, f"%%oqc_job same\n{ONE}", "%oqc_save same")[1],
        ok(shared, f"%%oqc_job same\n{BELL}", "%oqc_save same")[1],
    )
    assert one.text.endswith("saved/same.json\n")
    assert two.text.endswith("saved/same-2.json\n")
