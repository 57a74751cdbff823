"""The names of contracts as users of the gateway write them, both ways."""

from __future__ import annotations

import re

from foxtrot.errors import InvalidRequest, UnknownSymbol, close_names
from foxtrot.gateway.objects import name_of
from foxtrot.model.contract import Contract, ContractKind

_BARE = re.compile(r"[^A-Za-z0-9_]")


class SymbolNames:
    """Map "BTCUSDT" to "BTC/USDT" and back, whatever the venue itself writes (BTC-USD, XXBTZUSD).

    A spot contract is named by its assets, any other by the venue's name of it without punctuation. Where two would
    have the same name the later one keeps the venue's own. Read only, besides: the venue's name and the unified one.
    """

    def __init__(self, gateway_name: str) -> None:
        self._gateway = gateway_name
        self._names: dict[str, str] = {}  # unified -> ours
        self._unified: dict[str, str] = {}  # ours -> unified
        self._venue: dict[str, str] = {}  # the venue's -> unified

    def add(self, contract: Contract) -> str:
        """Take a contract in and return its name; a name once given stays."""
        known = self._names.get(contract.symbol)
        if known is not None:
            return known
        free = (name for name in _candidates(contract) if name not in self._unified)
        name = next(free, contract.symbol)
        self._names[contract.symbol] = name
        self._unified[name] = contract.symbol
        self._venue.setdefault(contract.venue_symbol, contract.symbol)
        return name

    def name(self, symbol: str) -> str:
        """Return the name of a unified symbol; a symbol that was never listed is its own."""
        return self._names.get(symbol, symbol)

    def unified(self, written: str) -> str:
        """Return the unified symbol of what a user wrote. Raises InvalidRequest for what is no text, UnknownSymbol."""
        if not isinstance(written, str) or not written:
            raise InvalidRequest(f"symbol must be a text such as BTCUSDT, not {written!r}.", field="symbol")
        plain = written.removesuffix(f".{self._gateway}")
        if plain in self._names:
            return plain
        found = self._unified.get(plain) or self._venue.get(plain)
        if found is None:
            raise self._unknown(written)
        return found

    def asked(self, written: str, exchange: object) -> str:
        """Return the unified symbol of a request, whose exchange must be this gateway. Raises as `unified`."""
        if name_of(exchange) != self._gateway:
            raise InvalidRequest(
                f"exchange must be Exchange({self._gateway!r}), this gateway's, not {exchange!r}.", field="exchange"
            )
        return self.unified(written)

    def shown(self, written: object) -> str:
        """Return the name of what a user wrote, or that text itself where it names nothing."""
        try:
            return self.name(self.unified(written))  # type: ignore[arg-type]  # that is what is found out
        except InvalidRequest:
            return str(written)

    def _unknown(self, symbol: str) -> UnknownSymbol:
        close = close_names(symbol.upper(), self._unified)
        hint = f"Did you mean {' or '.join(close)}?" if close else "Symbols are written as BTCUSDT."
        return UnknownSymbol(f"{self._gateway} has no symbol {symbol!r}. {hint}", close_names=close)


def _candidates(contract: Contract) -> tuple[str, str]:
    spot = contract.kind is ContractKind.SPOT
    return (contract.base + contract.quote if spot else _BARE.sub("", contract.venue_symbol)), contract.venue_symbol
