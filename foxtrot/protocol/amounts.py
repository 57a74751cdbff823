"""Numbers on the wire: market data as float64, money as Decimal, both straight from the text; never NaN or infinite."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Annotated, get_args, get_type_hints

import msgspec

Figure = Annotated[float, msgspec.Meta(ge=0.0, le=1e300)]
Row = tuple[Figure, Figure]


class Money(msgspec.Struct, frozen=True):
    """Refuse amounts that are no numbers."""

    def __post_init__(self) -> None:
        for name in _amounts(type(self)):
            value = getattr(self, name)
            if value is not None and not value.is_finite():
                raise ValueError(f"{name} is {value}, which is no amount")


@functools.cache
def _amounts(kind: type[Money]) -> tuple[str, ...]:
    """Return the fields of a message that hold amounts: looked up once, not for each message."""
    hints = get_type_hints(kind)
    return tuple(name for name in kind.__struct_fields__ if Decimal in (hints[name], *get_args(hints[name])))
