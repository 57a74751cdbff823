"""The smallest adapter there can be: its wire format is foxtrot's own values as JSON, its venue a table of answers.

It shows what an adapter must supply, and lets the core be tested without any venue: put an answer (or an error) into
`ToyVenue.answers`, call the exchange, look at `ToyVenue.calls` and at the events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from foxtrot.capabilities import Capability, CapabilitySet, Support
from foxtrot.errors import OrderNotFound, OrderRejected, Outcome, VenueError, VenueUnavailable
from foxtrot.exchange import BaseExchange
from foxtrot.model.account import Balance, FeeRate
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar, Ticker, Trade
from foxtrot.model.order import AmendRequest, Fill, Order
from foxtrot.model.orderbook import OrderBook
from foxtrot.ports import LinkContext, VenueAccess, VenueLink
from foxtrot.protocol.budget import Usage
from foxtrot.protocol.calls import Call, Lane, RawResponse
from foxtrot.protocol.codec import BookRules, Emit, Endpoints, Page, RequestHabits, StreamLimits
from foxtrot.protocol.messages import Ack, AmendResult, BookSnapshot, Channel, Listing, OrderUpdate, Unknown
from foxtrot.protocol.pages import numbered_page
from foxtrot.spec import AdapterSpec

T = TypeVar("T")
Answer = bytes | Exception | Callable[[Call[Any]], "Answer"]

TOY = AdapterSpec(
    name="toy",
    title="Toy venue",
    exchange="foxtrot.testkit.toy:ToyExchange",
    capabilities=CapabilitySet(
        {
            capability: Support.FULL
            for capability in Capability
            if capability not in (Capability.FETCH_POSITIONS, Capability.FUTURES, Capability.MARGIN, Capability.TESTNET)
        }
    ),
    environments=(),
)


class ToyVenue:
    """Answer calls from a table by endpoint; an Exception is raised, a function asked. Also the `Environment`."""

    def __init__(self, **answers: Answer) -> None:
        self.answers: dict[str, Answer] = dict(answers)
        self.calls: list[Call[Any]] = []
        self.opened = 0
        self.closed = 0

    async def open(self) -> VenueAccess:
        """Count, and name endpoints that do not exist."""
        self.opened += 1
        return VenueAccess(Endpoints(rest="https://toy.invalid", stream="wss://toy.invalid"))

    async def close(self) -> None:
        """Count."""
        self.closed += 1

    async def request(self, call: Call[Any]) -> RawResponse:
        """Record the call and answer it."""
        self.calls.append(call)
        answer = self.answers[call.endpoint]
        while callable(answer):
            answer = answer(call)
        if isinstance(answer, Exception):
            raise answer
        status = 200 if not answer.startswith(b'{"error"') else 400
        return RawResponse(status, {}, answer)

    def sent(self, endpoint: str) -> list[Call[Any]]:
        """Return the calls of one endpoint."""
        return [call for call in self.calls if call.endpoint == endpoint]


class ToyRestCodec:
    """Name each call after its operation and read answers as JSON of the value wanted."""

    habits = RequestHabits()

    def fetch_markets(self) -> Call[Listing]:
        return _call("markets", Listing)

    def fetch_server_time(self) -> Call[int]:
        return _call("time", int)

    def fetch_balances(self) -> Call[list[Balance]]:
        return _call("balances", list[Balance], signed=True)

    def fetch_fees(self, contract: Contract | None) -> Call[list[FeeRate]]:
        return _call("fees", list[FeeRate], signed=True)

    def place_order(self, order: Order, contract: Contract) -> Call[OrderUpdate]:
        return _call("place", OrderUpdate, id=order.client_order_id, command=True)

    def validate_order(self, order: Order, contract: Contract) -> Call[None]:
        return _call("validate", type(None), id=order.client_order_id, command=True)

    def amend_order(
        self, order: Order, request: AmendRequest, new_client_order_id: str, contract: Contract, age_s: float
    ) -> Call[AmendResult]:
        return _call("amend", AmendResult, id=order.client_order_id, new_id=new_client_order_id, command=True)

    def cancel_order(self, contract: Contract, order_id: str, client_order_id: str, age_s: float) -> Call[OrderUpdate]:
        return _call("cancel", OrderUpdate, id=client_order_id, order_id=order_id, command=True)

    def cancel_all_orders(self, contract: Contract) -> Call[list[OrderUpdate]]:
        return _call("cancel_all", list[OrderUpdate], command=True)

    def fetch_order(self, contract: Contract, order_id: str, client_order_id: str) -> Call[OrderUpdate]:
        return _call("order", OrderUpdate, id=client_order_id, order_id=order_id, signed=True)

    def fetch_open_orders(self, contract: Contract | None) -> Call[list[OrderUpdate]]:
        return _call("open_orders", list[OrderUpdate], signed=True)

    def fetch_orders(
        self, contract: Contract, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[OrderUpdate]]:
        call = _call("orders", list[OrderUpdate], signed=True, from_id=after, limit=str(limit))
        return _paged(call, limit, lambda update: update.order_id)

    def fetch_my_trades(
        self, contract: Contract | None, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[Fill]]:
        call = _call("my_trades", list[Fill], signed=True, from_id=after, limit=str(limit))
        return _paged(call, limit, lambda fill: fill.trade_id)

    def fetch_bars(
        self, contract: Contract, interval: str, start: int | None, end: int | None, limit: int
    ) -> Call[list[Bar]]:
        return _call("bars", list[Bar], interval=interval, start=str(start), end=str(end), limit=str(limit))

    def fetch_order_book(self, contract: Contract, depth: int) -> Call[OrderBook]:
        return _call("book", OrderBook, depth=str(depth))

    def fetch_book_snapshot(self, contract: Contract) -> Call[BookSnapshot]:
        return _call("snapshot", BookSnapshot)

    def fetch_trades(self, contract: Contract, limit: int, from_id: str) -> Call[list[Trade]]:
        return _call("trades", list[Trade], limit=str(limit), from_id=from_id)

    def fetch_trades_since(self, contract: Contract, since: str) -> None:
        return None

    def fetch_tickers(self, contracts: Sequence[Contract]) -> Call[list[Ticker]]:
        return _call("tickers", list[Ticker])

    def fetch_average_price(self, contract: Contract) -> Call[str]:
        return _call("average_price", str)

    def classify(self, call: Call[object], response: RawResponse) -> VenueError | None:
        """Read {"error": kind}: "unknown" leaves the outcome open, all else is a definite refusal."""
        if response.status < 400:
            return None
        kind = str(msgspec.json.decode(response.body)["error"])
        if kind == "unknown":
            return VenueUnavailable(kind, status=response.status, outcome=Outcome.UNKNOWN, exchange="toy")
        error = OrderNotFound if kind == "not found" else OrderRejected
        return error(kind, status=response.status, code=kind, exchange="toy")

    def usage(self, response: RawResponse) -> list[Usage]:
        return []


class ToyStreamCodec:
    """Acknowledge nothing by itself: frames are {"ack": id}; all else is unknown."""

    limits = StreamLimits()

    def url(self, endpoints: Endpoints) -> str:
        return endpoints.stream

    def subscribe(self, channels: Sequence[Channel], request_id: int) -> bytes:
        return msgspec.json.encode({"subscribe": channels, "id": request_id})

    def unsubscribe(self, channels: Sequence[Channel], request_id: int) -> bytes:
        return msgspec.json.encode({"unsubscribe": channels, "id": request_id})

    def book_rules(self, channel: Channel) -> BookRules:
        return BookRules()

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        try:
            emit(Ack(int(msgspec.json.decode(data)["ack"])))
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            emit(Unknown(str(error), data))


class ToyExchange(BaseExchange):
    """Link the toy codecs; the `environment` given must be a `ToyVenue`, which is also the transport."""

    def link(self, context: LinkContext) -> VenueLink:
        return VenueLink(rest=ToyRestCodec(), stream=ToyStreamCodec(), requests=self.venue)

    @property
    def venue(self) -> ToyVenue:
        """Return the table of answers this exchange was made with."""
        if not isinstance(self.environment, ToyVenue):
            raise TypeError(f"ToyExchange needs a ToyVenue, not {self.environment!r}.")
        return self.environment


def _call(endpoint: str, wanted: Any, *, command: bool = False, signed: bool = False, **params: str) -> Call[Any]:
    decoder = msgspec.json.Decoder(wanted)
    return Call(
        endpoint=endpoint,
        params=params,
        decode=decoder.decode,
        lane=Lane.PLACE if command else Lane.HISTORY,
        idempotent=not command,
        signed=signed or command,
        orders=1 if command else 0,
    )


def _paged(call: Call[Any], limit: int, number: Callable[[Any], str]) -> Call[Any]:
    return call.then(lambda items: numbered_page(items, limit, number))
