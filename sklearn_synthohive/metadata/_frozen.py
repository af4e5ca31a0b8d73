"""A mapping that stays as it was made, and still pickles and copies."""

from __future__ import annotations

from typing import Any, NoReturn


class FrozenDict(dict):
    """A dict without its mutators; equal to the plain dict of the same content."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A TableConfig is frozen; make a new one.")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __copy__(self) -> FrozenDict:
        return self

    def __deepcopy__(self, memo: Any) -> FrozenDict:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)
