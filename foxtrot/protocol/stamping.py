"""What every event of a venue begins with."""

from __future__ import annotations

from foxtrot.protocol.codec import NextSeq
from foxtrot.protocol.symbols import SymbolTable


class Stamping:
    """Know the venue's id and symbols, and number its events."""

    def __init__(self, exchange: str, symbols: SymbolTable, next_seq: NextSeq) -> None:
        self.exchange = exchange
        self.symbols = symbols
        self.next_seq = next_seq

    def stamp(self, symbol: str, ts_event: int, ts_recv: int = 0) -> tuple[str, str, int, int, int]:
        """Return an event's first five fields; what was asked for has no time of receipt."""
        return self.exchange, symbol, ts_event, ts_recv, self.next_seq()
