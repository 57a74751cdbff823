"""The mapping manager: unified symbols and the venue's own, both ways."""

from __future__ import annotations

from foxtrot.managers.wiring import Wiring


class MappingManager:
    """Translate symbols; filled when the contracts are loaded."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def to_venue(self, symbol: str) -> str:
        """Return the venue's name ("BTCUSDT") of a symbol ("BTC/USDT"). Raises UnknownSymbol with close names."""
        return self._wiring.symbols.venue(symbol)

    def to_unified(self, venue_symbol: str) -> str:
        """Return the unified symbol of a venue's one. Raises UnknownSymbol."""
        return self._wiring.symbols.unified(venue_symbol)

    def symbols(self) -> list[str]:
        """Return all unified symbols in the venue's order."""
        return [contract.symbol for contract in self._wiring.symbols.contracts()]
