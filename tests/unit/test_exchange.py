"""What an exchange promises, shown on the smallest adapter: nothing is sent twice, nothing is falsely rejected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from foxtrot import errors
from foxtrot.clock import SystemClock
from foxtrot.config import Credentials, ExchangeConfig, RetryConfig
from foxtrot.engine.bus import EventEngine
from foxtrot.model import events
from foxtrot.model.account import Balance
from foxtrot.model.contract import Contract, NotionalRule, PriceRule, QuantityRule
from foxtrot.model.events import AdapterState, Bar
from foxtrot.model.order import AmendRequest, Fill, OrderRequest, OrderStatus, OrderType, Side
from foxtrot.protocol.calls import Call
from foxtrot.protocol.messages import AmendResult, Listing, OrderUpdate
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.net import MemoryConnector
from foxtrot.testkit.toy import TOY, ToyExchange, ToyVenue

CONTRACT = Contract(
    exchange="toy",
    symbol="BTC/USD",
    venue_symbol="BTCUSD",
    base="BTC",
    quote="USD",
    order_types=(OrderType.LIMIT, OrderType.MARKET),
    rules=(
        PriceRule(name="PRICE_FILTER", tick=D("0.01")),
        QuantityRule(name="LOT_SIZE", minimum=D("0.001"), step=D("0.001")),
        NotionalRule(name="MIN_NOTIONAL", minimum=D(1)),
    ),
)
KEYS = Credentials(api_key=SecretStr("k"), api_secret=SecretStr("s"))
BUY = OrderRequest.limit("BTC/USD", "buy", "0.5", "100")


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)


def update(call: Call[Any], status: OrderStatus = OrderStatus.OPEN, **more: Any) -> bytes:
    said = {"side": Side.BUY, "type": OrderType.LIMIT, "quantity": D("0.5"), "price": D(100)} | more
    client = said.pop("client_order_id", call.params.get("id", ""))
    return encoded(
        OrderUpdate(symbol="BTC/USD", client_order_id=client, order_id="v1", status=status, ts_event=5, **said)
    )


def listening_venue() -> ToyVenue:
    return ToyVenue(
        time=b"1",
        markets=encoded(Listing([CONTRACT], [])),
        balances=encoded([Balance("USD", D(1_000), D(0))]),
        open_orders=b"[]",
        orders=b"[]",
        my_trades=b"[]",
        place=update,
        order=update,
        cancel=lambda call: update(call, OrderStatus.CANCELED),
    )


class Bench:
    def __init__(
        self, venue: ToyVenue, *, keys: Credentials | None = KEYS, clock: SystemClock | VirtualClock | None = None
    ) -> None:
        self.venue = venue
        self.clock = clock or SystemClock()
        self.engine = EventEngine(self.clock)
        self.heard: list[Any] = []
        self.engine.subscribe_all(self.heard.append)
        config = ExchangeConfig(retry=RetryConfig(attempts=1))
        self.exchange = ToyExchange(
            TOY, config, venue, credentials=keys, engine=self.engine, clock=self.clock, connector=MemoryConnector()
        )

    def kinds(self) -> list[str]:
        return [type(e).__name__ for e in self.heard if isinstance(e, events.OrderEvent)]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench(listening_venue())
    await made.exchange.connect()
    yield made
    await made.exchange.disconnect()


async def test_connect_is_ready_only_after_contracts_balances_and_orders_are_compared(bench: Bench) -> None:
    assert [c.endpoint for c in bench.venue.calls] == ["time", "markets", "open_orders", "balances"]
    states = [e.new for e in bench.heard if isinstance(e, events.StateChanged)]
    assert states == [AdapterState.CONNECTING, AdapterState.SYNCING, AdapterState.READY]
    assert bench.exchange.account.balances["USD"].free == 1_000
    assert [e.seq for e in bench.heard] == sorted({e.seq for e in bench.heard})


async def test_connecting_twice_is_refused_and_the_first_connection_lives_on(bench: Bench) -> None:
    with pytest.raises(errors.StateError, match="ready already"):
        await bench.exchange.connect()
    assert bench.exchange.state is AdapterState.READY


async def test_after_disconnect_everything_is_closed_calls_are_refused_and_connecting_again_works(bench: Bench) -> None:
    await bench.exchange.disconnect()
    assert bench.venue.closed == 2  # once as environment, once as transport
    with pytest.raises(errors.StateError, match="connect"):
        await bench.exchange.fetch_balance()
    await bench.exchange.disconnect()
    await bench.exchange.connect()
    assert bench.exchange.state is AdapterState.READY


async def test_a_failed_connect_leaves_nothing_open_and_may_be_tried_again() -> None:
    venue = listening_venue()
    good = venue.answers["markets"]
    venue.answers["markets"] = errors.ConnectFailed("toy cannot be reached")
    bench = Bench(venue)
    with pytest.raises(errors.ConnectFailed):
        await bench.exchange.connect()
    assert (bench.exchange.state, venue.closed) == (AdapterState.DISCONNECTED, 2)
    venue.answers["markets"] = good
    await bench.exchange.connect()
    await bench.exchange.disconnect()


async def test_connect_is_bounded_in_time_and_says_how_to_wait_longer() -> None:
    class Silent(ToyVenue):
        async def open(self) -> Any:
            await asyncio.Event().wait()

    bench = Bench(Silent())
    with pytest.raises(errors.ConnectFailed, match=r"within 0.05 s; raise transport.connect_timeout_s"):
        await bench.exchange.connect(timeout_s=0.05)
    assert bench.exchange.state is AdapterState.DISCONNECTED


async def test_without_keys_the_market_is_open_and_orders_name_the_variable_to_set() -> None:
    bench = Bench(listening_venue(), keys=None)
    await bench.exchange.connect()
    with pytest.raises(errors.CredentialsError, match="FOXTROT_TOY_MAIN_API_KEY"):
        await bench.exchange.place_order(BUY)
    assert bench.venue.sent("place") == []
    await bench.exchange.disconnect()


async def test_a_placed_order_is_announced_before_it_is_sent_and_accepted_once(bench: Bench) -> None:
    seen_at_send: list[list[str]] = []

    def answer(call: Call[Any]) -> bytes:
        seen_at_send.append(bench.kinds())
        return update(call)

    bench.venue.answers["place"] = answer
    order = await bench.exchange.place_order(BUY)
    assert (order.status, order.order_id) == (OrderStatus.OPEN, "v1")
    assert seen_at_send == [["OrderSubmitted"]]
    assert bench.kinds() == ["OrderSubmitted", "OrderAccepted"]


@pytest.mark.parametrize(
    "failure",
    [
        errors.RequestTimeout("no answer"),
        errors.ConnectionLost("reset"),
        b'{"error":"unknown"}',
        b"",
        b'{"symbol":"BTC/USD"',
    ],
    ids=["timeout", "reset", "5xx", "empty", "truncated"],
)
async def test_an_order_whose_answer_is_lost_is_in_doubt_never_rejected_never_sent_twice(
    bench: Bench, failure: Any
) -> None:
    bench.venue.answers["place"] = failure
    order = await bench.exchange.place_order(BUY)
    assert order.status is OrderStatus.IN_DOUBT
    assert len(bench.venue.sent("place")) == 1
    assert bench.kinds() == ["OrderSubmitted", "OrderInDoubt"]
    settled = await bench.exchange.fetch_order_status("BTC/USD", client_order_id=order.client_order_id)
    assert (settled.status, settled.order_id) == (OrderStatus.OPEN, "v1")
    assert bench.kinds()[-1] == "OrderAccepted"


async def test_what_never_left_is_denied_and_what_the_venue_refused_is_rejected(bench: Bench) -> None:
    bench.venue.answers["place"] = errors.ConnectFailed("refused")
    with pytest.raises(errors.ConnectFailed):
        await bench.exchange.place_order(BUY)
    bench.venue.answers["place"] = b'{"error":"no money"}'
    with pytest.raises(errors.OrderRejected) as caught:
        await bench.exchange.place_order(BUY)
    assert caught.value.order is not None
    assert caught.value.order.status is OrderStatus.REJECTED
    assert bench.kinds() == ["OrderSubmitted", "OrderDenied", "OrderSubmitted", "OrderRejected"]


@pytest.mark.parametrize(
    ("request_", "rule", "nearest"),
    [
        (OrderRequest.limit("BTC/USD", "buy", "0.5", "100.005"), "PRICE_FILTER", "100.00"),
        (OrderRequest.limit("BTC/USD", "sell", "0.5", "100.005"), "PRICE_FILTER", "100.01"),
        (OrderRequest.limit("BTC/USD", "buy", "0.0005", "100"), "LOT_SIZE", "0.001"),
        (OrderRequest.limit("BTC/USD", "buy", "0.001", "100"), "MIN_NOTIONAL", "1"),
    ],
)
async def test_an_illegal_order_is_denied_here_with_rule_and_nearest_legal_value(
    bench: Bench, request_: OrderRequest, rule: str, nearest: str
) -> None:
    with pytest.raises(errors.OrderDenied) as caught:
        await bench.exchange.place_order(request_)
    assert (caught.value.rule, caught.value.nearest) == (rule, D(nearest))
    assert bench.venue.sent("place") == []
    assert bench.kinds() == ["OrderDenied"]


async def test_what_the_symbol_does_not_list_is_unsupported_before_any_io(bench: Bench) -> None:
    calls = len(bench.venue.calls)
    for request in (
        OrderRequest.stop("BTC/USD", "sell", 1, 90),
        OrderRequest.market("BTC/USD", "buy", quote_quantity=5),
        OrderRequest.limit("BTC/USD", "buy", 1, 100, iceberg_quantity="0.1"),
        OrderRequest.limit("BTC/USD", "buy", 1, 100, stp_mode="NONE"),
    ):
        with pytest.raises(errors.UnsupportedError):
            await bench.exchange.place_order(request)
    with pytest.raises(errors.UnsupportedError, match="fetch_positions"):
        await bench.exchange.fetch_positions()
    assert len(bench.venue.calls) == calls


async def test_the_id_of_a_living_order_cannot_be_used_again(bench: Bench) -> None:
    request = msgspec.structs.replace(BUY, client_order_id="mine")
    await bench.exchange.place_order(request)
    with pytest.raises(errors.InvalidRequest, match="mine"):
        await bench.exchange.place_order(request)
    assert len(bench.venue.sent("place")) == 1


async def test_a_lost_answer_to_a_cancel_is_in_doubt_too(bench: Bench) -> None:
    order = await bench.exchange.place_order(BUY)
    bench.venue.answers["cancel"] = errors.RequestTimeout("no answer")
    with pytest.raises(errors.OrderInDoubt) as caught:
        await bench.exchange.cancel_order("BTC/USD", client_order_id=order.client_order_id)
    assert caught.value.order is not None
    assert caught.value.order.status is OrderStatus.IN_DOUBT
    assert len(bench.venue.sent("cancel")) == 1


async def test_an_amend_that_only_half_succeeded_says_so_and_ends_the_old_order(bench: Bench) -> None:
    order = await bench.exchange.place_order(BUY)

    def half(call: Call[Any]) -> bytes:
        old = msgspec.json.decode(update(call, OrderStatus.CANCELED), type=OrderUpdate)
        return encoded(AmendResult(old, None, "-2010 no money"))

    bench.venue.answers["amend"] = half
    with pytest.raises(errors.OrderRejected, match="no money"):
        await bench.exchange.amend_order(AmendRequest(symbol="BTC/USD", order_id="v1", price=D(101)))
    known = bench.exchange.orders.get(order.client_order_id)
    assert known is not None
    assert known.status is OrderStatus.CANCELED


async def test_an_order_must_be_named_by_exactly_one_id(bench: Bench) -> None:
    for ids in ({}, {"order_id": "1", "client_order_id": "2"}):
        with pytest.raises(errors.InvalidRequest, match="exactly one"):
            await bench.exchange.cancel_order("BTC/USD", **ids)


async def test_history_is_paged_without_hole_or_double_and_without_the_running_candle(bench: Bench) -> None:
    minute = 60 * 10**9
    now = bench.exchange.clock.time_ns() // minute * minute
    first = now - 2_499 * minute

    def page(call: Call[Any]) -> bytes:
        start, end, limit = (int(call.params[name]) for name in ("start", "end", "limit"))
        opens = [t for t in range(first, now + 1, minute) if start <= t <= end][:limit]
        return encoded([Bar("toy", "BTC/USD", 0, 0, 0, "1m", t, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1, True) for t in opens])

    bench.venue.answers["bars"] = page
    progress: list[tuple[int, int]] = []
    bars = await bench.exchange.fetch_ohlcv("BTC/USD", "1m", start=first, progress=lambda *p: progress.append(p))
    assert [b.open_time for b in bars] == list(range(first, now, minute))
    assert all(b.closed for b in bars)
    assert [done for done, _ in progress] == [1_000, 1_999, 2_499]  # pages share a candle
    assert progress[-1] == (2_499, 2_499)
    whole = await bench.exchange.fetch_ohlcv("BTC/USD", "1m", start=first, unfinished=True)
    assert [b.closed for b in whole[-2:]] == [True, False]
    assert len(await bench.exchange.fetch_ohlcv("BTC/USD", "1m", limit=7)) == 7
    with pytest.raises(errors.InvalidRequest, match="start must not be after end"):
        await bench.exchange.fetch_ohlcv("BTC/USD", "1m", start=now, end=first)


async def test_an_unknown_symbol_is_answered_with_close_names(bench: Bench) -> None:
    with pytest.raises(errors.UnknownSymbol, match="BTC/USD"):
        await bench.exchange.fetch_order_book("BTC/USDD")


async def test_past_fills_are_paged_by_number_until_the_end_of_the_range(bench: Bench) -> None:
    everything = [fill(number) for number in range(1, 2_501)]

    def page(call: Call[Any]) -> bytes:
        after = int(call.params["from_id"] or 1)
        return encoded([f for f in everything if int(f.trade_id) >= after][: int(call.params["limit"])])

    bench.venue.answers["my_trades"] = page
    found = await bench.exchange.fetch_my_trades("BTC/USD", start=1, end=2_200, limit=5_000)
    assert [int(f.trade_id) for f in found] == list(range(1, 2_201))
    assert [c.params["from_id"] for c in bench.venue.sent("my_trades")] == ["", "1001", "2001"]
    assert len(await bench.exchange.fetch_my_trades("BTC/USD", start=1, limit=1_500)) == 1_500


def fill(number: int) -> Fill:
    return Fill(
        symbol="BTC/USD",
        order_id="v1",
        client_order_id="",
        trade_id=str(number),
        side=Side.BUY,
        price=D(1),
        quantity=D(1),
        quote_quantity=D(1),
        fee=D(0),
        fee_asset="USD",
        is_maker=False,
        ts_event=number,
    )


async def in_doubt(clock: VirtualClock, answer: Any) -> Bench:
    """Place an order whose answer is lost, at a venue that answers queries with `answer`."""
    venue = listening_venue()
    venue.answers["place"] = errors.RequestTimeout("no answer")
    venue.answers["order"] = answer
    bench = Bench(venue, clock=clock)
    await bench.exchange.connect()
    await bench.exchange.place_order(msgspec.structs.replace(BUY, client_order_id="mine"))
    return bench


async def test_an_order_in_doubt_is_settled_by_itself_once_the_venue_shows_it() -> None:
    clock = VirtualClock()
    answers = iter([b'{"error":"not found"}', errors.ConnectionLost("reset")])
    bench = await in_doubt(clock, lambda call: next(answers, None) or update(call, OrderStatus.PARTIALLY_FILLED))
    await clock.advance(60)
    order = bench.exchange.orders.get("mine")
    assert order is not None
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert (len(bench.venue.sent("order")), len(bench.venue.sent("place"))) == (3, 1)
    await bench.exchange.disconnect()


async def test_not_found_proves_nothing_before_the_venue_must_show_the_order() -> None:
    clock = VirtualClock()
    bench = await in_doubt(clock, b'{"error":"not found"}')
    await clock.advance(59)
    order = bench.exchange.orders.get("mine")
    assert order is not None
    assert order.status is OrderStatus.IN_DOUBT
    assert len(bench.venue.sent("order")) >= 5
    await bench.exchange.disconnect()


async def test_an_order_that_no_query_list_or_trade_shows_never_arrived_and_is_not_sent_again() -> None:
    clock = VirtualClock()
    bench = await in_doubt(clock, b'{"error":"not found"}')
    await clock.advance(120)
    order = bench.exchange.orders.get("mine")
    assert order is not None
    assert order.status is OrderStatus.DENIED
    assert "never arrived" in order.reason
    assert bench.kinds() == ["OrderSubmitted", "OrderInDoubt", "OrderDenied"]
    assert [len(bench.venue.sent(name)) for name in ("place", "orders", "my_trades")] == [1, 1, 1]
    asked = len(bench.venue.sent("order"))
    await clock.advance(120)
    assert len(bench.venue.sent("order")) == asked
    await bench.exchange.disconnect()


@pytest.mark.parametrize("place", ["open_orders", "orders"])
async def test_any_trace_of_the_order_keeps_it_alive(place: str) -> None:
    clock = VirtualClock()
    bench = await in_doubt(clock, b'{"error":"not found"}')
    shown = OrderUpdate(
        symbol="BTC/USD",
        client_order_id="mine",
        order_id="v1",
        status=OrderStatus.OPEN,
        side=Side.BUY,
        type=OrderType.LIMIT,
        ts_event=9,
    )
    bench.venue.answers[place] = encoded([shown])
    await clock.advance(120)
    order = bench.exchange.orders.get("mine")
    assert order is not None
    assert (order.status, order.order_id) == (OrderStatus.OPEN, "v1")
    await bench.exchange.disconnect()


async def test_a_stream_report_settles_the_doubt_and_ends_the_queries() -> None:
    clock = VirtualClock()
    bench = await in_doubt(clock, b'{"error":"not found"}')
    bench.exchange.orders.on_update(
        OrderUpdate(symbol="BTC/USD", client_order_id="mine", order_id="v1", status=OrderStatus.OPEN, ts_event=9)
    )
    await clock.advance(200)
    assert bench.venue.sent("order") == []
    await bench.exchange.disconnect()


async def test_closing_ends_the_queries() -> None:
    clock = VirtualClock()
    bench = await in_doubt(clock, b'{"error":"not found"}')
    await bench.exchange.disconnect()
    assert [t for t in asyncio.all_tasks() if t.get_name().startswith("foxtrot toy")] == []


async def test_symbols_translate_and_numbers_round_to_the_contract(bench: Bench) -> None:
    exchange = bench.exchange
    assert exchange.mapping.symbols() == ["BTC/USD"]
    assert exchange.mapping.to_unified(exchange.mapping.to_venue("BTC/USD")) == "BTC/USD"
    with pytest.raises(errors.UnknownSymbol):
        exchange.mapping.to_unified("NOPE")
    assert exchange.contracts.round_price("BTC/USD", 100.019, "buy") == D("100.01")
    assert exchange.contracts.round_price("BTC/USD", 100.011, "sell") == D("100.02")
    assert exchange.contracts.round_quantity("BTC/USD", "0.0019") == D("0.001")


async def test_candles_that_the_venue_leaves_out_are_asked_for_again_and_told(bench: Bench) -> None:
    minute, now = 60 * 10**9, bench.exchange.clock.time_ns()
    first = now // minute * minute - 3_000 * minute
    missing = {first + n * minute for n in (10, 11, 12, 1_500)}
    late = first + 2_000 * minute  # left out once only
    asked: list[str] = []

    def page(call: Call[Any]) -> bytes:
        start, end, limit = (int(call.params[name]) for name in ("start", "end", "limit"))
        asked.append(call.params["start"])
        gone = missing | ({late} if str(late) not in asked else set())
        opens = [t for t in range(first, now + 1, minute) if start <= t <= end and t not in gone][: min(limit, 700)]
        return encoded([Bar("toy", "BTC/USD", 0, 0, 0, "1m", t, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0, True) for t in opens])

    bench.venue.answers["bars"] = page
    bars = await bench.exchange.fetch_ohlcv("BTC/USD", "1m", start=first)
    assert [b.open_time for b in bars] == [t for t in range(first, now, minute) if t not in missing][: len(bars)]
    assert len(bars) == 3_000 - len(missing)
    gaps = [(e.first_open, e.last_open) for e in bench.heard if isinstance(e, events.HistoryGap)]
    assert gaps == [(first + 10 * minute, first + 12 * minute), (first + 1_500 * minute, first + 1_500 * minute)]


async def test_a_page_that_fails_ends_the_others_and_is_told(bench: Bench) -> None:
    def page(call: Call[Any]) -> bytes | Exception:
        if int(call.params["limit"]) == 1:  # where the history begins
            return encoded([Bar("toy", "BTC/USD", 0, 0, 0, "1m", int(call.params["start"]), *[1.0] * 6, 1, True)])
        return errors.VenueError("no") if int(call.params["start"]) > 10**18 * 1.7 else encoded([])

    bench.venue.answers["bars"] = page
    with pytest.raises(errors.FoxtrotError):
        await bench.exchange.fetch_ohlcv("BTC/USD", "1m", start="2015-01-01")
    assert not [task for task in asyncio.all_tasks() if "_pages" in repr(task.get_coro())]
