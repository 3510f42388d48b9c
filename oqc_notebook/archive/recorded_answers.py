"""What a session asked its service about, and was told: written down live, given back in replay.

Each question has a key, as runs have: what was asked, the cell, and its ordinal within one
execution of the cell. What ``connect()`` found, and what was said of the archive itself,
are kept in the same way.
"""

from __future__ import annotations

import collections
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from oqc_notebook.archive.cells import Execution, now
from oqc_notebook.archive.equal_cells import EqualCells, Executions
from oqc_notebook.archive.errors import NotArchivedError
from oqc_notebook.archive.redaction import redacted
from oqc_notebook.archive.sidecar import Sidecar
from oqc_notebook.sdk.errors import ServerError

#: What connect() found: ``url``, ``simulated``, ``qpus``.
CONNECTED = "connect"
#: Where results are archived, in words.
SAID = "said"
#: The jobs that a wait was too short for, or a look was too early for, with their status.
WAITED, LOOKED = "wait", "look"

#: Questions of which only so many arguments belong to the key: the others are times.
_KEY_ARGUMENTS = {"tasks": 1}


class Problem(BaseModel):
    """Why there was no answer.

    Attributes
    ----------
    kind
        ``"server"`` where the service said no, else ``"unsupported"``.
    code
        The HTTP status.
    message
        The reason.
    """

    kind: Literal["server", "unsupported"]
    code: int = 0
    message: str


class Answer(BaseModel):
    """A line of ``sessions/SESSION.answers.jsonl``.

    Attributes
    ----------
    name, arguments
        What was asked.
    cell_sha256, execution, ordinal
        By which execution of which cell, and how often it had asked the same before.
    asked
        When, in UTC.
    answer, problem
        What came.
    session
        The kernel session that asked, as the file's name says.
    """

    name: str
    arguments: list[Any]
    cell_sha256: str | None = None
    execution: int | None = None
    ordinal: int
    asked: AwareDatetime
    answer: Any = None
    problem: Problem | None = None
    session: str = Field(default="", exclude=True)


@dataclass(frozen=True)
class Question:
    """A question, with its key."""

    name: str
    arguments: list[Any]
    execution: Execution | None
    ordinal: int

    @property
    def what(self) -> str:
        """What is asked, without when and by whom."""
        return _what(self.name, self.arguments)


class Answers:
    """The answers that an archive holds, and those that this process is told.

    Parameters
    ----------
    sidecar
        The archive.
    equal_cells
        Tells apart the cells that have the same source.
    """

    def __init__(self, sidecar: Sidecar, equal_cells: EqualCells) -> None:
        self._sidecar = sidecar
        self._equal_cells = equal_cells
        self._ordinals: collections.Counter[tuple[int | None, str]] = collections.Counter()
        self._archived: list[Answer] = []
        #: The files that those are from, and how long they were.
        self._read_from: dict[Path, int] = {}

    def question(self, name: str, arguments: Sequence[Any], by: Execution | None) -> Question:
        """Take down a question, in the thread of whoever asks."""
        which = (None if by is None else by.number, _what(name, arguments))
        ordinal = self._ordinals[which]
        self._ordinals[which] += 1
        return Question(name, list(arguments), by, ordinal)

    async def ask(
        self, question: Question, ask: Callable[[], Awaitable[Any]], note: Callable[[str], None]
    ) -> Any:
        """Ask the service; `note` is given the line to write down, if it told something."""
        try:
            answer = await ask()
        except ServerError as exc:
            problem = Problem(kind="server", code=exc.code, message=str(exc))
            note(line_of(question, problem=problem))
            raise
        except NotImplementedError as exc:
            note(line_of(question, problem=Problem(kind="unsupported", message=str(exc))))
            raise
        note(line_of(question, answer))
        return answer

    def archived(self, question: Question) -> Any:
        """Give what was told then.

        Whoever asks more often than then is told the last answer again. Who asks in
        another cell is told what was told last.

        Raises
        ------
        NotArchivedError
            If the archive does not hold it.
        ServerError, NotImplementedError
            If that is what came of it.
        """
        found = self._find(question)
        if found is None:
            given = [repr(each) for each in question.arguments if each is not None]
            asked = f"{question.name}({', '.join(given)})"
            raise NotArchivedError(
                f"The answer to {asked} is not in the archive {self._sidecar.folder.name}, and "
                "in replay no service is asked. Run this cell live to archive it: %oqc_mode live."
            )
        if found.problem is None:
            return found.answer
        if found.problem.kind == "server":
            raise ServerError(found.problem.message, found.problem.code)
        raise NotImplementedError(found.problem.message)

    def archived_exactly(self, question: Question) -> Any:
        """Give what the newest execution of the same cell was told; None if nothing."""
        found = self._find(question)
        cell = None if question.execution is None else question.execution.cell.sha256
        if found is None or (found.cell_sha256, found.ordinal) != (cell, question.ordinal):
            return None
        own = self._own_executions(question)
        if own is not None and (found.session, found.execution) not in own:
            return None
        return found.answer

    def _find(self, question: Question) -> Answer | None:
        self._refresh()
        what = question.what
        same = [a for a in self._archived if _what(a.name, a.arguments) == what]
        cell = None if question.execution is None else question.execution.cell.sha256
        in_cell = [a for a in same if a.cell_sha256 == cell]
        own = self._own_executions(question)
        if own is not None:
            in_cell = [a for a in in_cell if (a.session, a.execution) in own] or in_cell
        if in_cell:
            newest = in_cell[-1]
            told = [
                answer
                for answer in in_cell
                if (answer.session, answer.execution) == (newest.session, newest.execution)
                and answer.ordinal <= question.ordinal
            ]
            return told[-1] if told else newest
        return same[-1] if same else None

    def _own_executions(self, question: Question) -> Executions | None:
        by = question.execution
        return None if by is None else self._equal_cells.executions_of(by.number, by.cell)

    def _refresh(self) -> None:
        """Read the answers of all sessions, the oldest first, if there are more than before."""
        paths = self._sidecar.files_in(self._sidecar.sessions, "*.answers.jsonl")
        contents = {path: self._sidecar.content(path) for path in paths}
        sizes = {path: len(content) for path, content in contents.items()}
        if sizes == self._read_from:
            return
        found = []
        for path, content in contents.items():
            for line in content.splitlines():
                try:
                    answer = Answer.model_validate_json(line)
                except ValidationError as exc:
                    why = exc.errors(include_url=False, include_input=False)[0]["msg"]
                    self._sidecar.passed_over(path, f"a line: {why}")
                else:
                    answer.session = path.name.partition(".")[0]
                    found.append(answer)
        self._archived = sorted(found, key=lambda answer: answer.asked)
        self._read_from = sizes


def line_of(question: Question, answer: Any = None, *, problem: Problem | None = None) -> str:
    """Give the line that says what came of a question, without secrets."""
    by = question.execution
    said = Answer(
        name=question.name,
        arguments=question.arguments,
        cell_sha256=None if by is None else by.cell.sha256,
        execution=None if by is None else by.number,
        ordinal=question.ordinal,
        asked=now(),
        answer=answer,
        problem=problem,
    )
    return redacted(json.dumps(said.model_dump(mode="json"), ensure_ascii=False)) + "\n"


def _what(name: str, arguments: Sequence[Any]) -> str:
    return json.dumps([name, *arguments[: _KEY_ARGUMENTS.get(name)]])
