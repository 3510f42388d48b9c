"""From jobs to the content of files: JSON, in which each output has a line of its own.

So a file can be read and compared line by line, and what was written once of an
output that cannot have been changed since is put together, not made again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.json_values import not_unicode, spelled
from oqc_notebook.sdk.outputs import JobOutput, JobResult
from oqc_notebook.sdk.sealing import Sealable
from oqc_notebook.sdk.snapshot_documents import Inputs, RunDocument
from oqc_notebook.sdk.snapshot_writing import (
    Configs,
    Document,
    Moment,
    document_of_output,
    document_without_outputs,
    each,
    inputs_of,
    inputs_of_job,
    moments_of,
    outputs_of,
    what_it_says,
)

#: Results with more bitstrings or values are not written down when they come: that takes
#: milliseconds.
_MOST_ENTRIES = 2000

#: A longer text of a job is not kept beside those of its outputs (bytes): it would take as much
#: memory again, and to put it together takes hardly longer than to write it out.
_LONGEST_WHOLE = 100_000

#: What stands before, between and after the children of a composite.
_BEGIN, _BETWEEN, _END = b',\n  "jobs": [\n', b",\n", b"\n  ]\n}\n"

#: How a child ends and the next one begins; a longer text is found faster.
_NEXT = b"\n}" + _BETWEEN + b'{\n  "schema_version": '

#: What stands after the latest output of a job.
_AFTER_LATEST = {
    "result": b',\n  "error": null,\n  "history": [\n',
    "error": b',\n  "history": [\n',
}

#: How a job with a history ends.
_END_OF_HISTORY = b"\n  ]\n}"


def job_text(job: Job) -> bytes:
    """Give the content of a job's file.

    Raises
    ------
    SnapshotError
        If it holds something that JSON cannot hold; the message names its place.
    """
    return b"".join([*_parts_of_job(Moment.of(job), Configs()), b"\n"])


def composite_text(composite: CompositeJob) -> bytes:
    """Give the content of a composite's file.

    Raises
    ------
    SnapshotError
        If it holds something that JSON cannot hold; the message names its place.
    """
    document, moments = moments_of(composite)
    configs = Configs()
    if not moments:
        return _fields(document) + b',\n  "jobs": []\n}\n'
    parts, separator = [_fields(document)], _BEGIN
    for child in each(moments, lambda moment: _parts_of_job(moment, configs)):
        parts += (separator, *child)
        separator = _BETWEEN
    return b"".join([*parts, _END])


def apart(content: bytes) -> tuple[bytes, Iterator[bytes]] | None:
    """Take the content of a composite's file apart, if it is laid out as it is written here.

    Returns
    -------
    tuple or None
        The JSON of the composite without its children, and of each child. Line breaks stand
        between the parts of JSON, never within a text; so if each of these is valid JSON, then
        the whole is, and says the same.
    """
    begin = content.find(_BEGIN)
    if begin < 0 or not content.endswith(_END):
        return None
    return content[:begin] + b"\n}", _children(content, begin + len(_BEGIN))


def _children(content: bytes, start: int) -> Iterator[bytes]:
    while (end := content.find(_NEXT, start)) >= 0:
        end += len(b"\n}")
        yield content[start:end]
        start = end + len(_BETWEEN)
    yield content[start : -len(_END)]


def newest_once(child: bytes) -> tuple[bytes, str | None, int]:
    """Leave out what a child's JSON says twice: its latest output, if it is its newest run, too.

    Returns
    -------
    tuple
        The JSON; which of its fields says null instead of what its history ends with; and how
        many runs that has, if the child is laid out as it is written here.
    """
    end = len(child) - len(_END_OF_HISTORY)
    newest = child[child.rfind(b"\n", 0, end) + 1 : end]
    if child.endswith(_END_OF_HISTORY):
        for name, follows in _AFTER_LATEST.items():
            field = f',\n  "{name}": '.encode()
            said = child.find(field) + len(field)
            after = said + len(newest)
            if child.startswith(follows, after) and child[said:after] == newest:
                runs = child.count(b"\n", after + len(follows)) - _END_OF_HISTORY.count(b"\n") + 1
                return child[:said] + b"null" + child[after:], name, runs
    return child, None, 0


def _parts_of_job(job: Moment, configs: Configs) -> list[bytes]:
    """Give the JSON of a job in parts: to join them twice would take as long as all the rest."""
    inputs = inputs_of_job(job, configs)
    said = what_it_says(job, inputs, configs)
    parts = _parts_at_hand(job, inputs, said, configs)
    if parts is not None:
        return parts
    latest, history = outputs_of(job, partial(_line, inputs, configs))
    return _parts(_own_fields(job, inputs, said, configs), latest, history)


def _parts(fields: bytes, latest: dict[str, bytes], history: list[bytes]) -> list[bytes]:
    return [
        fields,
        *(b',\n  "result": ', latest.get("result", b"null")),
        *(b',\n  "error": ', latest.get("error", b"null")),
        *(b',\n  "history": ', *_list_of(history)),
        b"\n}",
    ]


def _parts_at_hand(
    job: Moment, inputs: Inputs, said: tuple[Any, ...] | None, configs: Configs
) -> list[bytes] | None:
    """Give the JSON of a job, if each of its outputs was written and nobody has read one since.

    That holds for most saves. As long as nothing at all was read, which is soon found out, it is
    what it was.
    """
    if said is None:
        return None
    say_now = Sealable.openings, said  # before anything is looked at
    made_of = [job._output, job._error, *job.outputs_so_far]
    whole: bytes | None = job._kept_whole.of(say_now, made_of)
    if whole is None:
        lines = _lines_at_hand(job, inputs)
        if lines is None:
            return None
        parts = _parts(_own_fields(job, inputs, said, configs), *lines)
        if sum(map(len, parts)) > _LONGEST_WHOLE:
            return parts
        whole = b"".join(parts)
        job._kept_whole.keep(whole, say_now, made_of)
    return [whole]


def _lines_at_hand(job: Moment, inputs: Inputs) -> tuple[dict[str, bytes], list[bytes]] | None:
    """Give what :func:`outputs_of` would, if all was written and nobody has read it since."""
    lines = []
    output: JobOutput | None = None
    for output in job.outputs_so_far:
        kept = output._kept
        if kept is None or output._fingerprints or kept[0] != inputs:
            return None
        lines.append(kept[1])
    if output is None or job._output is not output:
        return None
    if isinstance(output, JobResult) and job._error is None:
        return {"result": lines[-1]}, lines
    return ({"error": lines[-1]}, lines) if job._error is output else None


def _own_fields(
    job: Moment, inputs: Inputs, said: tuple[Any, ...] | None, configs: Configs
) -> bytes:
    """Give the JSON of a job without its outputs."""
    text = None if said is None else job._kept.of(said)
    if text is None:
        text = _fields(document_without_outputs(job, inputs, configs))
        if said is not None:
            job._kept.keep(text, said)
    return text


def _fields(document: Document) -> bytes:
    """Give the JSON of a document, one field a line, without the end that would close it."""
    return _json(document, indent=2).removesuffix(b"\n}")


def _list_of(lines: list[bytes]) -> list[bytes]:
    if not lines:
        return [b"[]"]
    parts = [b",\n"] * (2 * len(lines) + 1)
    parts[0], parts[1::2], parts[-1] = b"[\n", lines, b"\n  ]"
    return parts


def write_down(job: Job, output: JobOutput) -> None:
    """Write the JSON of a job whose run has just ended, and of its output, for the saves to come.

    A large one would hold up the session's loop, so it is left to the first save; and so
    is what cannot be written, because the save says so.
    """
    if not output._sealed or _entries(output) > _MOST_ENTRIES:
        return
    configs = Configs()
    with contextlib.suppress(SnapshotError):
        line = _line(inputs_of(output, configs), configs, output)
        moment = Moment.of(job)
        if moment._output is not output:
            return  # another run has begun, at whose end the job is written down
        inputs = inputs_of_job(moment, configs)
        said = what_it_says(moment, inputs, configs)
        # not each time anew for one that is run a thousand times
        short = len(line) * len(moment.outputs_so_far) < _LONGEST_WHOLE
        if not short or _parts_at_hand(moment, inputs, said, configs) is None:
            _own_fields(moment, inputs, said, configs)


def _entries(output: JobOutput) -> int:
    """Tell about how many values a result has: for counts, the bitstrings of all registers."""
    data = output._data if isinstance(output, JobResult) else None
    if not isinstance(data, dict):
        return len(data) if isinstance(data, list) else 0
    return sum(len(each) for each in data.values() if isinstance(each, dict | list))


def _line(job: Inputs, configs: Configs, output: JobOutput) -> bytes:
    """Give the JSON of an output, in which inputs that equal its job's are left out."""
    kept = output._kept
    if kept is None or (output._fingerprints and not output._is_as_sealed()):
        kept = inputs_of(output, configs), _json(document_of_output(output))
        output._keep(kept)
    inputs, line = kept
    if inputs == job:
        return line
    return _json(inputs.unlike(job)).removesuffix(b"}") + b"," + line.removeprefix(b"{")


def _json(document: Document | RunDocument, indent: int | None = None) -> bytes:
    try:
        return to_json(document, indent=indent)
    except PydanticSerializationError:
        place = not_unicode(document) or ("the snapshot",)
        raise SnapshotError(f"{spelled(place)} is not valid Unicode.") from None
