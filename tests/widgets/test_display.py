"""Where panels are shown: registered in a kernel's shell, two outputs in the cell that runs."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from oqc_notebook.archive import variable_name
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.widgets import display as display_module
from oqc_notebook.widgets import register, show
from oqc_notebook.widgets.names import name_of
from tests.support import LocalQpu
from tests.widgets.conftest import Channel


class Publisher:
    """Stands for what publishes outputs in a kernel."""

    def __init__(self) -> None:
        self.published: list[tuple[dict[str, Any], dict[str, Any], bool]] = []
        self.metadata: list[Any] = []

    def publish(
        self,
        data: dict[str, Any],
        metadata: Any = None,
        transient: dict[str, Any] | None = None,
        update: bool = False,
    ) -> None:
        self.published.append((data, transient or {}, update))
        self.metadata.append(metadata)


class Shell:
    """Stands for the shell of a kernel."""

    def __init__(self) -> None:
        self.kernel = object()
        self.user_ns: dict[str, Any] = {}
        self.display_pub = Publisher()
        self.begin_cell("cell-1", "execution-1")

    def begin_cell(self, cell_id: str, execution: str) -> None:
        self.parent = {"header": {"msg_id": execution}, "metadata": {"cellId": cell_id}}

    def get_parent(self) -> dict[str, Any]:
        return self.parent


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell()
    monkeypatch.setattr("IPython.get_ipython", lambda: made)
    monkeypatch.setattr(InteractiveShell, "instance", lambda: made)
    monkeypatch.setattr(InteractiveShell, "initialized", lambda: True)
    monkeypatch.setattr(display_module, "_shown", {})
    return made


def a_job() -> Job:
    job = OqcSdk("https://example.com", "t").create_job(program="p", qpu_id="q")
    assert isinstance(job, Job)
    return job


def test_two_outputs_the_live_one_and_its_twin(shell: Shell) -> None:
    shell.user_ns = {"_": 1, "bell": (job := a_job())}
    show(job)
    (live, no_id, _), (twin, transient, _) = shell.display_pub.published
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"].startswith("channel-")
    assert live["text/html"] == ""
    assert live["text/plain"] == "Live panel of job bell; how it stood last follows."
    assert no_id == {}
    assert twin["text/plain"].startswith("Job bell: ○ CREATED on q, 1000 shots, as of ")
    assert 'class="oqc-twin ' in twin["text/html"]
    assert "<script" not in twin["text/html"]
    assert set(transient) == {"display_id"}


def test_in_colab_the_live_output_names_what_draws_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = SimpleNamespace(
        enable_custom_widget_manager=lambda: None,
        _widgets=SimpleNamespace(_installed_url="https://manager.example"),
    )
    monkeypatch.setitem(sys.modules, "google.colab.output", manager)
    show(a_job())
    custom = {"colab": {"custom_widget_manager": {"url": "https://manager.example"}}}
    live, _ = shell.display_pub.metadata
    assert live == {"application/vnd.jupyter.widget-view+json": custom}


@pytest.mark.anyio
async def test_the_twin_is_updated_at_the_end_and_not_at_every_step(
    shell: Shell, local_qpu: LocalQpu
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=["nonsense", "nonsense"])
        show(job)
        display_id = shell.display_pub.published[1][1]["display_id"]
        await job.execute()
    updates = [each for each in shell.display_pub.published if each[2]]
    # the first change, the end, and between them the beginning, if it was seen
    assert 2 <= len(updates) <= 3
    assert {each[1]["display_id"] for each in updates} == {display_id}
    assert "FAILED" in updates[-1][0]["text/plain"]
    assert "2 children" in updates[-1][0]["text/plain"]


def test_the_same_cell_again_closes_what_it_showed_before(
    shell: Shell, channels: list[Channel]
) -> None:
    job = a_job()
    show(job)
    show(job)
    assert len(job._observers) == 2
    shell.begin_cell("cell-1", "execution-2")
    show(job)
    assert [channel.closed for channel in channels] == [True, True, False]
    assert len(job._observers) == 1
    shell.begin_cell("cell-2", "execution-3")
    show(job)
    assert [channel.closed for channel in channels] == [True, True, False, False]


def test_without_a_kernel_nothing_changes(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = InteractiveShell()
    register(terminal)
    job = a_job()
    data, _ = terminal.display_formatter.format(job)
    assert data == {"text/plain": repr(job)}
    show(job)
    assert capsys.readouterr().out == f"{job!r}\n"


def test_registering_shows_jobs_and_composites_as_panels(shell: Shell) -> None:
    terminal = InteractiveShell()
    terminal.kernel = object()
    register(terminal)
    register(terminal)
    for thing in (a_job(), CompositeJob([a_job()])):
        assert terminal.display_formatter.format(thing) == ({}, {})
    assert len(shell.display_pub.published) == 4
    assert terminal.display_formatter.format(3)[0] == {"text/plain": "3"}


def test_names_are_those_of_the_users_variables(shell: Shell) -> None:
    job = a_job()
    assert name_of(job) is None
    shell.user_ns = {"_1": job, "other": SimpleNamespace(), "mine": job}
    assert name_of(job) == "mine"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/n/b.oqc/saved/bell.json", "bell"),
        (r"C:\n\b.oqc\saved\θ sweep-2.json", "θ_sweep_2"),
        ("2nd.json", "job_2nd"),
        ("for.json", "job_for"),
        ("---.json", "job"),
    ],
)
def test_names_of_variables_from_names_of_files(path: str, name: str) -> None:
    assert variable_name(path) == name
