"""`BaseExchange`: the one interface over every venue, a facade over its six managers."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Self

import pluggy

from foxtrot.capabilities import CapabilitySet
from foxtrot.clock import SystemClock
from foxtrot.config import Credentials, ExchangeConfig
from foxtrot.connection import Connection
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import StateError, UnsupportedError
from foxtrot.hookspecs import notify
from foxtrot.managers.account import AccountManager
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.dead_man import DeadManSwitch
from foxtrot.managers.history import HistoricalManager, Progress
from foxtrot.managers.mapping import MappingManager
from foxtrot.managers.market_data import Callback, MarketDataManager, StreamSubscription
from foxtrot.managers.order import OrderManager
from foxtrot.managers.wiring import Wiring
from foxtrot.model.account import Balance, FeeRate, Position
from foxtrot.model.contract import Contract
from foxtrot.model.events import AdapterState, Bar, BookUpdated, Quote, Ticker, Trade
from foxtrot.model.health import Health
from foxtrot.model.order import AmendRequest, Fill, Order, OrderRequest
from foxtrot.model.orderbook import OrderBook
from foxtrot.model.times import TimeLike
from foxtrot.ports import Clock, Environment, LinkContext, MarketTap, VenueAccess, VenueLink, WsConnector
from foxtrot.protocol.codec import Endpoints
from foxtrot.protocol.messages import ChannelKind
from foxtrot.spec import AdapterSpec


class BaseExchange(abc.ABC):
    """Connect to one account of one venue.

    An adapter overrides `link` and names its `hosts` by environment (or overrides `live_endpoints`), nothing else. What
    `link` needs and takes long to import is named in `imports`: it is imported in a thread before, so that no other
    exchange in the event loop is held up.
    Every operation raises UnsupportedError before any I/O when the venue cannot do it, StateError before connect, and
    typed FoxtrotError afterwards. Events go through `engine`, which is started and stopped with the exchange unless one
    was passed in. `tap` sees the public data as they come in.
    """

    hosts: ClassVar[Mapping[str, Endpoints]] = {}
    imports: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        spec: AdapterSpec,
        config: ExchangeConfig,
        environment: Environment,
        *,
        credentials: Credentials | None = None,
        stream_credentials: Credentials | None = None,
        engine: EventEngine | None = None,
        clock: Clock | None = None,
        connector: WsConnector | None = None,
        hooks: pluggy.PluginManager | None = None,
        tap: MarketTap | None = None,
    ) -> None:
        self.spec = spec
        self.config = config
        self.environment = environment
        self._hooks = hooks
        self.clock: Clock = clock or SystemClock()
        self._owns_engine = engine is None
        self.engine = engine or EventEngine(self.clock)
        wiring = Wiring(spec, config, self.engine, self.clock, hooks, tap)
        self.account = AccountManager(wiring)
        self.contracts = ContractManager(wiring)
        self.orders = OrderManager(wiring, self.contracts, self.account)
        self.dead_man_switch = DeadManSwitch(wiring, self.orders)
        self.market_data = MarketDataManager(wiring)
        self.history = HistoricalManager(wiring)
        self.mapping = MappingManager(wiring)
        self._connection = Connection(
            wiring,
            environment,
            credentials,
            stream_credentials,
            self.link,
            self.imports,
            connector,
            self.contracts,
            self.orders,
            self.account,
        )

    @abc.abstractmethod
    def link(self, context: LinkContext) -> VenueLink:
        """Build the venue's codecs and its REST transport; no I/O."""

    @classmethod
    def live_endpoints(cls, spec: AdapterSpec, environment: str) -> Endpoints:
        """Return the venue's own hosts for "live" or "testnet". Raises UnsupportedError for what it does not have."""
        if environment not in cls.hosts:
            usable = " or ".join(spec.environments)
            raise UnsupportedError(f"{spec.title} has no {environment}; use {usable}.", exchange=spec.name)
        return cls.hosts[environment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.config.environment} {self.state.value}>"

    @property
    def name(self) -> str:
        """Return the venue id."""
        return self.spec.name

    @property
    def capabilities(self) -> CapabilitySet:
        """Return what the venue can do."""
        return self.spec.capabilities

    @property
    def state(self) -> AdapterState:
        """Return where in its life the connection is."""
        return self._connection.state

    # life

    async def connect(self, timeout_s: float | None = None) -> None:
        """Open transports, load contracts, synchronise the account; return READY.

        Bounded by `timeout_s` (default `config.transport.connect_timeout_s`). Raises StateError when connected already,
        ConnectFailed, CredentialsError, AuthenticationError; then nothing is left open.
        """
        await self._connection.open(timeout_s)
        if self._owns_engine:
            await self.engine.start()

    async def disconnect(self, *, cancel_orders: bool = False) -> None:
        """Take no new orders, write the journal, close everything; events already published are delivered.

        `cancel_orders` cancels every open order of ours first; what could not be canceled is logged and stays open.
        Does nothing when not connected.
        """
        if not await self._connection.close(cancel_orders=cancel_orders):
            return
        if self._owns_engine:
            await self.engine.stop()
        if self._hooks is not None:
            notify(self._hooks, "foxtrot_exchange_closed", exchange=self.name)

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()

    def health(self) -> Health:
        """Return the state of the connection and of each of its channels."""
        return self._connection.health()

    @property
    def access(self) -> VenueAccess:
        """Return where the exchange is connected to. Raises StateError while it is not."""
        if self._connection.access is None:
            raise StateError(f"{self.name} is not connected; await connect() first.", exchange=self.name)
        return self._connection.access

    async def fetch_time(self) -> int:
        """Ask for the venue's time (ns UTC): the cheapest proof that it answers."""
        return await self.market_data.fetch_time()

    # contracts and account

    async def fetch_markets(self) -> list[Contract]:
        """Ask for all contracts with every rule the venue states."""
        return await self.contracts.load()

    async def fetch_balance(self) -> dict[str, Balance]:
        """Ask for all balances by asset."""
        return await self.account.fetch_balance()

    async def fetch_positions(self) -> list[Position]:
        """Ask for open derivatives positions."""
        return await self.account.fetch_positions()

    async def fetch_fees(self, symbol: str | None = None) -> list[FeeRate]:
        """Ask for maker and taker rates."""
        return await self.account.fetch_fees(symbol)

    # orders

    async def place_order(self, request: OrderRequest) -> Order:
        """Place an order once; see `OrderManager.place` for what is raised and promised."""
        return await self.orders.place(request)

    async def amend_order(self, request: AmendRequest) -> Order:
        """Change price or quantity of an open order; see `OrderManager.amend`."""
        return await self.orders.amend(request)

    async def cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """Cancel one order named by either id; see `OrderManager.cancel`."""
        return await self.orders.cancel(symbol, order_id=order_id, client_order_id=client_order_id)

    async def cancel_all_orders(self, symbol: str) -> list[Order]:
        """Cancel all open orders of a symbol; an empty list when there were none."""
        return await self.orders.cancel_all(symbol)

    async def fetch_order_status(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """Ask for one order by either id. Raises OrderNotFound."""
        return await self.orders.fetch_status(symbol, order_id=order_id, client_order_id=client_order_id)

    async def fetch_open_orders(self, symbol: str | None = None) -> list[Order]:
        """Ask for the open orders of one symbol or of all, oldest first."""
        return await self.orders.fetch_open(symbol)

    async def fetch_orders(
        self, symbol: str, *, start: TimeLike | None = None, end: TimeLike | None = None, limit: int = 500
    ) -> list[Order]:
        """Ask for past and open orders of a symbol, oldest first."""
        return await self.orders.fetch_history(symbol, start=start, end=end, limit=limit)

    async def fetch_my_trades(
        self, symbol: str, *, start: TimeLike | None = None, end: TimeLike | None = None, limit: int = 500
    ) -> list[Fill]:
        """Ask for executions of our orders, oldest first."""
        return await self.orders.fetch_fills(symbol, start=start, end=end, limit=limit)

    # market data

    async def fetch_ohlcv(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        limit: int | None = None,
        unfinished: bool = False,
        progress: Progress | None = None,
    ) -> list[Bar]:
        """Fetch candles of any range; see `HistoricalManager.fetch_ohlcv`."""
        return await self.history.fetch_ohlcv(
            symbol, interval, start=start, end=end, limit=limit, unfinished=unfinished, progress=progress
        )

    async def fetch_ticker(self, symbol: str) -> Ticker:
        """Ask for the 24-hour statistics of a symbol."""
        return (await self.market_data.fetch_tickers([symbol]))[0]

    async def fetch_tickers(self, symbols: Sequence[str]) -> list[Ticker]:
        """Ask for the 24-hour statistics of several symbols, in the order asked."""
        return await self.market_data.fetch_tickers(symbols)

    async def fetch_order_book(self, symbol: str, depth: int = 100) -> OrderBook:
        """Ask for the best `depth` levels a side. Raises InvalidRequest for a depth that the venue does not show."""
        return await self.market_data.fetch_order_book(symbol, depth)

    async def fetch_trades(self, symbol: str, limit: int = 500) -> list[Trade]:
        """Ask for the latest public trades, oldest first. Raises InvalidRequest for a limit that is not in 1..1000."""
        return await self.market_data.fetch_trades(symbol, limit)

    async def subscribe_ticker(
        self, symbols: str | Sequence[str], callback: Callback[Ticker] | None = None
    ) -> StreamSubscription:
        """Receive 24-hour statistics as they change."""
        return await self.market_data.subscribe(ChannelKind.TICKER, symbols, callback)

    async def subscribe_quotes(
        self, symbols: str | Sequence[str], callback: Callback[Quote] | None = None
    ) -> StreamSubscription:
        """Receive best bid and ask as they change."""
        return await self.market_data.subscribe(ChannelKind.QUOTES, symbols, callback)

    async def subscribe_trades(
        self, symbols: str | Sequence[str], callback: Callback[Trade] | None = None
    ) -> StreamSubscription:
        """Receive every public trade."""
        return await self.market_data.subscribe(ChannelKind.TRADES, symbols, callback)

    async def subscribe_order_book(
        self,
        symbols: str | Sequence[str],
        callback: Callback[BookUpdated] | None = None,
        *,
        depth: int | None = None,
    ) -> StreamSubscription:
        """Keep the whole book: BookUpdated for each change, BookInvalidated at once when it is not the venue's any
        more.

        With `depth` the venue sends the best levels only: less to receive. Some send them whole each time (then every
        update is a `BookUpdated.snapshot`), others as changes, which are checked like those of the whole book. Raises
        UnsupportedError for a depth that the venue does not stream, InvalidRequest for a symbol whose book is
        subscribed otherwise.
        """
        param = "" if depth is None else str(depth)
        return await self.market_data.subscribe(ChannelKind.BOOK, symbols, callback, param=param)

    async def subscribe_ohlcv(
        self, symbols: str | Sequence[str], interval: str = "1m", callback: Callback[Bar] | None = None
    ) -> StreamSubscription:
        """Receive candles as they form; `closed` marks the final one."""
        return await self.market_data.subscribe(ChannelKind.OHLCV, symbols, callback, param=interval)

    async def unsubscribe(self, subscription: StreamSubscription) -> None:
        """End what a `subscribe_*` call began."""
        await self.market_data.unsubscribe(subscription)
