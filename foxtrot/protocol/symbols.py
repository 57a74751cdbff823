"""The two-way table between unified symbols and the venue's own."""

from __future__ import annotations

from collections.abc import Iterable

from foxtrot.errors import UnknownSymbol, close_names
from foxtrot.model.contract import Contract


class SymbolTable:
    """Map unified symbols ("BTC/USDT") to contracts, and venue symbols ("BTCUSDT") back; a bijection per venue.

    A venue's further names of a contract lead to it, too, unless they are another one's own.
    """

    def __init__(self, exchange: str) -> None:
        self.exchange = exchange
        self._contracts: dict[str, Contract] = {}
        self._unified: dict[str, str] = {}

    def load(self, contracts: Iterable[Contract]) -> None:
        """Replace the table. Raises ValueError when two contracts share a symbol, naming them."""
        by_symbol: dict[str, Contract] = {}
        unified: dict[str, str] = {}
        for contract in contracts:
            if contract.symbol in by_symbol or contract.venue_symbol in unified:
                raise ValueError(f"Two contracts share the symbol {contract.symbol} or {contract.venue_symbol}.")
            by_symbol[contract.symbol] = contract
            unified[contract.venue_symbol] = contract.symbol
        for contract in by_symbol.values():
            for alias in contract.aliases:
                unified.setdefault(alias, contract.symbol)
        self._contracts, self._unified = by_symbol, unified

    def contract(self, symbol: str) -> Contract:
        """Return the contract of a unified symbol. Raises UnknownSymbol with close names."""
        try:
            return self._contracts[symbol]
        except (KeyError, TypeError):
            raise self._unknown(symbol) from None

    def venue(self, symbol: str) -> str:
        """Return the venue's symbol of a unified one. Raises UnknownSymbol with close names."""
        return self.contract(symbol).venue_symbol

    def unified(self, venue_symbol: str) -> str:
        """Return the unified symbol of a venue's one. Raises UnknownSymbol."""
        try:
            return self._unified[venue_symbol]
        except KeyError:
            raise self._unknown(venue_symbol) from None

    def contracts(self) -> list[Contract]:
        """Return all contracts in the venue's order."""
        return list(self._contracts.values())

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._contracts

    def __len__(self) -> int:
        return len(self._contracts)

    def _unknown(self, symbol: str) -> UnknownSymbol:
        names = [*self._contracts, *self._unified]
        close = close_names(str(symbol).upper(), names)
        close = list(dict.fromkeys(self._unified.get(name, name) for name in close))
        hint = f" Did you mean {', '.join(close)}?" if close else " Symbols are written BASE/QUOTE, such as BTC/USDT."
        return UnknownSymbol(
            f"{self.exchange} lists no symbol {symbol!r}.{hint}", close_names=close, exchange=self.exchange
        )


def distinct(listed: Iterable[tuple[str, str, bool]]) -> dict[str, str]:
    """Return the unified symbol of each of a venue's; given are BASE/QUOTE, the venue's symbol, and whether it trades.

    Where a venue lists the same assets twice (an old symbol beside its successor), the one that trades, or else the
    first, is BASE/QUOTE and the others keep the venue's own name, so that every symbol means one contract.
    """
    rows, owners = list(listed), dict[str, str]()
    for assets, symbol, _ in sorted(rows, key=lambda row: not row[2]):
        owners.setdefault(assets, symbol)
    return {symbol: assets if owners[assets] == symbol else symbol for assets, symbol, _ in rows}
