"""One connection of the gateway: an exchange on its own thread, and its events told in vn.py's words."""

from __future__ import annotations

from collections.abc import Callable

from foxtrot.capabilities import Capability
from foxtrot.config import ExchangeConfig
from foxtrot.exchange import BaseExchange
from foxtrot.factory import get_exchange
from foxtrot.gateway.loop import LoopThread
from foxtrot.gateway.mapping import account_data, bar_data, contract_data, position_data, to_interval
from foxtrot.gateway.objects import ERROR, INFO, WARNING, BarData, HistoryRequest
from foxtrot.gateway.orders import OrderDesk
from foxtrot.gateway.outlet import Outlet
from foxtrot.gateway.records import OrderIds, OrderRecords
from foxtrot.gateway.symbols import SymbolNames
from foxtrot.gateway.ticks import TickDesk
from foxtrot.model import events
from foxtrot.model.events import AdapterState

_LINES: dict[type[events.Event], tuple[int, Callable[..., str]]] = {
    events.StreamStale: (WARNING, lambda e: f"{e.symbol}: the {e.stream} stream is silent for {e.silent_s:.0f} s"),
    events.StreamRestored: (INFO, lambda e: f"{e.symbol}: the {e.stream} stream is back after {e.silent_s:.0f} s"),
    events.ReconcileDifference: (WARNING, lambda e: f"Not as it was known: {e.detail}"),
    events.JournalQuarantined: (ERROR, lambda e: f"The journal was damaged and set aside as {e.kept}: {e.reason}"),
    events.ProtocolErrorSeen: (WARNING, lambda e: f"A message could not be read: {e.reason}"),
    events.HandlerFailed: (ERROR, lambda e: f"{e.handler} failed: {e.error}"),
    events.DeadManFired: (
        ERROR,
        lambda e: f"Nobody fed the dead-man switch for {e.timeout_s:g} s",
    ),
}


class Session:
    """Live from connect to close. All but `loop` and `ids` belongs to the loop's thread."""

    def __init__(self, loop: LoopThread, exchange: BaseExchange, outlet: Outlet, records: OrderRecords) -> None:
        self.loop = loop
        self._exchange = exchange
        self._outlet = outlet
        self.ids = OrderIds(outlet.gateway, exchange.spec.client_id_pattern)
        self._names = SymbolNames(outlet.gateway)
        self.orders = OrderDesk(exchange, self._names, outlet, records)
        self._ticks = TickDesk(exchange, self._names, outlet)
        engine = exchange.engine
        engine.subscribe(events.ContractUpdated, self._on_contract)
        engine.subscribe(events.OrderEvent, self.orders.on_order)
        engine.subscribe(events.BalanceUpdated, self._on_balances)
        engine.subscribe(events.StateChanged, self._on_state)
        for kind, (level, line) in _LINES.items():
            engine.subscribe(kind, self._liner(level, line))

    @classmethod
    async def open(
        cls,
        loop: LoopThread,
        venue: str,
        config: ExchangeConfig,
        outlet: Outlet,
        records: OrderRecords,
    ) -> Session:
        """Connect and return. Raises FoxtrotError, and nothing is left open."""
        exchange = get_exchange(venue, config)
        session = cls(loop, exchange, outlet, records)
        await exchange.connect()
        try:
            await session.orders.resume()
        except BaseException:
            await exchange.disconnect()
            raise
        return session

    async def close(self) -> None:
        """Let commands under way come to their end, then disconnect."""
        await self.orders.end(self._exchange.config.transport.request_timeout_s)
        await self._exchange.disconnect()

    async def subscribe(self, symbol: str, exchange: object) -> None:
        """Have the ticks of a symbol told. Raises FoxtrotError."""
        await self._ticks.subscribe(symbol, exchange)

    async def query_account(self) -> None:
        """Tell the balance of every asset. Raises FoxtrotError."""
        for balance in (await self._exchange.fetch_balance()).values():
            self._outlet.account(account_data(balance, self._outlet.gateway))

    async def query_position(self) -> None:
        """Tell every position; a venue without derivatives has none. Raises FoxtrotError."""
        feature = self._exchange.capabilities[Capability.FETCH_POSITIONS]
        if not feature.support.usable:
            self._outlet.log(f"There are no positions to query: {feature.note or 'the venue has none'}.")
            return
        for position in await self._exchange.fetch_positions():
            name = self._names.name(position.symbol)
            self._outlet.position(position_data(position, name, self._outlet.gateway))

    async def query_history(self, req: HistoryRequest) -> list[BarData]:
        """Return candles, oldest first. Raises FoxtrotError."""
        symbol = self._names.asked(req.symbol, req.exchange)
        interval = to_interval(req.interval)
        bars = await self._exchange.fetch_ohlcv(symbol, interval, start=req.start, end=req.end)
        name, wanted = self._names.name(symbol), req.interval
        return [bar_data(bar, name, self._outlet.gateway, wanted) for bar in bars]

    # events

    def _on_contract(self, event: events.ContractUpdated) -> None:
        name = self._names.add(event.contract)
        self._outlet.contract(contract_data(event.contract, name, self._outlet.gateway, self._exchange.capabilities))

    def _on_balances(self, event: events.BalanceUpdated) -> None:
        for balance in event.balances:
            self._outlet.account(account_data(balance, self._outlet.gateway))

    def _on_state(self, event: events.StateChanged) -> None:
        level = WARNING if event.new is AdapterState.DEGRADED else INFO
        self._outlet.log(f"{event.exchange} is {event.new.value}: {event.reason}", level)

    def _liner(self, level: int, line: Callable[..., str]) -> Callable[[events.Event], None]:
        return lambda event: self._outlet.log(line(event), level)
