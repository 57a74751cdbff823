from decimal import Decimal as D

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foxtrot.model.contract import (
    Contract,
    IcebergPartsRule,
    NotionalRule,
    OtherRule,
    PercentPriceRule,
    PriceRule,
    QuantityRule,
)
from foxtrot.model.order import Order, OrderType, Side
from foxtrot.protocol.order_rules import Violation
from foxtrot.protocol.rule_book import RuleBook

CONTRACT = Contract(
    exchange="x",
    symbol="BTC/USD",
    venue_symbol="BTCUSD",
    base="BTC",
    quote="USD",
    rules=(
        PriceRule(name="PRICE_FILTER", minimum=D("0.01"), maximum=D(1_000_000), tick=D("0.01")),
        PercentPriceRule(name="PERCENT_PRICE", bid_up=D(5), bid_down=D("0.2"), ask_up=D(5), ask_down=D("0.2")),
        QuantityRule(name="LOT_SIZE", minimum=D("0.001"), maximum=D(9000), step=D("0.001")),
        NotionalRule(name="MIN_NOTIONAL", minimum=D(10), minimum_applies_to_market=True),
        QuantityRule(name="MARKET_LOT_SIZE", maximum=D(5), market_only=True),
        IcebergPartsRule(name="ICEBERG_PARTS", limit=10),
        OtherRule(name="NEW_RULE", raw="{}"),
    ),
)
BOOK = RuleBook(CONTRACT)
LEGAL = Order(
    exchange="x",
    symbol="BTC/USD",
    client_order_id="c",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=D("0.5"),
    price=D("100.00"),
)


def judge(average: str | None = "100", **changes: object) -> Violation | None:
    order = msgspec.structs.replace(LEGAL, **changes)
    return BOOK.first_violation(order, None if average is None else D(average))


def test_a_legal_order_breaks_nothing() -> None:
    assert judge() is None


@pytest.mark.parametrize(
    ("changes", "rule", "value", "nearest"),
    [
        ({"price": D("100.005")}, "PRICE_FILTER", "100.005", "100.00"),
        ({"price": D("100.005"), "side": Side.SELL}, "PRICE_FILTER", "100.005", "100.01"),
        ({"price": D("0.001")}, "PRICE_FILTER", "0.001", "0.01"),
        ({"price": D(2_000_000)}, "PRICE_FILTER", "2000000", "1000000"),
        ({"stop_price": D("99.999")}, "PRICE_FILTER", "99.999", "99.99"),
        ({"quantity": D("0.5004")}, "LOT_SIZE", "0.5004", "0.500"),
        ({"quantity": D("0.0001")}, "LOT_SIZE", "0.0001", "0.001"),
        ({"quantity": D(9001)}, "LOT_SIZE", "9001", "9000"),
        ({"quantity": D("0.05")}, "MIN_NOTIONAL", "5", "10"),
        ({"quantity": D(6), "type": OrderType.MARKET, "price": None}, "MARKET_LOT_SIZE", "6", "5"),
        ({"quantity": D("0.05"), "type": OrderType.MARKET, "price": None}, "MIN_NOTIONAL", "5", "10"),
        ({"price": D(600)}, "PERCENT_PRICE", "600", "500"),
        ({"price": D(15), "quantity": D(1)}, "PERCENT_PRICE", "15", "20"),
        ({"quantity": D(1), "iceberg_quantity": D("0.01")}, "ICEBERG_PARTS", "0.01", "0.1"),
        ({"quantity": D(0)}, "POSITIVE", "0", None),
        ({"price": D(-1)}, "POSITIVE", "-1", None),
        ({"quantity": D("0.0000000001")}, "PRECISION", "1E-10", None),
    ],
)
def test_a_broken_rule_is_named_with_the_value_and_the_nearest_legal_one(
    changes: dict[str, object], rule: str, value: str, nearest: str | None
) -> None:
    violation = judge(**changes)
    assert violation is not None
    assert (violation.rule, violation.value) == (rule, D(value))
    assert violation.nearest == (None if nearest is None else D(nearest))
    assert "E-" not in violation.text


@pytest.mark.parametrize(("offset", "nearest"), [("5.005", "5"), ("0.001", "0.01"), ("5.019999", "5.01")])
def test_a_trailing_offset_keeps_to_the_price_grid(offset: str, nearest: str) -> None:
    trailing = {"type": OrderType.TRAILING_STOP, "price": None, "trailing_offset": D(offset)}
    found = judge(**trailing)
    assert found is not None
    assert (found.rule, found.value, found.nearest) == ("PRICE_FILTER", D(offset), D(nearest))
    assert judge(**trailing | {"trailing_offset": D(nearest)}) is None


def test_an_absurd_price_is_judged_like_any_other() -> None:
    tiny = PriceRule(name="PRICE_FILTER", tick=D("0.000000001"))
    book = RuleBook(msgspec.structs.replace(CONTRACT, quote_precision=10, rules=(tiny,)))
    assert book.first_violation(msgspec.structs.replace(LEGAL, price=D("1E+20")), None) is None


def test_a_rule_on_the_average_price_is_left_to_the_venue_near_its_border_and_without_a_price() -> None:
    assert judge(price=D("500.01")) is None
    assert judge(price=D(600), average=None) is None
    assert judge(type=OrderType.MARKET, price=None, quantity=D("0.1"), average="99.5") is None
    assert judge(type=OrderType.MARKET, price=None, quantity=D("0.05"), average=None) is None


def test_the_average_price_is_asked_for_only_where_a_rule_needs_it() -> None:
    assert BOOK.needs_average_price(LEGAL)
    assert BOOK.needs_average_price(msgspec.structs.replace(LEGAL, type=OrderType.MARKET, price=None))
    assert not BOOK.needs_average_price(msgspec.structs.replace(LEGAL, type=OrderType.STOP_LOSS, price=None))
    assert not RuleBook(msgspec.structs.replace(CONTRACT, rules=CONTRACT.rules[:1])).needs_average_price(LEGAL)


@given(
    st.decimals(min_value=D("0.001"), max_value=D(1000), places=6),
    st.decimals(min_value=D("0.01"), max_value=D(100_000), places=6),
    st.sampled_from(Side),
)
def test_the_nearest_value_offered_for_a_grid_is_legal_and_never_worse(quantity: D, price: D, side: Side) -> None:
    order = msgspec.structs.replace(LEGAL, quantity=quantity, price=price, side=side)
    violation = BOOK.first_violation(order, None)
    assume(violation is not None)
    assert violation is not None
    assert violation.nearest is not None
    if violation.rule == "PRICE_FILTER":
        assert violation.nearest <= price if side is Side.BUY else violation.nearest >= price
        assert violation.nearest % D("0.01") == 0
    if violation.rule == "LOT_SIZE":
        assert violation.nearest <= quantity
        assert violation.nearest % D("0.001") == 0
