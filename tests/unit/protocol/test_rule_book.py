"""The short way for usual orders lets nothing pass that the rules, one by one, would deny."""

from __future__ import annotations

from decimal import Decimal as D

from hypothesis import given, settings
from hypothesis import strategies as st

from foxtrot.model.contract import AnyRule, Contract, NotionalRule, PercentPriceRule, PriceRule, QuantityRule
from foxtrot.model.order import Order, OrderType, Side
from foxtrot.protocol.order_rules import first_violation
from foxtrot.protocol.rule_book import RuleBook

AMOUNT = st.sampled_from(
    [
        D(text)
        for text in [
            "-1",
            "0",
            "0.00000001",
            "0.001",
            "0.0015",
            "0.01",
            "0.5",
            "1",
            "1.005",
            "7",
            "99.99",
            "100",
            "100.01",
            "500",
            "5000",
            "1E+20",
        ]
    ]
)
BOUND = st.sampled_from([D(text) for text in ["0", "0.001", "0.01", "1", "5", "100", "1000"]])
STEP = st.sampled_from([D(text) for text in ["0", "0.00000001", "0.001", "0.0025", "0.01", "0.5", "1", "3"]])
FACTOR = st.sampled_from([D(text) for text in ["0", "0.2", "0.9", "1", "1.1", "5"]])
RULE: st.SearchStrategy[AnyRule] = st.one_of(
    st.builds(PriceRule, name=st.just("price"), minimum=BOUND, maximum=BOUND, tick=STEP),
    st.builds(
        QuantityRule, name=st.just("quantity"), minimum=BOUND, maximum=BOUND, step=STEP, market_only=st.booleans()
    ),
    st.builds(
        NotionalRule,
        name=st.just("notional"),
        minimum=BOUND,
        maximum=BOUND,
        minimum_applies_to_market=st.booleans(),
        maximum_applies_to_market=st.booleans(),
    ),
    st.builds(
        PercentPriceRule, name=st.just("percent"), bid_up=FACTOR, bid_down=FACTOR, ask_up=FACTOR, ask_down=FACTOR
    ),
)
CONTRACT = st.builds(
    Contract,
    exchange=st.just("x"),
    symbol=st.just("BTC/USD"),
    venue_symbol=st.just("BTCUSD"),
    base=st.just("BTC"),
    quote=st.just("USD"),
    base_precision=st.sampled_from([0, 2, 8]),
    quote_precision=st.sampled_from([0, 2, 8]),
    rules=st.lists(RULE, max_size=5).map(tuple),
)
ORDER = st.builds(
    Order,
    exchange=st.just("x"),
    symbol=st.just("BTC/USD"),
    client_order_id=st.just("c"),
    side=st.sampled_from(Side),
    type=st.sampled_from([OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET, OrderType.STOP_LOSS_LIMIT]),
    quantity=AMOUNT,
    price=st.none() | AMOUNT,
    stop_price=st.none() | st.none() | AMOUNT,
    iceberg_quantity=st.none() | st.none() | AMOUNT,
)


@settings(max_examples=400)
@given(CONTRACT, ORDER, st.none() | AMOUNT.filter(lambda amount: amount > 0))
def test_the_short_way_judges_every_order_as_the_rules_one_by_one_do(
    contract: Contract, order: Order, average: D | None
) -> None:
    assert RuleBook(contract).first_violation(order, average) == first_violation(order, contract, average)
