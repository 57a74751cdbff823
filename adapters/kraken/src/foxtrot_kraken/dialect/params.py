"""Reading a REST request's parameters as the venue does, each complaint in its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from foxtrot_kraken.dialect.errors import WireError, invalid

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_NESTED = re.compile(r"(\w+)\[(\w+)\](?:\[(\w+)\])?")
_DECODE = msgspec.json.Decoder(float_hook=Decimal).decode
E = TypeVar("E")


def parse_body(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the parameters of a form or a JSON object. Raises WireError."""
    if "json" in content_type or body.lstrip()[:1] == b"{":
        try:
            parsed = _DECODE(body)
        except (msgspec.MsgspecError, ArithmeticError):
            raise WireError("EGeneral:Invalid arguments") from None
        if not isinstance(parsed, dict):
            raise WireError("EGeneral:Invalid arguments")
        return parsed
    return parse_form(body.decode("utf-8", "replace"))


def parse_form(text: str) -> dict[str, Any]:
    """Return the parameters of a form; `orders[0][pair]` and `close[price]` become nested."""
    flat = dict(parse_qsl(text, keep_blank_values=True))
    values: dict[str, Any] = {}
    for name, value in flat.items():
        nested = _NESTED.fullmatch(name)
        if nested is None:
            values[name] = value
            continue
        inner = values.setdefault(nested[1], {})
        if not isinstance(inner, dict):
            raise invalid(nested[1])
        if nested[3]:
            inner = inner.setdefault(nested[2], {})
            if not isinstance(inner, dict):
                raise invalid(nested[1])
        inner[nested[3] or nested[2]] = value
    return values


class Params:
    """Give typed access to the parameters of one request or of one order in it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return self.text(name) is not None

    def text(self, name: str) -> str | None:
        """Return a parameter as text, None when it was not sent or is empty. Raises WireError for lists and objects."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Decimal):
            return f"{value:f}" if value.is_finite() and abs(value.adjusted()) < 50 else str(value)
        if isinstance(value, str | int):
            return str(value)
        raise invalid(name)

    def need(self, name: str) -> str:
        """Return a mandatory parameter. Raises WireError."""
        value = self.text(name)
        if value is None:
            raise invalid(name)
        return value

    def flag(self, name: str) -> bool:
        """Return a switch. Raises WireError."""
        return self.choice(name, {"true": True, "false": False, "1": True, "0": False}) or False

    def integer(self, name: str, default: int, least: int = 0, most: int = 2**63) -> int:
        """Return a whole number. Raises WireError for anything else and outside its bounds."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,20}", value) or not least <= int(value) <= most:
            raise invalid(name)
        return int(value)

    def decimal(self, name: str) -> Decimal | None:
        """Return an exact number. Raises WireError for anything but plain decimal notation."""
        value = self.text(name)
        if value is None:
            return None
        if not _NUMBER.fullmatch(value):
            raise invalid(name)
        return Decimal(value)

    def choice(self, name: str, table: Mapping[str, E]) -> E | None:
        """Return what a word stands for, None when it was not sent. Raises WireError for other words."""
        value = self.text(name)
        if value is None:
            return None
        if value.lower() not in table:
            raise invalid(name)
        return table[value.lower()]

    def list(self, name: str, read: Callable[[Any], E], least: int, most: int) -> list[E]:
        """Return the items of a list, sent as JSON or as a form with indices. Raises WireError."""
        value = self.values.get(name)
        if isinstance(value, dict):
            value = list(value.values())
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise invalid(name)
        return [read(item) for item in value]
