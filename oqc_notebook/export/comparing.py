"""Two archives run by run: what was run, what came out, and where."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from oqc_notebook.export.bundle import Bundle
from oqc_notebook.export.matching import Run, matched, runs_of_archive, runs_of_snapshot
from oqc_notebook.export.opening import open_archive
from oqc_notebook.export.restoring import archive_in, is_archive, restore
from oqc_notebook.export.runs import newest_session
from oqc_notebook.sdk.configs import config_to_text
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.static.comparing import distances, most_by_chance, program_lines
from oqc_notebook.static.ranking import ranked
from oqc_notebook.static.settings import settings_of
from oqc_notebook.static.text import visible

#: Counts are said to differ when chance makes them so different less often than this.
_HARDLY_EVER = 0.001

#: Runs that are told of one by one.
_MOST_RUNS = 100


@dataclass(frozen=True)
class Distance:
    """How far the counts of a classical register are apart.

    Attributes
    ----------
    register
        Its name.
    shots
        Of both runs; None where a run has no such register.
    distance
        Total variation distance, from 0 to 1; None where a run has no shots.
    chance
        About how large that is between two samples of one distribution with so many shots.
    limit
        What it exceeds between two such samples in less than one of a thousand cases.
    """

    register: str
    shots: tuple[int | None, int | None]
    distance: float | None = None
    chance: float | None = None
    limit: float | None = None

    @property
    def differs(self) -> bool:
        """Whether chance alone hardly explains it: it makes less in 999 of 1000 cases."""
        if self.distance is None or self.limit is None:
            return True
        return self.distance > self.limit


@dataclass(frozen=True)
class RunDifference:
    """A run in both archives.

    Attributes
    ----------
    run
        Which one, such as ``sweep[3], run 1``.
    program
        Lines that tell the programs apart; empty where they are the same.
    settings
        ``(name, in a, in b)`` where QPU or configuration differ.
    outcome
        ``(in a, in b)`` where one failed, or the results differ and are no counts.
    counts
        How far the counts are apart, by register.
    """

    run: str
    program: list[str] = field(default_factory=list)
    settings: list[tuple[str, str, str]] = field(default_factory=list)
    outcome: tuple[str, str] | None = None
    counts: list[Distance] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether anything differs by more than chance."""
        by_more_than_chance = any(distance.differs for distance in self.counts)
        return bool(self.program or self.settings or self.outcome) or by_more_than_chance


@dataclass(frozen=True)
class Comparison:
    """Two archives, or two snapshots, side by side. It is shown as text.

    Attributes
    ----------
    a, b
        What they are called.
    runs
        The runs that both hold.
    only_in_a, only_in_b
        Runs that the other one does not hold.
    environment
        ``(name, in a, in b)`` where Python, packages, git or calibrations differ.
    left_out
        How many runs of earlier executions of their cells `a` and `b` hold besides.
    """

    a: str
    b: str
    runs: list[RunDifference]
    only_in_a: list[str]
    only_in_b: list[str]
    environment: list[tuple[str, str, str]]
    left_out: tuple[int, int] = (0, 0)

    @property
    def differs(self) -> bool:
        """Whether runs differ by more than chance; the environment alone does not count."""
        return bool(self.only_in_a or self.only_in_b or any(run.differs for run in self.runs))

    def __repr__(self) -> str:
        # what a file says cannot steer a terminal, nor look like lines of its own
        return "\n".join(visible(line).replace("\n", f"\n{' ' * 8}") for line in _lines(self))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def diff(a: str | Path, b: str | Path) -> Comparison:
    """Compare two archives run by run.

    Of each cell, that is its newest execution. Runs belong together that the same cell asked
    for with the same program, configuration and QPU; where one of these changed, those whose
    jobs were held by variables of the same name. In snapshots, it is the first run and the first
    one of the same child.

    Parameters
    ----------
    a, b
        Archives in any form that :func:`.restore` takes, or snapshots.

    Returns
    -------
    Comparison
        Programs, configurations, counts and environment where they differ. Counts differ by
        chance, too: each distance is told with the one that chance makes about.

    Raises
    ------
    FileNotFoundError, ValueError
        As for :func:`.restore`.
    """
    runs_a, earlier_a, environment_a = _read(Path(a))
    runs_b, earlier_b, environment_b = _read(Path(b))
    pairs, only_in_a, only_in_b = matched(runs_a, runs_b)
    # a snapshot tells nothing of where it is from, which is no difference
    names = {**environment_a, **environment_b} if environment_a and environment_b else {}
    both = [(name, environment_a.get(name, "-"), environment_b.get(name, "-")) for name in names]
    return Comparison(
        *_called(Path(a), Path(b)),
        runs=[_compared(in_a.called, in_a.output, in_b.output) for in_a, in_b in pairs],
        only_in_a=[run.called for run in only_in_a],
        only_in_b=[run.called for run in only_in_b],
        environment=[each for each in both if each[1] != each[2]],
        left_out=(earlier_a, earlier_b),
    )


def _called(a: Path, b: Path) -> tuple[str, str]:
    return (a.name, b.name) if a.name != b.name else (str(a), str(b))


