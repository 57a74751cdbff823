"""The tap of an exchange that nobody records."""

from __future__ import annotations

from foxtrot.model.contract import Contract
from foxtrot.ports import WsConnector
from foxtrot.protocol.calls import Call
from foxtrot.protocol.messages import BookSnapshot
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.spec import AdapterSpec


class NoTap:
    """Implement the MarketTap port by listening to nothing."""

    def streams(self, connector: WsConnector, spec: AdapterSpec, symbols: SymbolTable) -> WsConnector:
        """Return the connector as it is."""
        return connector

    def snapshot(self, contract: Contract, call: Call[BookSnapshot]) -> Call[BookSnapshot]:
        """Return the call as it is."""
        return call
