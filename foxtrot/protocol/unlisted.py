"""Accounts that hold and trade what the venue's listing does not have, as tokenised shares beside coins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from foxtrot.errors import UnknownSymbol
from foxtrot.model.contract import Contract
from foxtrot.protocol.symbols import SymbolTable

V = TypeVar("V")


class Unlisted:
    """Tell apart what an account's lists say of contracts that are none of ours, so that it can be passed over."""

    def __init__(self, symbols: SymbolTable) -> None:
        self._symbols = symbols
        self._seen: set[str] = set()

    def of(
        self,
        entries: Mapping[str, V],
        wanted: Contract | None,
        venue_symbol: Callable[[V], str],
        client_order_id: Callable[[V], str | None] = lambda _: None,
    ) -> dict[str, V]:
        """Return the entries of a list that are about the contract wanted, or about any listed one. Raises as
        `passes`."""
        return {
            key: entry
            for key, entry in entries.items()
            if not self.passes(name := venue_symbol(entry), wanted, client_order_id(entry))
            and (wanted is None or self._symbols.unified(name) == wanted.symbol)
        }

    def passes(self, venue_symbol: str, wanted: Contract | None, client_order_id: str | None = None) -> bool:
        """Tell whether a venue's symbol is none of the listing.

        Raises UnknownSymbol where it may be ours (it has an id of ours), and once where all symbols are asked for: it
        may be new.
        """
        try:
            self._symbols.unified(venue_symbol)
        except UnknownSymbol:
            if client_order_id or (wanted is None and venue_symbol not in self._seen):
                self._seen.add(venue_symbol)
                raise
            return True
        return False
