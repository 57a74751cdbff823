"""Answers that say little mean what is known of the order already, and no more."""

from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest

from foxtrot.model.order import AmendRequest, Fill, Order, OrderStatus, OrderType, Side
from foxtrot.protocol.answers import acknowledged, amended, canceled, executed
from foxtrot.protocol.messages import AmendResult, OrderUpdate

ORDER = Order(
    exchange="toy", symbol="A/B", client_order_id="mine", order_id="O", side=Side.SELL, type=OrderType.LIMIT,
    quantity=D(5), price=D(7), ts_updated=40, ts_terms=(10, 50, 20),
)  # fmt: skip


def test_an_acknowledged_order_is_open_under_the_venues_id() -> None:
    assert acknowledged(ORDER, "NEW") == OrderUpdate(
        symbol="A/B",
        client_order_id="mine",
        order_id="NEW",
        status=OrderStatus.OPEN,
        side=Side.SELL,
        type=OrderType.LIMIT,
    )


def test_an_acknowledgement_without_an_id_proves_nothing() -> None:
    with pytest.raises(ValueError, match="names no order"):
        acknowledged(ORDER, "")


def test_an_amend_states_its_new_terms_later_than_all_that_is_known_of_them() -> None:
    result = amended(ORDER, AmendRequest(symbol="A/B", price=D(8)))
    assert result == AmendResult(
        None,
        OrderUpdate(
            symbol="A/B",
            client_order_id="mine",
            order_id="O",
            status=OrderStatus.OPEN,
            price=D(8),
            ts_event=51,
        ),
    )
    late = msgspec.structs.replace(ORDER, ts_updated=90)
    update = amended(late, AmendRequest(symbol="A/B", quantity=D(3))).new
    assert update is not None
    assert (update.quantity, update.price, update.ts_event) == (D(3), None, 91)


def test_a_pending_cancel_has_not_ended_the_order() -> None:
    assert canceled("A/B", "O", "mine").status is OrderStatus.CANCELED
    pending = canceled("A/B", "O", "mine", pending=True)
    assert pending == OrderUpdate(symbol="A/B", client_order_id="mine", order_id="O", status=OrderStatus.PENDING_CANCEL)


def test_an_execution_is_the_orders_that_reports_it_and_comes_after_the_ones_before() -> None:
    update = OrderUpdate(
        symbol="A/B", client_order_id="mine", order_id="O", status=OrderStatus.OPEN, side=Side.BUY, ts_event=70
    )
    first = executed(update, "T1", D(7), D(2), D(14), D("0.1"), "B", is_maker=True)
    both = executed(first, "T2", D(8), D(1), D(8), D(0), "", is_maker=False)
    assert both.fills[0] == Fill(
        symbol="A/B",
        order_id="O",
        client_order_id="mine",
        trade_id="T1",
        side=Side.BUY,
        price=D(7),
        quantity=D(2),
        quote_quantity=D(14),
        fee=D("0.1"),
        fee_asset="B",
        is_maker=True,
        ts_event=70,
    )
    assert [(f.trade_id, f.is_maker) for f in both.fills] == [("T1", True), ("T2", False)]
    assert msgspec.structs.replace(both, fills=()) == update


def test_an_execution_of_an_unknown_side_cannot_be_read() -> None:
    update = OrderUpdate(symbol="A/B", client_order_id="", order_id="O", status=OrderStatus.OPEN)
    with pytest.raises(ValueError, match="of O of which the side"):
        executed(update, "T", D(1), D(1), D(1), D(0), "", is_maker=False)
