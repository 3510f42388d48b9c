"""What importing the SDK costs, beside the floor: ``python -m tests.benchmarks.import_time``."""

from __future__ import annotations

import statistics
import subprocess
import sys

FLOOR = "import httpx, pydantic"
OURS = "from oqc_notebook.sdk import OqcSdk, Job"
ROUNDS = 11


def seconds(statement: str) -> float:
    """Time a statement in a fresh interpreter, from inside."""
    script = (
        f"import time; start = time.perf_counter()\n{statement}\nprint(time.perf_counter() - start)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Time both in turn, and print medians and their ratio."""
    pairs = [(seconds(FLOOR), seconds(OURS)) for _ in range(ROUNDS)]
    floor, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    print(f"{FLOOR}: {floor * 1000:.0f} ms")
    print(f"{OURS}: {ours * 1000:.0f} ms ({ratio:.2f} x)")


if __name__ == "__main__":
    main()
