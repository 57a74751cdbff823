"""Contracts that change while one is connected: told as events, in force at once, and nothing is forgotten."""

from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest

from foxtrot import errors
from foxtrot.managers.contract_changes import differences, merged
from foxtrot.model.contract import Contract, ContractStatus, PriceRule
from foxtrot.model.events import ContractChange, ContractUpdated
from foxtrot.model.order import OrderStatus
from foxtrot.testkit.desk import SYMBOL, Desk


def coarser(contract: Contract) -> Contract:
    rules = tuple(
        msgspec.structs.replace(rule, tick=rule.tick * 10) if isinstance(rule, PriceRule) else rule
        for rule in contract.rules
    )
    return msgspec.structs.replace(contract, rules=rules)


def updates(desk: Desk) -> list[tuple[ContractChange, tuple[str, ...]]]:
    heard = [event for event in desk.heard if isinstance(event, ContractUpdated)]
    return [(event.change, event.fields) for event in heard if event.change is not ContractChange.LOADED]


async def test_a_new_tick_is_told_within_the_interval_and_in_force_at_once(desk: Desk) -> None:
    desk.world.venue.change_contract(coarser(desk.world.venue.contracts[SYMBOL]))
    await desk.clock.advance(601)
    assert updates(desk) == [(ContractChange.CHANGED, ("price_tick",))]
    with pytest.raises(errors.OrderDenied) as denied:
        await desk.rest("50000.01")
    assert denied.value.nearest == D("50000.0")


async def test_a_refusal_that_the_rules_do_not_explain_has_them_read_again(desk: Desk) -> None:
    await desk.clock.advance(60)
    desk.world.venue.change_contract(coarser(desk.world.venue.contracts[SYMBOL]))
    with pytest.raises(errors.OrderRejected):
        await desk.rest("50000.01")
    await desk.clock.advance(5)
    assert updates(desk) == [(ContractChange.CHANGED, ("price_tick",))]


async def test_refusals_do_not_make_a_storm_of_questions(desk: Desk) -> None:
    await desk.clock.advance(60)
    desk.world.venue.set_status(SYMBOL, trading=False)
    asked = desk.world.requests["GET /api.binance.us/api/v3/exchangeInfo"]
    for _ in range(10):
        with pytest.raises(errors.OrderRejected):
            await desk.rest()
    await desk.clock.advance(5)
    assert desk.world.requests["GET /api.binance.us/api/v3/exchangeInfo"] - asked == 1


async def test_open_orders_of_a_halted_symbol_stay_tracked(desk: Desk) -> None:
    order = await desk.rest()
    desk.world.venue.set_status(SYMBOL, trading=False)
    await desk.clock.advance(601)
    assert updates(desk) == [(ContractChange.CHANGED, ("status", "venue_status"))]
    assert desk.exchange.contracts.get(SYMBOL).status is ContractStatus.HALTED
    assert [o.client_order_id for o in desk.exchange.orders.open()] == [order.client_order_id]
    desk.world.venue.cancel("client", SYMBOL, client_order_id=order.client_order_id)
    await desk.clock.advance(1)
    known = desk.exchange.orders.get(order.client_order_id)
    assert known is not None
    assert known.status is OrderStatus.CANCELED


A = Contract(exchange="x", symbol="A/B", venue_symbol="AB", base="A", quote="B")
C = Contract(exchange="x", symbol="C/B", venue_symbol="CB", base="C", quote="B")


def test_a_delisted_contract_is_told_once_and_stays_known_as_closed() -> None:
    closed = msgspec.structs.replace(C, status=ContractStatus.CLOSED, venue_status="")
    assert merged([A, C], [A]) == [A, closed]
    assert list(differences([A, C], [A], first=False)) == [(ContractChange.DELISTED, closed, C, ("status",))]
    assert list(differences([A, closed], [A], first=False)) == []


def test_a_delisted_contract_gives_way_to_who_takes_its_name() -> None:
    heir = Contract(exchange="x", symbol="A2/B", venue_symbol="AB", base="A2", quote="B")
    assert merged([A, C], [heir, C]) == [heir, C]


def test_a_new_listing_is_told_as_such_and_the_first_reading_is_not() -> None:
    assert [change for change, *_ in differences([A], [A, C], first=False)] == [ContractChange.LISTED]
    assert [change for change, *_ in differences([], [A, C], first=True)] == [ContractChange.LOADED] * 2