def _read(path: Path) -> tuple[list[Run], int, dict[str, str]]:
    """Give the runs to compare, how many there are besides, and the environment."""
    if not is_archive(path):
        (job,) = restore(path).values()
        return list(runs_of_snapshot(job)), 0, {}
    bundle = open_archive(path)
    return *runs_of_archive(archive_in(bundle, path)), _environment(bundle)


def _environment(bundle: Bundle) -> dict[str, str]:
    """Say where the newest session of an archive ran."""
    newest = newest_session(bundle)
    calibrations = f"{bundle.sidecar}/calibrations/"
    hashes = [Path(name).stem[:12] for name in bundle.files if name.startswith(calibrations)]
    told = {"QPU calibrations": ", ".join(sorted(hashes))} if hashes else {}
    if newest is None:
        return told
    git = newest.git
    if git is not None:
        told["git"] = f"{(git.revision or 'no commit')[:12]}{' and changes' if git.dirty else ''}"
    return {"Python": newest.python, "platform": newest.platform} | told | newest.packages


# ---- one run ----


def _compared(run: str, a: JobOutput, b: JobOutput) -> RunDifference:
    program: list[str] = []
    if a.program != b.program:
        lines, note = program_lines(a.program or "", b.program or "")
        program = [note, *lines]
    registers = [(ranked(x) or {}) if isinstance(x, JobResult) else {} for x in (a, b)]
    counts: list[Distance] = []
    outcome = None
    if registers[0] or registers[1]:
        counts = [
            _distance(each["name"], each["shots"], each.get("distance"), each.get("noise"))
            for each in distances(*registers)
        ]
    if isinstance(a, JobError) or isinstance(b, JobError) or not counts:
        told = _outcome(a), _outcome(b)
        outcome = told if told[0] != told[1] else None
        counts = []
    return RunDifference(run, program, _settings(a, b), outcome, counts)


def _distance(
    name: str, shots: list[int | None], distance: float | None, noise: float | None
) -> Distance:
    a, b = shots
    if distance is None or noise is None or a is None or b is None:
        return Distance(name, (a, b))
    return Distance(name, (a, b), distance, noise, most_by_chance(noise, a, b, _HARDLY_EVER))


def _outcome(output: JobOutput) -> str:
    if isinstance(output, JobError):
        return f"({output.error_code}) {output.error_message}"
    data = output._data if isinstance(output, JobResult) else None
    return "counts" if isinstance(output, JobResult) and ranked(output) else f"{data!r:.200}"


def _settings(a: JobOutput, b: JobOutput) -> list[tuple[str, str, str]]:
    told = [
        {"QPU": output.qpu_id or "-", **dict(settings_of(vars(output)["compiler_config"]))}
        for output in (a, b)
    ]
    names = dict.fromkeys([*told[0], *told[1]])
    both = [(name, told[0].get(name, "default"), told[1].get(name, "default")) for name in names]
    differ = [each for each in both if len({x.removesuffix(" (default)") for x in each[1:]}) > 1]
    if not differ and _text(a) != _text(b):
        return [("configuration", _text(a), _text(b))]
    return differ


def _text(output: JobOutput) -> str:
    config = vars(output)["compiler_config"]
    return "default" if config is None else config_to_text(config)[0]


# ---- as text ----


def _lines(comparison: Comparison) -> Iterator[str]:
    differ = [run for run in comparison.runs if run.differs]
    alike = [run for run in comparison.runs if not run.differs]
    yield f"a: {comparison.a}"
    yield f"b: {comparison.b}"
    yield f"{_number(len(comparison.runs), 'run')} in both, {len(differ)} of them different"
    for run in differ[:_MOST_RUNS]:
        yield f"  {run.run}"
        yield from (f"    {line}" for line in _told(run))
    if len(differ) > _MOST_RUNS:
        yield f"  … and {len(differ) - _MOST_RUNS} more"
    found = [each.distance for run in alike for each in run.counts if each.distance is not None]
    if found:
        yield f"  the rest agree; their counts are at most {max(found):.3f} apart, as by chance"
    for name, only in (("a", comparison.only_in_a), ("b", comparison.only_in_b)):
        if only:
            more = f" … and {len(only) - _MOST_RUNS} more" if len(only) > _MOST_RUNS else ""
            yield f"only in {name}: {'; '.join(only[:_MOST_RUNS])}{more}"
    for name, earlier in zip("ab", comparison.left_out, strict=True):
        if earlier:
            yield f"left out of {name}: {_number(earlier, 'run')} of earlier executions of cells"
    if comparison.environment:
        yield "environment"
        yield from (f"  {name}: {a} | {b}" for name, a, b in comparison.environment)


def _told(run: RunDifference) -> Iterator[str]:
    yield from run.program
    for name, a, b in run.settings:
        yield f"{name}: {a} | {b}"
    if run.outcome is not None:
        yield f"outcome: {run.outcome[0]}"
        yield f"       | {run.outcome[1]}"
    for each in run.counts:
        shots = " | ".join("none" if n is None else f"{n}" for n in each.shots)
        apart = (
            "cannot be compared"
            if each.distance is None
            else f"{each.distance:.3f} apart, by chance about {each.chance:.3f} and hardly ever "
            f"over {each.limit:.3f}"
        )
        yield f"counts, register {each.register}: {apart} (shots: {shots})"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
