"""The lines of the magics: what is refused and how, help, and completion."""

from __future__ import annotations

import re

import pytest

from oqc_notebook.magics import MAGICS
from oqc_notebook.magics.arguments import help_text
from tests.magics.support import ok, refused
from tests.support import BROKEN, EXACT, ONE, QPUS, SIMULATOR
from tests.support_kernel import Kernel

# ---- tokens ----


@pytest.mark.parametrize(
    "line",
    [
        "--token canary-f00d",
        "--authentication_token=canary-f00d",
        "canary-f00d",
        "http://127.0.0.1:9 canary-f00d",
        "http://canary-f00d@127.0.0.1:9",
        "http://127.0.0.1:9/?token=canary-f00d",
        "token=canary-f00d",
        "--password canary-f00d",
        "--qpu q canary-f00d",
    ],
)
def test_a_token_on_the_line_is_refused_and_not_repeated(shared: Kernel, line: str) -> None:
    said = refused(shared, f"%oqc_connect {line}")
    assert "canary" not in said
    assert "OQC_AUTH_TOKEN" in said


def test_a_token_is_refused_on_the_line_of_any_magic(shared: Kernel) -> None:
    assert "canary" not in refused(shared, "%oqc_run --token canary-f00d")
    ok(
        shared,
        "import os; kept = os.environ['OQC_AUTH_TOKEN']; os.environ['OQC_AUTH_TOKEN'] = 'canary'",
    )
    assert "canary" not in refused(shared, "%oqc_save one canary")
    ok(shared, "os.environ['OQC_AUTH_TOKEN'] = kept")


# ---- errors, help, completion ----


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("%oqc_run nope", "There is no job called 'nope'"),
        ("%oqc_run sdk", "'sdk' is no job: it is of type OqcSdk."),
        ("%oqc_run --timeout soon", "argument --timeout: 'soon' is not a number of seconds. Us"),
        ("%oqc_run a b", "unrecognized arguments: b. Usage: %oqc_run [NAME] [--no-wait]"),
        ("%oqc_run 'a", "No closing quotation. Usage: "),
        ("%oqc_run --wait", "unrecognized arguments: --wait. Usage: "),
        ("%oqc_connect --verbose", "this does not fit. Usage: %oqc_connect [URL]"),
        ("%oqc_connect ftp://x", "a token does not belong on this line"),
        ("%oqc_connect http://127.0.0.1:9", "127.0.0.1:9"),
        ("%%oqc_job\nx", "the following arguments are required: NAME. Usage: %%oqc_job NAME"),
        ("%%oqc_job a-b\nx", "'a-b' cannot be the name of a variable."),
        ("%%oqc_job class\nx", "'class' cannot be the name of a variable."),
        ("%oqc_connect --as a.b", "'a.b' cannot be the name of a variable."),
        ("%%oqc_job a\n \n", "There is no program below the line."),
        ("%%oqc_job a --shots 0\nx", "'0' is not a whole number of at least 1"),
        ("%%oqc_job a --config nope\nx", "There is no configuration called 'nope'."),
        ("%%oqc_job a --config sdk\nx", "There is no configuration called 'sdk'."),
        ("%oqc_counts --top 0", "'0' is not a whole number of at least 1"),
    ],
)  # fmt: skip
def test_errors_are_one_clear_line(shared: Kernel, source: str, said: str) -> None:
    message = refused(shared, source)
    assert message.startswith(source.split()[0] + ": ")
    assert said in message


def test_counts_of_a_register_that_is_not_there(shared: Kernel) -> None:
    ok(shared, f"%%oqc_job one\n{ONE}")
    assert refused(shared, "%oqc_counts one --register d") == (
        "%oqc_counts: one has no counts of a register 'd'. It is COMPLETED"
    )
    ok(shared, f"one.reconfigure(program={BROKEN!r})", "%oqc_run one")
    (cell,) = ok(shared, "%oqc_counts one")
    assert "of an earlier run: the latest is FAILED" in cell.text


