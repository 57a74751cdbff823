"""Reading a request's parameters as the venue does, each complaint in its words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeVar
from urllib.parse import parse_qsl

from foxtrot_binance.dialect.errors import WireError, illegal, missing

_NUMBER = re.compile(r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
_CLIENT_ID = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
E = TypeVar("E")


def parse_form(query: str, body: str) -> dict[str, str]:
    """Join query and body parameters; a name in both counts as in the query. Raises WireError for duplicates."""
    merged: dict[str, str] = {}
    for text in (body, query):
        pairs = parse_qsl(text, keep_blank_values=True)
        if len(dict(pairs)) != len(pairs):
            raise WireError(-1101, "Duplicate values for a parameter detected.")
        merged.update(pairs)
    return merged


class Params:
    """Give typed access to the parameters of one request."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        """Return a parameter, None when it was not sent. Raises WireError when it is empty."""
        value = self.values.get(name)
        if value == "":
            raise WireError(-1105, f"Parameter '{name}' was empty.")
        return value

    def need(self, name: str) -> str:
        """Return a mandatory parameter. Raises WireError."""
        value = self.values.get(name)
        if not value:
            raise missing(name)
        return value

    def integer(self, name: str, default: int | None = None, *, most: int | None = None) -> int | None:
        """Return a whole number; larger ones than `most` are cut. Raises WireError for anything else."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,20}", value):
            raise illegal(name, "^[0-9]{1,20}$")
        number = int(value)
        return number if most is None else min(number, most)

    def decimal(self, name: str) -> Decimal | None:
        """Return an exact number. Raises WireError for anything but plain decimal notation."""
        value = self.text(name)
        if value is None:
            return None
        if not _NUMBER.fullmatch(value):
            raise illegal(name, r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
        return Decimal(value)

    def client_id(self, name: str) -> str | None:
        """Return a client order id. Raises WireError outside the venue's alphabet and length."""
        value = self.text(name)
        if value is not None and not re.fullmatch(_CLIENT_ID, value):
            raise illegal(name, _CLIENT_ID)
        return value

    def choice(self, name: str, table: dict[str, E], error: WireError) -> E | None:
        """Return what a word stands for, None when it was not sent. Raises `error` for other words."""
        value = self.text(name)
        if value is None:
            return None
        if value not in table:
            raise error
        return table[value]
