"""The contract manager: what is listed, its rules, and the judgement of orders by them."""

from __future__ import annotations

import logging
from decimal import Decimal

from foxtrot.capabilities import Capability
from foxtrot.errors import FoxtrotError, OrderDenied, UnsupportedError
from foxtrot.hookspecs import notify
from foxtrot.managers.contract_changes import differences, merged
from foxtrot.managers.wiring import Wiring
from foxtrot.model.contract import Contract
from foxtrot.model.decimals import Number, ceil_to, floor_to, to_decimal
from foxtrot.model.events import ContractUpdated
from foxtrot.model.order import Order, OrderRequest, OrderType, Side, to_side
from foxtrot.model.times import NS_PER_S
from foxtrot.protocol.calls import Lane
from foxtrot.protocol.messages import Channel, ChannelKind
from foxtrot.protocol.rule_book import RuleBook

_LOG = logging.getLogger("foxtrot.contracts")
_AVERAGE_MAX_AGE_NS = 30 * NS_PER_S
_SETTLE_S = 0.5  # so long others may follow an announced change
_AGAIN_S = 60.0
_SOONEST_S = 30.0  # after a refusal; another one before that tells nothing new


class ContractManager:
    """Load contracts, look them up, round to their grids and judge orders by their rules."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._read_at = 0.0
        self._awaiting = False  # of an announced change that it is read
        self._averages: dict[str, tuple[int, Decimal]] = {}
        self._books: dict[str, RuleBook] = {}

    async def load(self) -> list[Contract]:
        """Fetch all contracts of the venue and publish ContractUpdated for each that is not as it was."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_MARKETS)
        self._read_at = wiring.clock.monotonic()
        listing = await wiring.call(wiring.open().rest.fetch_markets())
        wiring.limiter.configure(listing.limits)
        before = wiring.symbols.contracts()
        wiring.symbols.load(merged(before, listing.contracts))
        now = wiring.clock.time_ns()
        for change, contract, previous, fields in differences(before, listing.contracts, first=not before):
            seq = wiring.next_seq()
            wiring.publish(
                ContractUpdated(wiring.exchange, contract.symbol, 0, now, seq, contract, change, previous, fields)
            )
            if wiring.hooks is not None:
                notify(wiring.hooks, "foxtrot_contract_loaded", exchange=wiring.exchange, contract=contract)
        return listing.contracts

    async def keep_current(self) -> None:
        """Read the contracts again every `contracts.refresh_interval_s`; for the time of a connection."""
        every_s = self._wiring.config.contracts.refresh_interval_s
        while every_s:
            await self._wiring.clock.sleep(every_s)
            await self._reload()

    async def follow(self) -> None:
        """Have the venue say when contracts change, where it does; for the time of a connection."""
        streams = self._wiring.open().streams
        while streams.announces_listing:
            try:
                await streams.subscribe([Channel(ChannelKind.LISTING, "")])
            except FoxtrotError as error:
                _LOG.warning("%s: changes of contracts are not told: %s", self._wiring.exchange, error)
                await self._wiring.clock.sleep(_AGAIN_S)
            else:
                return

    def announced(self) -> None:
        """Read the contracts again: the venue has said that they changed; once for many changes in a row."""
        if not self._awaiting:
            self._awaiting = True
            self._wiring.spawn(self._reload_soon())

    async def _reload_soon(self) -> None:
        try:
            since = self._wiring.clock.monotonic() - self._read_at
            await self._wiring.clock.sleep(max(_SETTLE_S, _SOONEST_S - since))
        finally:
            self._awaiting = False
        await self._reload()

    def doubt(self) -> None:
        """Read the contracts again soon: the venue refused what their rules allow."""
        if self._wiring.clock.monotonic() - self._read_at >= _SOONEST_S:
            self._read_at = self._wiring.clock.monotonic()
            self._wiring.spawn(self._reload())

    async def _reload(self) -> None:
        try:
            await self.load()
        except FoxtrotError as error:
            _LOG.warning("%s: the contracts could not be read again: %s", self._wiring.exchange, error)

    def get(self, symbol: str) -> Contract:
        """Return one contract. Raises StateError before connect, UnknownSymbol with close names."""
        return self._wiring.contract(symbol)

    def all(self) -> list[Contract]:
        """Return all loaded contracts in the venue's order."""
        return self._wiring.symbols.contracts()

    def round_price(self, symbol: str, price: Number, side: Side | str) -> Decimal:
        """Round to the tick without worsening the price: down for a buy, up for a sell."""
        tick = self.get(symbol).price_tick
        exact = to_decimal(price, "price")
        return floor_to(exact, tick) if to_side(side) is Side.BUY else ceil_to(exact, tick)

    def round_quantity(self, symbol: str, quantity: Number) -> Decimal:
        """Round down to the quantity step; never enlarges an order."""
        return floor_to(to_decimal(quantity, "quantity"), self.get(symbol).quantity_step)

    def require_supported(self, request: OrderRequest) -> Contract:
        """Raise UnsupportedError, before any I/O, for what the symbol does not list; return its contract."""
        contract = self.get(request.symbol)
        problem = _unsupported(request, contract)
        if problem:
            raise UnsupportedError(f"{contract.symbol} on {contract.exchange} {problem}.", exchange=contract.exchange)
        return contract

    async def judge(self, order: Order, contract: Contract) -> OrderDenied | None:
        """Return the denial that the contract's rules demand, None for a legal order.

        Asks the venue for its average price (kept for 30 s) when a rule is relative to it.
        """
        book, average = self._book(contract), None
        if book.needs_average_price(order):
            average = self._known_average(contract) or await self._fetch_average(contract)
        violation = book.first_violation(order, average)
        if violation is None:
            return None
        return OrderDenied(
            violation.text,
            rule=violation.rule,
            value=violation.value,
            nearest=violation.nearest,
            exchange=contract.exchange,
        )

    def _book(self, contract: Contract) -> RuleBook:
        book = self._books.get(contract.symbol)
        if book is None or book.contract is not contract:
            book = self._books[contract.symbol] = RuleBook(contract)
        return book

    def _known_average(self, contract: Contract) -> Decimal | None:
        asked, average = self._averages.get(contract.symbol, (0, None))
        return average if self._wiring.clock.time_ns() - asked < _AVERAGE_MAX_AGE_NS else None

    async def _fetch_average(self, contract: Contract) -> Decimal:
        now = self._wiring.clock.time_ns()
        call = self._wiring.open().rest.fetch_average_price(contract).in_lane(Lane.PLACE)
        average = Decimal(await self._wiring.call(call))
        self._averages[contract.symbol] = (now, average)
        return average


def _unsupported(request: OrderRequest, contract: Contract) -> str:
    if request.type not in contract.order_types:
        listed = ", ".join(t.value for t in contract.order_types)
        return f"does not take {request.type.value} orders; it takes {listed or 'none'}"
    if request.quote_quantity is not None and not contract.quote_quantity_allowed:
        return "does not take market orders by quote quantity; give the base quantity"
    if request.quote_quantity is not None and request.type is not OrderType.MARKET:
        return "takes a quote quantity on market orders only"
    if request.quote_quantity is not None and contract.quote_quantity_buys_only and request.side is not Side.BUY:
        return "takes a quote quantity on market buys only; give the base quantity to sell"
    if request.iceberg_quantity is not None and not contract.iceberg_allowed:
        return "does not take iceberg orders"
    if request.stp_mode is not None and request.stp_mode.upper() not in contract.stp_modes:
        return f"has no self-trade prevention mode {request.stp_mode}; it has {', '.join(contract.stp_modes) or 'none'}"
    return ""
