"""What has not been changed since it was made, and what is kept for it.

Each save writes a job's whole history, in which hardly anything changes. So the JSON
of an output is kept for as long as the output is sealed: it came from the service or
from a file, and nobody has set an attribute of it. A value that can be changed in
place, such as counts, may be changed at any time after it was read. So a fingerprint is
taken when it is read for the first time, and what is kept holds while that still fits.
"""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from operator import is_
from typing import Any, ClassVar, Generic, TypeVar, overload

from oqc_notebook.sdk.states import MOMENT

Value = TypeVar("Value")


class Sealable:
    """What can be sealed; it is not, until the SDK does that."""

    #: How often anything sealed was opened, or read for the first time. While that stays the same,
    #: all that is sealed and was never read is as it was: nobody need look at each. It is counted
    #: last, or a save in another thread could find sealed what was counted already.
    openings: ClassVar[int] = 0

    _sealed = False
    #: What is kept while it is sealed.
    _kept: tuple[Any, bytes] | None = None
    #: The names and fingerprints of the values that were read while it was sealed.
    _fingerprints: tuple[tuple[str, int], ...] = ()

    def _seal(self) -> None:
        """Say that nobody else holds what can be changed in it."""
        vars(self).update(_sealed=True, _kept=None, _fingerprints=())

    def _open(self) -> None:
        """Expect changes from now on, for ever: a save may just be about to keep something."""
        if self._sealed:
            with MOMENT:
                if self._sealed:
                    self._unshare()
                    vars(self).update(_sealed=False, _kept=None)
                    Sealable.openings += 1

    def _handed_out(self, name: str) -> None:
        """Expect changes of one value, which is about to be read."""
        if not self._sealed or self._was_read(name):
            return
        with MOMENT:
            if self._was_read(name):
                return  # another thread was faster, and may have changed it since
            try:
                fingerprint = fingerprint_of(vars(self)[name])
            except ValueError:  # an object, which is no plain data
                self._open()
            else:
                vars(self)["_fingerprints"] = (*self._fingerprints, (name, fingerprint))
                Sealable.openings += 1

    def _keep(self, kept: tuple[Any, bytes]) -> None:
        """Keep what was made of it, if it is still as it was sealed."""
        with MOMENT:  # another thread may be about to open it
            if self._is_as_sealed():
                vars(self)["_kept"] = kept

    def _was_read(self, name: str) -> bool:
        return any(name == read for read, _ in self._fingerprints)

    def _is_as_sealed(self) -> bool:
        """Tell whether it is sealed, and no value that was read has been changed since."""
        if not self._sealed or not self._fingerprints:
            return self._sealed
        fields = vars(self)
        try:
            for name, fingerprint in self._fingerprints:
                if fingerprint_of(fields[name]) != fingerprint:
                    return False
        except ValueError:  # something was put in that is no plain data
            return False
        return True

    def _unshare(self) -> None:
        """Take copies of what is shared while it is sealed."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        self._open()

    def __getstate__(self) -> dict[str, Any]:
        self._open()  # a copy shares the values
        return vars(self).copy()


def fingerprint_of(value: Any) -> int:
    """Give 64 bits that tell plain data from any other, also in type and order.

    Raises
    ------
    ValueError
        If it holds something else.
    """
    # version 2 knows no references, so that it says nothing of which objects are the same
    return hash(marshal.dumps(value, 2))


class KeptText:
    """What was written of a job, and what that was made of."""

    def __init__(self) -> None:
        self._latest: tuple[Any, Sequence[Any], bytes] | None = None

    def of(self, said: Any, parts: Sequence[Any] = ()) -> bytes | None:
        """Give what was written of a job that said the same and had the same parts, if anything."""
        if self._latest is None:
            return None
        then, parts_then, text = self._latest  # of one moment, whatever another thread keeps
        same = len(parts) == len(parts_then) and all(map(is_, parts, parts_then)) and then == said
        return text if same else None

    def keep(self, text: bytes, said: Any, parts: Sequence[Any] = ()) -> None:
        """Keep what was written; neither `said` nor `parts` is changed any more."""
        self._latest = said, parts, text


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
        instance._handed_out(self._name)
        value: Value = vars(instance)[self._name]
        return value

    def __set__(self, instance: Sealable, value: Value) -> None:
        vars(instance)[self._name] = value
