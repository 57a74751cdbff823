"""The operations of a bot: the same code live and as a dry run, awaited and blocking."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from foxtrot import ExchangeConnection, OrderOperations, errors, get_exchange
from foxtrot.config import ExchangeConfig
from foxtrot.model.order import Side
from foxtrot.operations.blocking import BlockingOrderOperations
from foxtrot.plugins import default_registry
from foxtrot.sandbox.dialect import HttpRequest, HttpResponse
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET, default_credentials
from foxtrot.sandbox.stage import traits_of
from foxtrot.sandbox.switches import parse_order
from foxtrot.sandbox.types import MARKET_ACCOUNT
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.shares import families
from foxtrot.testkit.ways import by_way, ways

SYMBOL = "HBAR/USDT"
PREFERRED = default_registry().preferred()
KEYS = (DEFAULT_KEY, DEFAULT_SECRET)


async def serve(spec: AdapterSpec, **settings: Any) -> Sandbox:
    given: dict[str, Any] = {"rate": 0, "symbols": [SYMBOL], "balances": {"USDT": 1_000, "HBAR": 0}, **settings}
    sandbox = await Sandbox.start(make_options(given, spec.name), spec)
    for order in sandbox.venue.open_orders(MARKET_ACCOUNT):
        sandbox.venue.cancel(MARKET_ACCOUNT, SYMBOL, order_id=order.order_id)
    for side, price in ((Side.BUY, "0.1999"), (Side.SELL, "0.2001")):
        sandbox.venue.place_agent(SYMBOL, side, D(price), D(50_000))
    return sandbox


@pytest.fixture(params=families(), ids=lambda spec: spec.name)
def spec(request: pytest.FixtureRequest) -> AdapterSpec:
    chosen: AdapterSpec = request.param
    return chosen


@pytest.fixture
async def sandbox(spec: AdapterSpec) -> AsyncIterator[Sandbox]:
    async with await serve(spec) as made:
        yield made


def settings_of(sandbox: Sandbox) -> dict[str, Any]:
    """Let orders go by requests, where there is a choice: those are what the faults meet."""
    spec = default_registry().load(sandbox.options.venue)
    way = by_way("rest") if len(ways(spec)) > 1 else {}
    url = f"http://{sandbox.base}"
    return {"rest_url": url, "credentials": default_credentials(), "options": {**traits_of(spec).options, **way}}


def made_by_name(sandbox: Sandbox, **more: Any) -> OrderOperations:
    return OrderOperations(sandbox.options.venue, SYMBOL, config=settings_of(sandbox), **more)


@pytest.fixture(params=["live", "dry run"])
async def ops(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[OrderOperations]:
    async with made_by_name(sandbox, dry_run=request.param == "dry run") as made:
        yield made


async def test_a_whole_life_live_and_dry(ops: OrderOperations) -> None:
    assert await ops.get_usdt_balance() == D(1_000)
    assert await ops.get_base_asset_balance("HBAR") == 0
    low, lower = await ops.create_limit_buy(0.19, 100), await ops.create_limit_buy("0.18", D(200))
    assert low is not None
    assert lower is not None
    assert (low["type"], low["side"], low["price"], low["quantity"], low["symbol"], low["status"]) == (
        "limit",
        "buy",
        D("0.19"),
        D(100),
        SYMBOL,
        "open",
    )
    assert isinstance(low["id"], str)
    assert ops.active_orders == await ops.fetch_open_orders() == [low, lower]
    held = D(1_000) - await ops.get_usdt_balance()
    assert 19 + 36 <= held <= (19 + 36) * D("1.001"), "some venues hold the fee, too"
    assert (await ops.cancel_order(low["id"]))["status"] == "canceled"
    bought = await ops.create_market_buy(500)
    assert bought is not None
    assert (bought["status"], bought["price"], bought["filled"]) == ("filled", D("0.2001"), D(500))
    by_cost = await ops.create_market_buy(cost=20)
    assert by_cost is not None
    assert by_cost["status"] == "filled"
    high = await ops.create_limit_sell("0.21", 100)
    assert high is not None
    stop = await ops.create_stop_loss("0.1900", 100, price="0.1890")
    assert stop is not None
    assert (stop["type"], stop["stop_price"]) == ("stop_loss_limit", D("0.1900"))
    profit = await ops.create_take_profit("0.22", 50)
    assert profit is not None
    assert profit["type"] == "take_profit"
    assert {row["id"] for row in await ops.cancel_all_sell_orders()} == {high["id"], stop["id"], profit["id"]}
    assert [row["id"] for row in await ops.cancel_all_buy_orders()] == [lower["id"]]
    assert ops.active_orders == []
    sold = await ops.sell_all_assets()
    assert sold is not None
    assert sold["status"] == "filled"
    assert await ops.get_base_asset_balance() < 1
    history = await ops.fetch_all_orders()
    assert [row["id"] for row in history[:2]] == [low["id"], lower["id"]]
    assert history[-1]["id"] == sold["id"]
    assert (await ops.poll_order_status(low["id"], timeout_s=5))["status"] == "canceled"


async def test_a_poll_ends_when_the_order_does(sandbox: Sandbox) -> None:
    async with made_by_name(sandbox) as ops:
        order = await ops.create_limit_buy("0.2000", 100)
        assert order is not None
        assert (await ops.poll_order_status(order["id"], timeout_s=0))["status"] == "open"
        asked, answer = asyncio.Event(), sandbox.dialect.http

        def http(request: HttpRequest) -> HttpResponse:
            asked.set()
            return answer(request)

        sandbox.dialect.http = http  # type: ignore[method-assign]
        poll = asyncio.create_task(ops.poll_order_status(order["id"], timeout_s=20, interval_s=20))
        await asked.wait()
        sandbox.dialect.http = answer  # type: ignore[method-assign]
        sandbox.venue.place_agent(SYMBOL, Side.SELL, D("0.2000"), D(100))
        async with asyncio.timeout(5):
            assert (await poll)["status"] == "filled"
        with pytest.raises(errors.InvalidRequest):
            await ops.poll_order_status(order["id"], timeout_s=float("nan"))


BAD = [
    (float("nan"), 100, errors.InvalidRequest),
    (0.19, float("nan"), errors.InvalidRequest),
    (float("inf"), 100, errors.InvalidRequest),
    ("much", 100, errors.InvalidRequest),
    (0.19, "1,000", errors.InvalidRequest),
    (None, 100, errors.InvalidRequest),
    (True, 100, errors.InvalidRequest),
    (-0.19, 100, errors.OrderDenied),
    (0, 100, errors.OrderDenied),
    (0.19, -100, errors.OrderDenied),
    (0.19, 0, errors.OrderDenied),
    ("0.19000000001", 100, errors.OrderDenied),
    (0.19, "100.00000000005", errors.OrderDenied),
    (0.19, "0.1", errors.OrderDenied),
    (0.19, 100_000, errors.OrderDenied),
]


# What is wrong with an order shows before any venue is asked: the families have the cases between them.
SHARED = [(families()[n % len(families())], *case) for n, case in enumerate(BAD)]


@pytest.mark.parametrize(
    ("spec", "price", "quantity", "kind"), SHARED, ids=[f"{spec.name}-{p}-{q}" for spec, p, q, _ in SHARED]
)
async def test_a_bad_order_returns_none_and_says_why(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, price: Any, quantity: Any, kind: type[errors.FoxtrotError]
) -> None:
    async with made_by_name(sandbox) as ops:
        before = await ops.exchange.fetch_balance()
        for create in (ops.create_limit_buy, ops.create_limit_sell):
            ops.last_error = None
            assert await create(price, quantity) is None
            assert isinstance(ops.last_error, kind)
        assert [r.levelname for r in caplog.records if r.name == "foxtrot.operations"] == ["ERROR", "ERROR"]
        assert ops.active_orders == []
        assert await ops.exchange.fetch_balance() == before
        ops.raise_errors = True
        with pytest.raises(kind):
            await ops.create_limit_buy(price, quantity)
    assert sandbox.venue.orders(sandbox.dialect.account, SYMBOL) == [], "nothing was sent"


async def test_what_the_account_cannot_pay_is_not_sent(sandbox: Sandbox) -> None:
    async with made_by_name(sandbox) as ops:
        for create in (
            ops.create_market_buy(10_000),
            ops.create_market_buy(cost=1_001),
            ops.create_market_sell(100),
            ops.create_stop_loss("0.19", 100),
        ):
            assert await create is None
            assert isinstance(ops.last_error, errors.OrderDenied)
            assert ops.last_error.rule == "BALANCE"
        assert await ops.create_market_buy() is None
        assert isinstance(ops.last_error, errors.InvalidRequest)
    assert sandbox.venue.orders(sandbox.dialect.account, SYMBOL) == []


async def test_a_balance_that_came_by_the_stream_late_does_not_deny_an_order(sandbox: Sandbox) -> None:
    async with made_by_name(sandbox) as ops:
        sandbox.faults.switch(parse_order("muted=1"))  # nothing is told any more
        sandbox.venue.deposit(sandbox.dialect.account, "USDT", D(5_000))
        assert await ops.create_limit_buy("0.19", 20_000) is not None


async def test_dust_is_denied_and_stays(ops: OrderOperations) -> None:
    assert await ops.sell_all_assets() is None
    assert isinstance(ops.last_error, errors.OrderDenied)
    await ops.create_market_buy(500)
    held = await ops.get_base_asset_balance()
    assert await ops.create_market_sell(ops.exchange.contracts.round_quantity(SYMBOL, held) - 2) is not None
    dust = await ops.get_base_asset_balance()
    assert 0 < dust < 5
    ops.last_error = None
    assert await ops.sell_all_assets() is None
    assert isinstance(ops.last_error, errors.OrderDenied)
    assert await ops.get_base_asset_balance() == dust


async def test_canceling_what_is_not_there_is_a_typed_error(ops: OrderOperations, sandbox: Sandbox) -> None:
    unknown = sandbox.dialect.order_id(999_999)
    order = await ops.create_limit_buy("0.19", 100)
    assert order is not None
    with pytest.raises(errors.OrderNotFound):
        await ops.cancel_order(unknown)
    for wrong in (None, 7, ""):
        with pytest.raises(errors.InvalidRequest, match="id"):
            await ops.cancel_order(wrong)  # type: ignore[arg-type]
    await ops.cancel_order(order["client_order_id"])
    with pytest.raises(errors.CancelRejected, match="canceled already"):
        await ops.cancel_order(order["id"])
    assert await ops.cancel_all_buy_orders() == []


@pytest.mark.parametrize("spec", [PREFERRED], ids=lambda spec: spec.name)  # of every venue: scenarios/doubt.py
async def test_an_order_whose_answer_is_lost_is_in_doubt_not_none(sandbox: Sandbox) -> None:
    async with made_by_name(sandbox) as ops:
        await ops.create_limit_buy("0.18", 100)  # so that only the order itself is left to be sent
        sandbox.faults.switch(parse_order("muted=1"))  # and the private stream does not tell of it
        sandbox.faults.switch(parse_order("answer_lost"))
        order = await ops.create_limit_buy("0.19", 100)
        assert order is not None
        assert order["status"] == "in_doubt"
        assert order["id"] == order["client_order_id"]
        assert (await ops.poll_order_status(order["id"], timeout_s=5, interval_s=0.2))["status"] == "open"


@pytest.mark.parametrize("dry_run", [False, True], ids=["live", "dry run"])
async def test_active_orders_go_on_after_a_restart(sandbox: Sandbox, tmp_path: Path, dry_run: bool) -> None:
    def again() -> OrderOperations:
        return made_by_name(sandbox, dry_run=dry_run, journal=tmp_path / "orders.db")

    async with again() as ops:
        kept = await ops.create_limit_buy("0.1900", 100)
        gone = await ops.create_limit_buy("0.1910", 100)
        assert kept is not None
        assert gone is not None
    if not dry_run:  # while the process is down
        (theirs,) = [o for o in sandbox.venue.open_orders(sandbox.dialect.account) if o.price == D("0.1910")]
        sandbox.venue.cancel(sandbox.dialect.account, SYMBOL, order_id=theirs.order_id)
    async with again() as ops:
        expected = [kept, gone] if dry_run else [kept]
        assert [(row["id"], row["status"]) for row in ops.active_orders] == [(row["id"], "open") for row in expected]
        await ops.cancel_order(kept["id"])


@pytest.mark.parametrize(("symbol", "kind"), [("HBARUSDT", errors.UnknownSymbol), ("hbar/usdt", errors.UnknownSymbol)])
@pytest.mark.parametrize("dry_run", [False, True], ids=["live", "dry run"])
async def test_a_symbol_in_the_wrong_form_is_an_error_with_a_close_name(
    sandbox: Sandbox, symbol: str, kind: type[errors.FoxtrotError], dry_run: bool
) -> None:
    made = OrderOperations(sandbox.options.venue, symbol, dry_run, config=settings_of(sandbox))
    with pytest.raises(kind):
        await made.connect()
    assert made.exchange.state.value == "disconnected"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"symbol": 7}, "symbol"),
        ({"symbol": " "}, "symbol"),
        ({"exchange": 7}, "exchange"),
        ({"balances": {"USDT": 5}}, "balances"),
        ({"exchange": get_exchange(PREFERRED.name), "journal": "x.db"}, "journal"),
        ({"exchange": get_exchange(PREFERRED.name), "config": {}}, "config"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.InvalidRequest) as raised:
        OrderOperations(**{"exchange": PREFERRED.name, "symbol": SYMBOL} | arguments)
    assert raised.value.field == field


async def test_using_it_at_the_wrong_time_or_place_is_a_state_error(sandbox: Sandbox) -> None:
    ops = made_by_name(sandbox)
    with pytest.raises(errors.StateError, match="connect"):
        await ops.create_limit_buy("0.19", 100)
    with pytest.raises(errors.StateError, match="connect"):
        await ops.fetch_open_orders()
    await ops.connect()
    with pytest.raises(errors.StateError, match="already"):
        await ops.connect()
    with pytest.raises(errors.StateError, match="event loop"):
        await asyncio.to_thread(asyncio.run, ops.create_limit_buy("0.19", 100))
    assert await ops.fetch_open_orders() == []
    await ops.close()
    await ops.close()
    for use in (ops.get_usdt_balance, ops.cancel_all_buy_orders, ops.connect):
        with pytest.raises(errors.StateError, match="closed"):
            await use()


async def test_it_runs_on_what_it_is_given_and_leaves_it_open(sandbox: Sandbox) -> None:
    url = {"rest_url": f"http://{sandbox.base}"}
    async with (
        ExchangeConnection(*KEYS, *KEYS, exchange=sandbox.options.venue, config=url) as connection,
        OrderOperations(connection, SYMBOL) as live,
        OrderOperations(connection, SYMBOL, dry_run=True, balances={"USDT": 50.5}) as dry,
    ):
        assert await live.get_usdt_balance() == D(1_000)
        assert await dry.get_usdt_balance() == D("50.5")
        assert await dry.create_limit_buy("0.19", 100) is not None
        assert await live.fetch_open_orders() == []
        await dry.close()
        await live.close()
        assert connection.state.value == "ready"


async def test_debug_tells_each_call(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="foxtrot.operations")
    for debug in (False, True):
        caplog.clear()
        async with made_by_name(sandbox, debug=debug) as ops:
            await ops.create_limit_buy("0.19", 100)
        assert ("buy limit" in caplog.text) is debug


# the blocking twin


class Served:
    """A sandbox in a thread of its own, as far as a script without a loop can see."""

    def __init__(self, spec: AdapterSpec) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.sandbox = asyncio.run_coroutine_threadsafe(serve(spec), self._loop).result(20)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.sandbox.stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def served(spec: AdapterSpec) -> Iterator[Sandbox]:
    made = Served(spec)
    yield made.sandbox
    made.stop()


@pytest.mark.parametrize("dry_run", [False, True], ids=["live", "dry run"])
def test_a_script_without_a_loop(served: Sandbox, dry_run: bool) -> None:
    with OrderOperations.blocking(served.options.venue, SYMBOL, dry_run, config=settings_of(served)) as ops:
        assert ops.get_usdt_balance() == D(1_000)
        order = ops.create_limit_buy(0.19, 100)
        assert order is not None
        assert ops.active_orders == ops.fetch_open_orders() == [order]
        assert ops.poll_order_status(order["id"], timeout_s=0)["status"] == "open"
        assert ops.cancel_order(order["id"])["status"] == "canceled"
        assert ops.create_market_buy(100) is not None
        assert ops.create_limit_sell("0.21", 30) is not None
        assert ops.create_stop_loss("0.19", 30, price="0.189") is not None
        assert ops.create_take_profit("0.22", 30, price="0.221") is not None
        assert len(ops.cancel_all_sell_orders()) == 3
        assert ops.cancel_all_buy_orders() == []
        assert ops.create_market_sell(50) is not None
        assert ops.sell_all_assets() is not None
        assert len(ops.fetch_all_orders()) == 7
        assert ops.get_base_asset_balance() < 1
        assert ops.create_limit_buy("rubbish", 1) is None
        assert isinstance(ops.last_error, errors.InvalidRequest)
    with pytest.raises(errors.StateError, match="closed"):
        ops.get_usdt_balance()
    ops.close()
    assert [t for t in threading.enumerate() if t.name == "foxtrot operations"] == []


def test_the_blocking_twin_has_every_operation() -> None:
    def public(cls: type) -> set[str]:
        return {name for name in dir(cls) if not name.startswith("_")}

    assert public(OrderOperations) - public(BlockingOrderOperations) == {"blocking", "connect", "exchange"}


async def test_blocking_inside_a_loop_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(errors.StateError, match="event loop"):
        OrderOperations.blocking(sandbox.options.venue, SYMBOL, config=settings_of(sandbox))
    made = await asyncio.to_thread(OrderOperations.blocking, sandbox.options.venue, SYMBOL, config=settings_of(sandbox))
    with pytest.raises(errors.StateError, match="event loop"):
        made.get_usdt_balance()
    assert await asyncio.to_thread(made.get_usdt_balance) == D(1_000)
    await asyncio.to_thread(made.close)


def test_a_blocking_twin_that_cannot_connect_leaves_no_thread() -> None:
    config = ExchangeConfig(rest_url="http://127.0.0.1:9").model_dump(exclude_unset=True)
    with pytest.raises(errors.ConnectFailed):
        OrderOperations.blocking(PREFERRED.name, SYMBOL, config=config)
    assert [t for t in threading.enumerate() if t.name == "foxtrot operations"] == []
