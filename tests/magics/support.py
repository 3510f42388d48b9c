"""What the tests of the magics ask of a cell."""

from __future__ import annotations

from tests.support_kernel import Cell, Kernel

WIDGET = "application/vnd.jupyter.widget-view+json"


def ok(kernel: Kernel, *sources: str) -> list[Cell]:
    cells = kernel.run(*sources)
    assert [cell.status for cell in cells] == ["ok"] * len(cells), cells
    return cells


def refused(kernel: Kernel, source: str) -> str:
    """The one line that a cell says instead of doing something."""
    (cell,) = kernel.run(source)
    assert (cell.status, cell.error, cell.traceback) == ("error", "UsageError", []), cell
    assert cell.stderr == f"UsageError: {cell.message}\n"
    assert "\n" not in cell.message
    return cell.message


def panels(cell: Cell) -> int:
    return sum(WIDGET in output for output in cell.outputs)