def test_the_table_names_every_magic_and_each_has_its_help(shared: Kernel) -> None:
    (cell,) = ok(
        shared,
        "found = get_ipython().magics_manager.magics\n"
        "print(*sorted(['%' + n for n in found['line'] if n.startswith('oqc')]"
        " + ['%%' + n for n in found['cell'] if n.startswith('oqc')]))",
    )
    assert cell.text.split() == sorted(magic.written for magic in MAGICS)
    for magic in MAGICS:
        reply = shared.client.inspect(magic.written, reply=True, timeout=30)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", reply["content"]["data"]["text/plain"])
        assert magic.usage in plain
        for line in help_text(magic).splitlines():
            assert line.strip() in plain
        assert len(magic.summary) < 80
    shown = ok(shared, "%oqc_run --help", "%%oqc_job -h\nx")
    assert [cell.text.splitlines()[0] for cell in shown] == [
        "%oqc_run [NAME] [--no-wait] [--timeout S]",
        "%%oqc_job NAME [--qpu ID] [--shots N] [--config VAR] [--no-run] [--no-wait]",
    ]


def test_the_examples_of_the_help_run_as_they_stand_there(kernel: Kernel) -> None:
    url = ok(kernel, "print(sdk.url)")[0].text.strip()
    examples = {magic.name: magic.examples for magic in MAGICS}
    order = (
        "connect",
        "qpus",
        "job",
        "run",
        "status",
        "cancel",
        "save",
        "history",
        "counts",
        "load",
        "jobs",
        "resume",
        "export",
        "diff",
        "mode",
    )
    cells = [example for name in order for example in examples[f"oqc_{name}"]]
    assert len(cells) == sum(len(magic.examples) for magic in MAGICS)
    known = {"https://qcaas.example.com": url, "qpu:uk:2:d865b5a184": EXACT}
    known["bell.ipynb bell-of-anna.html"] = "bell-of-today.json bell-of-today.json"
    for old, new in known.items():
        cells = [cell.replace(old, new) for cell in cells]
    ok(kernel, "import nbformat\nnbformat.write(nbformat.v4.new_notebook(), 'lab.ipynb')")
    # %oqc_counts alone means the latest job, which the example has not run
    ok(kernel, *[cell for cell in cells if cell != "%oqc_counts"])
    ok(kernel, "%oqc_load bell", "%oqc_counts")


def test_completion(shared: Kernel) -> None:
    ok(shared, f"%%oqc_job first_one\n{ONE}", f"%%oqc_job first_two\n{ONE}", "%oqc_save first_one")
    complete = shared.complete
    assert complete("%oqc_sta") == ["%oqc_status"]
    assert complete("%oqc_run first_") == ["%oqc_run first_one", "%oqc_run first_two"]
    assert complete("x = 5\n%oqc_run first_o") == ["x = 5\n%oqc_run first_one"]
    assert complete("%oqc_run --") == ["%oqc_run --no-wait", "%oqc_run --timeout"]
    assert complete("%oqc_run first_one --no") == ["%oqc_run first_one --no-wait"]
    assert complete("%oqc_run --no-wait --") == ["%oqc_run --no-wait --timeout"]
    assert complete("%oqc_connect --qpu ") == [f"%oqc_connect --qpu {q}" for q in QPUS]
    assert complete("%%oqc_job x --qpu qpu:local:2") == [f"%%oqc_job x --qpu {SIMULATOR}"]
    assert complete("%%oqc_job x --qpu qpu:local:1:exact --sh")[0].endswith("exact --shots")
    assert complete("%oqc_load first") == ["%oqc_load first_one"]
    assert complete("%oqc_counts first_one --register ") == ["%oqc_counts first_one --register c"]
    assert complete("oqc_run first_o") == ["oqc_run first_one"]  # magics without a percent sign
