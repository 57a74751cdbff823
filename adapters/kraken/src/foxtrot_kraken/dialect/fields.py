"""Reading the `params` of WebSocket requests: JSON types count, and each complaint is in the venue's words.

Source: https://docs.kraken.com/api/docs/guides/spot-ws-intro
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from foxtrot_kraken.dialect.errors import WireError

E = TypeVar("E")


class Fields:
    """Give typed access to the fields of one request, or of one object in it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def check_names(self, known: Collection[str], kind: str) -> None:
        """Refuse fields that this kind of request does not have. Raises WireError."""
        for name in self.values:
            if name not in known:
                raise WireError(f"Unsupported field: '{name}' for the given msg type: {kind.replace('_', ' ')}")

    def text(self, name: str) -> str:
        """Return a text, "" when it was not sent. Raises WireError."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise WireError(f"{name.capitalize()} field must be a string")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a switch. Raises WireError."""
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise WireError(f"{name.capitalize()} field must be a boolean")
        return value

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number. Raises WireError."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise WireError(f"{name.capitalize()} field must be an integer")
        return value

    def number(self, name: str) -> Decimal | None:
        """Return an exact number, None when it was not sent; a text is no number. Raises WireError."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
            raise WireError(f"{name.capitalize()} field must be a number_float")
        return Decimal(value)

    def choice(self, name: str, table: Mapping[str, E], error: WireError) -> E | None:
        """Return what a word stands for, None when it was not sent. Raises `error` for other words."""
        value = self.text(name)
        if value and value not in table:
            raise error
        return table[value] if value else None

    def inner(self, name: str) -> Fields:
        """Return an object in it, an empty one when it was not sent. Raises WireError."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise WireError(f"{name.capitalize()} field must be an object")
        return Fields(value or {})

    def list(self, name: str, read: Callable[[Any], E], least: int, most: int) -> list[E] | None:
        """Return the items of a list, None when it was not sent. Raises WireError."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise WireError(f"{name.capitalize()} field must be an array")
        return [read(item) for item in value]
