"""A sequence of outputs that is as easy to use for one run as for many."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from oqc_notebook.sdk.counts import (
    Endianness,
    OnLengthMismatch,
    filter_counts_dataarray,
    results_to_counts_dataarray,
)
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult

if TYPE_CHECKING:
    import scipp

T = TypeVar("T", bound=JobOutput)
U = TypeVar("U")


class AttrPolicy(Enum):
    """What ``outputs.data`` means where there are several outputs."""

    RAISE = auto()
    WARN_FIRST = auto()
    FIRST = auto()


class JobOutputProxy(Sequence[T], Generic[T]):
    """Outputs of runs, oldest first, or of a composite's children in their order.

    With exactly one output, that output's attributes can be read directly:
    ``(await job.execute()).data``.

    Parameters
    ----------
    items
        One output, several, or none.
    attr_policy
        What reading an output's attribute does where there are several.
    """

    def __init__(
        self, items: T | Iterable[T] | None = None, attr_policy: AttrPolicy = AttrPolicy.RAISE
    ) -> None:
        self._items: list[T]
        if items is None:
            self._items = []
        elif isinstance(items, JobOutput):
            self._items = [items]
        else:
            self._items = items if isinstance(items, list) else list(items)
        self.attr_policy = attr_policy

    # ---- as a sequence ----

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, idx: int) -> T: ...
    @overload
    def __getitem__(self, idx: slice) -> JobOutputProxy[T]: ...
    def __getitem__(self, idx: int | slice) -> T | JobOutputProxy[T]:
        if isinstance(idx, slice):
            return JobOutputProxy(self._items[idx], self.attr_policy)
        return self._items[idx]

    def prepend(self, item: T) -> None:
        """Put an output in front."""
        self._items.insert(0, item)

    def append(self, item: T) -> None:
        """Put an output at the end."""
        self._items.append(item)

    # ---- one, some, all ----

    @property
    def is_single_instance(self) -> bool:
        """Whether there is exactly one output."""
        return len(self._items) == 1

    @property
    def first(self) -> T:
        """The first output; IndexError if there is none."""
        return self._at(0)

    @property
    def last(self) -> T:
        """The last output; IndexError if there is none."""
        return self._at(-1)

    def _at(self, index: int) -> T:
        if not self._items:
            raise IndexError("No outputs")
        return self._items[index]

    @property
    def one(self) -> T:
        """The only output; ValueError if there are more or none."""
        if len(self._items) != 1:
            raise ValueError(f"Expected exactly 1 output, got {len(self._items)}")
        return self._items[0]

    def all(self) -> list[T]:
        """Give the outputs as a new list."""
        return list(self._items)

    def map(self, fn: Callable[[T], U]) -> list[U]:
        """Give what `fn` makes of each output."""
        return [fn(item) for item in self._items]

    def filter(self, pred: Callable[[T], bool]) -> JobOutputProxy[T]:
        """Give the outputs for which `pred` is true."""
        return JobOutputProxy([x for x in self._items if pred(x)], self.attr_policy)

    def errors(self) -> JobOutputProxy[JobError]:
        """Give the errors among the outputs."""
        return JobOutputProxy([x for x in self._items if isinstance(x, JobError)], self.attr_policy)

    def results(self) -> JobOutputProxy[JobResult]:
        """Give the results among the outputs."""
        return JobOutputProxy(
            [x for x in self._items if isinstance(x, JobResult)], self.attr_policy
        )

    @property
    def any_error(self) -> bool:
        """Whether an output is an error."""
        return any(x.is_error for x in self._items)

    @property
    def all_ok(self) -> bool:
        """Whether no output is an error."""
        return not self.any_error

    def raise_for_error(self) -> JobOutputProxy[T]:
        """Raise RuntimeError for the first error; give the proxy where there is none."""
        for x in self._items:
            if isinstance(x, JobError):
                raise RuntimeError(f"Job failed ({x.error_code}): {x.error_message}")
        return self

    # ---- counts ----

    def to_counts_dataarray(
        self,
        creg: str,
        endianness: Endianness = Endianness.BIG,
        on_length_mismatch: OnLengthMismatch = "raise",
    ) -> scipp.DataArray:
        """Give the counts of a classical register, one row for each result.

        Errors are left out with a UserWarning. Needs the extra ``scipp``; see
        :func:`.counts.results_to_counts_dataarray`.
        """
        results = self.results().all()
        if len(results) < len(self._items):
            warnings.warn(
                f"{len(self._items) - len(results)} of {len(self._items)} outputs are errors and "
                "are left out; raise_for_error() would raise for the first of them.",
                UserWarning,
                stacklevel=2,
            )
        return results_to_counts_dataarray(results, creg, endianness, on_length_mismatch)

    def like(
        self,
        pattern: str,
        creg: str,
        endianness: Endianness = Endianness.BIG,
        on_length_mismatch: OnLengthMismatch = "raise",
    ) -> scipp.DataArray:
        """Give the counts of the bitstrings that match a pattern such as ``"0*1"``.

        The pattern is as long as the (padded) bitstrings and in the order of
        `endianness`.
        """
        counts = self.to_counts_dataarray(creg, endianness, on_length_mismatch)
        return filter_counts_dataarray(counts, pattern)

    # ---- the attributes of the only output ----

    def __getattr__(self, name: str) -> Any:
        items = [] if name.startswith("__") else self.__dict__.get("_items", [])
        if len(items) == 1:
            return getattr(items[0], name)
        if not items or not hasattr(items[0], name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if self.attr_policy is AttrPolicy.RAISE:
            raise AttributeError(
                f"There are {len(items)} outputs, so .{name} is ambiguous: use .first, .last, "
                f"an index, or .map(lambda output: output.{name})."
            )
        if self.attr_policy is AttrPolicy.WARN_FIRST:
            warnings.warn(
                f"There are {len(items)} outputs; .{name} is that of the first.",
                UserWarning,
                stacklevel=2,
            )
        return getattr(items[0], name)

    def __repr__(self) -> str:
        return f"JobOutputProxy({self._items!r}, attr_policy={self.attr_policy.name})"
