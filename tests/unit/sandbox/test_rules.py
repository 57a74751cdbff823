"""The venue's own judgement of orders: which rule refuses, and what is checked before what."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from foxtrot.model.contract import (
    AnyRule,
    Contract,
    CountRule,
    CountScope,
    IcebergPartsRule,
    NotionalRule,
    PercentPriceRule,
    PositionRule,
    PriceRule,
    QuantityRule,
)
from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import NewOrder, Reason, Refused, Stp
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import plain_contract, small_venue

SYMBOL = "BTC/USDT"
BUY, SELL = Side.BUY, Side.SELL
LIMIT, MARKET, STOP = OrderType.LIMIT, OrderType.MARKET, OrderType.STOP_LOSS_LIMIT


def contract_of(*rules: AnyRule, **more: object) -> Contract:
    plain = plain_contract()
    fields = {name: getattr(plain, name) for name in plain.__struct_fields__}
    return Contract(**(fields | {"rules": rules} | more))


def venue_of(contract: Contract) -> Venue:
    venue = small_venue(contract)
    venue.open_account("anna", {"BTC": D(10), "USDT": D(10_000)})
    return venue


def order(kind: OrderType = LIMIT, side: Side = BUY, **fields: object) -> NewOrder:
    return NewOrder(
        account="anna",
        symbol=SYMBOL,
        side=side,
        type=kind,
        **{name: _number(name, value) for name, value in fields.items()},  # type: ignore[arg-type]
    )


def _number(name: str, value: object) -> object:
    return D(str(value)) if isinstance(value, int | str) and name != "client_order_id" else value


def refusal(venue: Venue, new: NewOrder) -> tuple[Reason, str] | None:
    try:
        venue.check(new)
    except Refused as refused:
        return refused.reason, refused.detail
    return None


PERCENT = {"bid_up": D(2), "bid_down": D("0.5"), "ask_up": D(3), "ask_down": D("0.8")}


@pytest.mark.parametrize(
    ("rule", "legal", "broken"),
    [
        (PriceRule(name="R", tick=D("0.5")), order(quantity=1, price="90.5"), order(quantity=1, price="90.4")),
        (PriceRule(name="R", minimum=D(90)), order(quantity=1, price=90), order(quantity=1, price=89)),
        (PriceRule(name="R", maximum=D(90)), order(quantity=1, price=90), order(quantity=1, price=91)),
        (
            PriceRule(name="R", tick=D(1)),
            order(STOP, quantity=1, price=90, stop_price=110),
            order(STOP, quantity=1, price=90, stop_price="110.5"),
        ),
        (QuantityRule(name="R", step=D("0.1")), order(quantity="1.1", price=9), order(quantity="1.15", price=9)),
        (QuantityRule(name="R", minimum=D(2)), order(quantity=2, price=9), order(quantity=1, price=9)),
        (QuantityRule(name="R", maximum=D(2)), order(quantity=2, price=9), order(quantity=3, price=9)),
        (
            QuantityRule(name="R", minimum=D(2)),
            order(quantity=5, price=9, iceberg_quantity=2),
            order(quantity=5, price=9, iceberg_quantity=1),
        ),
        (
            QuantityRule(name="R", maximum=D(2), market_only=True),
            order(quantity=3, price=9),
            order(MARKET, SELL, quantity=3),
        ),
        (NotionalRule(name="R", minimum=D(50)), order(quantity=5, price=10), order(quantity="4.9", price=10)),
        (NotionalRule(name="R", maximum=D(50)), order(quantity=5, price=10), order(quantity="5.1", price=10)),
        (
            NotionalRule(name="R", minimum=D(50), minimum_applies_to_market=True, average_minutes=5),
            order(MARKET, SELL, quantity="0.5"),
            order(MARKET, SELL, quantity="0.4"),
        ),
        (
            NotionalRule(name="R", maximum=D(50), maximum_applies_to_market=True),
            order(MARKET, SELL, quantity="0.5"),
            order(MARKET, SELL, quantity="0.6"),
        ),
        (PercentPriceRule(name="R", **PERCENT), order(quantity=1, price=50), order(quantity=1, price=49)),
        (PercentPriceRule(name="R", **PERCENT), order(quantity=1, price=200), order(quantity=1, price=201)),
        (
            PercentPriceRule(name="R", **PERCENT),
            order(side=SELL, quantity=1, price=80),
            order(side=SELL, quantity=1, price=79),
        ),
        (
            PercentPriceRule(name="R", **PERCENT),
            order(side=SELL, quantity=1, price=300),
            order(side=SELL, quantity=1, price=301),
        ),
        (
            IcebergPartsRule(name="R", limit=3),
            order(quantity=3, price=9, iceberg_quantity=1),
            order(quantity="3.1", price=9, iceberg_quantity=1),
        ),
    ],
)
def test_a_rule_on_values_takes_its_edge_and_refuses_beyond_by_its_own_name(
    rule: AnyRule, legal: NewOrder, broken: NewOrder
) -> None:
    venue = venue_of(contract_of(rule))
    assert refusal(venue, legal) is None
    assert refusal(venue, broken) == (Reason.RULE, "R")


def test_bounds_of_zero_are_not_in_force() -> None:
    venue = venue_of(contract_of(PriceRule(name="P"), QuantityRule(name="Q"), NotionalRule(name="N")))
    assert refusal(venue, order(quantity="0.00000001", price="0.00000001")) is None


@pytest.mark.parametrize(
    ("scope", "first", "second"),
    [
        (CountScope.ORDERS, order(quantity=1, price=50), order(quantity=1, price=50)),
        (
            CountScope.ALGO_ORDERS,
            order(STOP, quantity=1, price=50, stop_price=110),
            order(STOP, quantity=1, price=50, stop_price=110),
        ),
        (
            CountScope.ICEBERG_ORDERS,
            order(quantity=1, price=50, iceberg_quantity="0.5"),
            order(quantity=1, price=50, iceberg_quantity="0.5"),
        ),
    ],
)
def test_open_orders_are_counted_by_what_the_rule_counts(scope: CountScope, first: NewOrder, second: NewOrder) -> None:
    venue = venue_of(contract_of(CountRule(name="MAX", scope=scope, limit=1)))
    venue.place(first)
    assert refusal(venue, second) == (Reason.ACCOUNT_RULE, "MAX")
    if scope is not CountScope.ORDERS:
        assert refusal(venue, order(quantity=1, price=50)) is None
    venue.cancel_all("anna", SYMBOL)
    assert refusal(venue, second) is None


def test_a_position_counts_what_is_held_locked_and_being_bought() -> None:
    venue = venue_of(contract_of(PositionRule(name="MAX", maximum=D(13))))
    venue.place(order(side=SELL, quantity=4, price=200))
    venue.place(order(quantity=2, price=50))
    assert refusal(venue, order(quantity=1, price=50)) is None
    assert refusal(venue, order(quantity="1.1", price=50)) == (Reason.ACCOUNT_RULE, "MAX")
    assert refusal(venue, order(MARKET, quote_quantity=111)) == (Reason.THIN_BOOK, "")
    assert refusal(venue, order(side=SELL, quantity=6, price=200)) is None


@pytest.mark.parametrize(
    ("new", "reason", "detail"),
    [
        (order(quantity="1", price="1.123456789"), Reason.PRECISION, "price"),
        (order(quantity="1e25", price=1), Reason.PRECISION, "quantity"),
        (order(quantity="1e-30", price=1), Reason.PRECISION, "quantity"),
        (order(quantity="NaN", price=1), Reason.PRECISION, "quantity"),
        (order(quantity=-1, price=1), Reason.NOT_POSITIVE, "quantity"),
        (order(quantity=1, price=0), Reason.NOT_POSITIVE, "price"),
        (order(quantity=1, price=1, iceberg_quantity=2), Reason.ICEBERG_TOO_LARGE, ""),
        (order(MARKET, SELL, quantity=1, iceberg_quantity=1), Reason.ICEBERG_UNSUPPORTED, ""),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_name_however_large_or_fine(
    new: NewOrder, reason: Reason, detail: str
) -> None:
    assert refusal(venue_of(plain_contract()), new) == (reason, detail)


@pytest.mark.parametrize(
    ("more", "new", "reason"),
    [
        ({"order_types": (MARKET,)}, order(quantity=1, price=1), Reason.TYPE_UNSUPPORTED),
        ({"iceberg_allowed": False}, order(quantity=1, price=1, iceberg_quantity="0.1"), Reason.ICEBERG_UNSUPPORTED),
        ({"quote_quantity_allowed": False}, order(MARKET, quote_quantity=10), Reason.QUOTE_QUANTITY_UNSUPPORTED),
        ({"stp_modes": ("NONE",)}, order(quantity=1, price=1, stp=Stp.DECREMENT), Reason.STP_UNSUPPORTED),
    ],
)
def test_what_the_symbol_does_not_offer_is_refused(more: dict[str, object], new: NewOrder, reason: Reason) -> None:
    found = refusal(venue_of(contract_of(**more)), new)  # type: ignore[arg-type]
    assert found is not None
    assert found[0] is reason


def test_the_first_thing_wrong_is_the_one_that_is_named() -> None:
    """Each step repairs what the step before was refused for; every refusal but the last hides worse to come."""
    count = CountRule(name="MAX", scope=CountScope.ORDERS, limit=1)
    venue = venue_of(contract_of(PriceRule(name="TICK", tick=D(1)), count, order_types=(OrderType.LIMIT_MAKER, LIMIT)))
    maker = OrderType.LIMIT_MAKER
    venue.place(order(side=SELL, quantity=1, price=120, client_order_id="mine"))
    venue.set_status(SYMBOL, trading=False)
    seen = [
        refusal(venue, NewOrder(account="anna", symbol="X/Y", side=BUY, type=STOP)),
        refusal(venue, order(MARKET, quantity="1.123456789")),
        refusal(venue, order(MARKET, quantity=-1)),
        refusal(venue, order(MARKET, quantity=900)),
        refusal(venue, order(maker, quantity=900, price="120.5", client_order_id="mine")),
        refusal(venue, order(maker, quantity=900, price=120, client_order_id="mine")),
    ]
    venue.set_status(SYMBOL, trading=True)
    seen += [
        refusal(venue, order(maker, quantity=900, price=120, client_order_id="mine")),
        refusal(venue, order(maker, quantity=900, price=120)),
        refusal(venue, order(maker, quantity=900, price=119)),
    ]
    venue.cancel_all("anna", SYMBOL)
    seen.append(refusal(venue, order(maker, quantity=900, price=119)))
    assert [found[0] for found in seen if found is not None] == [
        Reason.UNKNOWN_SYMBOL,
        Reason.PRECISION,
        Reason.NOT_POSITIVE,
        Reason.TYPE_UNSUPPORTED,
        Reason.RULE,
        Reason.MARKET_CLOSED,
        Reason.DUPLICATE_CLIENT_ID,
        Reason.WOULD_TAKE,
        Reason.ACCOUNT_RULE,
        Reason.INSUFFICIENT_BALANCE,
    ]


@pytest.mark.parametrize(
    "new",
    [
        order(quantity=1),
        order(price=1),
        order(MARKET, quantity=1, price=1),
        order(MARKET),
        order(MARKET, quantity=1, quote_quantity=1),
        order(STOP, quantity=1, price=1),
    ],
)
def test_an_order_without_shape_is_never_run_as_another_kind_of_order(new: NewOrder) -> None:
    with pytest.raises(ValueError):
        venue_of(plain_contract()).place(new)
