"""Numbers on the wire: market data as float64, money as Decimal, both straight from the text; never NaN or infinite."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Annotated, get_args, get_type_hints

import msgspec

Figure = Annotated[float, msgspec.Meta(ge=0.0, le=1e300)]
Row = tuple[Figure, Figure]


class Money(msgspec.Struct, frozen=True):
    """Refuse amounts that are no numbers."""

    def __post_init__(self) -> None:
        kind = type(self)
        amounts = _readers.get(kind) or _reader(kind)
        # All within C, for an order has six amounts and its report ten; None and 0 are passed over.
        if not all(map(_is_finite, filter(None, amounts(self)))):
            name, value = next((n, v) for n in _names(kind) if (v := getattr(self, n)) and not v.is_finite())
            raise ValueError(f"{name} is {value}, which is no amount")


_Reader = Callable[[Money], Iterable[Decimal | None]]
_is_finite = Decimal.is_finite
_readers: dict[type[Money], _Reader] = {}


def _reader(kind: type[Money]) -> _Reader:
    """Return what reads the amounts of a message, made when the first of its kind comes."""
    names = _names(kind)
    # Of one name alone `attrgetter` would return no tuple.
    read = _readers[kind] = operator.attrgetter(*names, names[0]) if names else lambda _: ()
    return read


def _names(kind: type[Money]) -> tuple[str, ...]:
    """Return the fields of a message that hold amounts."""
    hints = get_type_hints(kind)
    return tuple(name for name in kind.__struct_fields__ if Decimal in (hints[name], *get_args(hints[name])))
