"""Objects that cannot have been changed since they were made, and what is kept for them.

Each save writes a job's whole history, in which hardly anything changes. So the JSON
of an output is kept for as long as the output is sealed: it came from the service or
from a file, and since then nobody has set an attribute of it, or has read one whose
value can be changed in place. Such a value may be changed at any time after it was
read, so an output that was read is written out anew at each save.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, overload

from oqc_notebook.sdk.states import MOMENT

Value = TypeVar("Value")


class Sealable:
    """What can be sealed; it is not, until the SDK does that."""

    _sealed = False
    #: What is kept while it is sealed.
    _kept: Any = None

    def _seal(self) -> None:
        """Say that nobody else holds what can be changed in it."""
        vars(self).update(_sealed=True, _kept=None)

    def _open(self) -> None:
        """Expect changes from now on, for ever: a save may just be about to keep something."""
        if self._sealed:
            with MOMENT:
                if self._sealed:
                    self._unshare()
                    vars(self).update(_sealed=False, _kept=None)

    def _unshare(self) -> None:
        """Take copies of what is shared while it is sealed."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        self._open()

    def __getstate__(self) -> dict[str, Any]:
        self._open()  # a copy shares the values
        return vars(self).copy()


class Mutable(Generic[Value]):
    """An attribute whose value can be changed in place. It lies in ``vars()``, as any other."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Mutable[Value]: ...
    @overload
    def __get__(self, instance: Sealable, owner: type) -> Value: ...
    def __get__(self, instance: Sealable | None, owner: type) -> Mutable[Value] | Value:
        if instance is None:
            return self
        instance._open()
        value: Value = vars(instance)[self._name]
        return value

    def __set__(self, instance: Sealable, value: Value) -> None:
        vars(instance)[self._name] = value
