"""Magics that wait become awaits, so that the kernel serves clicks meanwhile.

A magic is an ordinary function: while it waits, the kernel can do nothing else, and a
click on Cancel is handled when it is too late. So in a notebook, a call of such a
magic that stands where ``await`` may stand is turned into one, after IPython has made
Python of the cell. Everywhere else (in functions, below ``%%time``, in a terminal) the
magic is called as it is, and waits.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

#: Inside these, await may not stand or means something else.
_SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.JoinedStr,  # where Python 3.11 does not say what stands where
)

_FINDERS = {"run_line_magic": "find_line_magic", "run_cell_magic": "find_cell_magic"}


class Awaiting:
    """Turns calls of magics into awaits in the cells that a kernel runs.

    Parameters
    ----------
    ip
        IPython's shell.
    names
        The magics; each function has a coroutine function ``awaited``.
    """

    def __init__(self, ip: Any, names: frozenset[str]) -> None:
        self._ip = ip
        self._names = names
        #: Cells that are running. What a running cell runs in turn, such as the rest of
        #: a cell below %%time, is compiled by others, who may not expect an await.
        self._running = 0
        ip.events.register("pre_execute", self._begin)
        ip.events.register("post_execute", self._end)
        ip.input_transformers_post.append(self.transform)

    def _begin(self) -> None:
        self._running += 1

    def _end(self) -> None:
        self._running = max(self._running - 1, 0)

    def transform(self, lines: list[str]) -> list[str]:
        """Give the lines of a cell with awaits in place of the calls."""
        source = "".join(lines)
        asyncio_runs = self._ip.loop_runner is self._ip.loop_runner_map["asyncio"][0]
        if self._running or not self._ip.autoawait or not asyncio_runs:
            return lines
        if not any(name in source for name in self._names):
            return lines
        if "run_line_magic('autoawait'" in source:
            return lines  # the cell itself says whether await may stand in the rest of it
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return lines  # IPython says what is wrong with it
        text = source.encode()  # the tree counts bytes
        starts = [0]
        for line in text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        # from the end, so that the places of earlier calls stay right
        for call in sorted(self._calls(tree), key=lambda c: (c.lineno, c.col_offset), reverse=True):
            assert call.end_lineno is not None
            assert call.end_col_offset is not None
            begin = starts[call.lineno - 1] + call.col_offset
            end = starts[call.end_lineno - 1] + call.end_col_offset
            text = text[:begin] + _awaited(call).encode() + text[end:]
        return text.decode().splitlines(keepends=True)

    def _calls(self, node: ast.AST) -> Iterator[ast.Call]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _SCOPES):
                continue
            if isinstance(child, ast.Call) and self._is_ours(child):
                yield child
            else:
                yield from self._calls(child)

    def _is_ours(self, call: ast.Call) -> bool:
        match call:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Name(id="get_ipython"), args=[], keywords=[]),
                    attr="run_line_magic" | "run_cell_magic",
                ),
                args=[ast.Constant(value=name), *rest],
                keywords=[],
            ):
                return name in self._names and all(isinstance(x, ast.Constant) for x in rest)
        return False


def _awaited(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Attribute)
    name, *rest = (ast.unparse(argument) for argument in call.args)
    finder = _FINDERS[call.func.attr]
    return f"(await get_ipython().{finder}({name}).awaited({', '.join(rest)}))"
