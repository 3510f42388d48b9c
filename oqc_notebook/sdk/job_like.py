"""What code may rely on that takes either a job or a composite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from oqc_notebook.sdk.proxy import JobOutputProxy


@runtime_checkable
class JobLike(Protocol):
    """Either a :class:`Job` or a :class:`CompositeJob`."""

    async def execute(self, *, timeout_s: float | None = None) -> JobOutputProxy[Any]:
        """Run it, wait, and give the outputs of this run."""
        ...

    async def cancel(self) -> object:
        """Cancel what is in flight."""
        ...

    async def cancel_if_active(self) -> object:
        """Cancel what is in flight."""
        ...

    @property
    def completed(self) -> bool:
        """Whether the latest run has ended with a result."""
        ...

    @property
    def outputs(self) -> JobOutputProxy[Any]:
        """The outputs of the latest run."""
        ...
