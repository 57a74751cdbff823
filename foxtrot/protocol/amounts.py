"""Numbers on the wire: market data as float64, money as Decimal, both straight from the text; never NaN or infinite."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

Figure = Annotated[float, msgspec.Meta(ge=0.0, le=1e300)]
Row = tuple[Figure, Figure]


class Money(msgspec.Struct, frozen=True):
    """Refuse amounts that are no numbers."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal) and not value.is_finite():
                raise ValueError(f"{name} is {value}, which is no amount")
