"""An order's end state does not depend on the order in which messages arrive."""

import itertools
from decimal import Decimal as D

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foxtrot.model.order import Fill, Order, OrderStatus, OrderType, Side
from foxtrot.protocol.messages import OrderUpdate
from foxtrot.protocol.orders import RANK, ChangeKind, Step, apply, step

ORDER = Order(
    exchange="x",
    symbol="BTC/USDT",
    client_order_id="c1",
    side=Side.BUY,
    type=OrderType.LIMIT,
    status=OrderStatus.PENDING,
    quantity=D(3),
    price=D(10),
)


def fill(number: int) -> Fill:
    return Fill(
        symbol="BTC/USDT",
        order_id="v1",
        client_order_id="c1",
        trade_id=str(number),
        side=Side.BUY,
        price=D(10),
        quantity=D(1),
        quote_quantity=D(10),
        fee=D(0),
        fee_asset="BTC",
        is_maker=True,
        ts_event=number,
    )


def says(status: OrderStatus, filled: int = 0, *fills: Fill, at: int = 1) -> OrderUpdate:
    return OrderUpdate(
        symbol="BTC/USDT",
        client_order_id="c1",
        order_id="v1",
        status=status,
        quantity=D(3),
        filled=D(filled),
        filled_quote=D(10 * filled),
        fills=fills,
        ts_event=at,
    )


FILLED_LIFE = [
    says(OrderStatus.OPEN, 0, at=1),
    says(OrderStatus.PARTIALLY_FILLED, 1, fill(1), at=2),
    says(OrderStatus.PARTIALLY_FILLED, 2, fill(2), at=3),
    says(OrderStatus.FILLED, 3, fill(3), at=4),
    says(OrderStatus.FILLED, 3, fill(1), fill(2), fill(3), at=4),  # the REST reply reports the same fills
]
CANCELED_LIFE = [
    says(OrderStatus.OPEN, 0, at=1),
    says(OrderStatus.PARTIALLY_FILLED, 1, fill(1), at=2),
    says(OrderStatus.CANCELED, 1, at=3),
    says(OrderStatus.PARTIALLY_FILLED, 1, at=2),  # a query answered late
]


def run(messages: list[OrderUpdate], order: Order = ORDER) -> tuple[Order, list[ChangeKind]]:
    kinds: list[ChangeKind] = []
    for message in messages:
        order, changes = apply(order, message)
        kinds += [change.kind for change in changes]
    return order, kinds


def essence(order: Order) -> object:
    return order.status, order.order_id, order.filled, order.filled_quote, {f.trade_id for f in order.fills}


@pytest.mark.parametrize("life", [FILLED_LIFE, CANCELED_LIFE], ids=["filled", "canceled"])
def test_any_order_of_messages_ends_in_the_same_state_with_each_fill_once(life: list[OrderUpdate]) -> None:
    straight = essence(run(life)[0])
    for shuffled in itertools.permutations(life):
        order, kinds = run(list(shuffled))
        assert essence(order) == straight
        assert kinds.count(ChangeKind.FILLED) == len(order.fills)
        assert kinds.count(ChangeKind.ACCEPTED) == 1


@given(st.lists(st.sampled_from([*FILLED_LIFE, *CANCELED_LIFE]), min_size=1, max_size=12))
@settings(max_examples=200)
def test_duplicates_change_nothing_and_nothing_ever_goes_back(messages: list[OrderUpdate]) -> None:
    order = ORDER
    for message in messages:
        after, _ = apply(order, message)
        assert RANK[after.status] >= RANK[order.status]
        assert after.filled >= order.filled
        assert apply(after, message)[1] == []
        order = after


def test_a_fill_after_the_cancel_still_counts() -> None:
    order, kinds = run([says(OrderStatus.CANCELED, 0, at=3), says(OrderStatus.PARTIALLY_FILLED, 1, fill(1), at=2)])
    assert (order.status, order.filled) == (OrderStatus.CANCELED, D(1))
    assert ChangeKind.FILLED in kinds


def test_what_an_open_order_was_changed_for_is_no_reason() -> None:
    amended = changed(says(OrderStatus.OPEN, at=2), reason="User requested")
    assert run([says(OrderStatus.OPEN), amended])[0].reason == ""
    ended = changed(says(OrderStatus.CANCELED, at=3), reason="User requested")
    assert run([says(OrderStatus.OPEN), amended, ended])[0].reason == "User requested"


def test_any_word_of_the_venue_ends_the_doubt_and_its_reason() -> None:
    doubtful = msgspec.structs.replace(ORDER, status=OrderStatus.IN_DOUBT, reason="no answer")
    order, kinds = run([says(OrderStatus.OPEN)], doubtful)
    assert (order.status, order.reason) == (OrderStatus.OPEN, "")
    assert kinds == [ChangeKind.ACCEPTED]


def test_every_status_has_a_rank() -> None:
    assert set(RANK) == set(OrderStatus)


def changed(update: OrderUpdate, **fields: object) -> OrderUpdate:
    return msgspec.structs.replace(update, **fields)


def only_end(messages: list[OrderUpdate], order: Order = ORDER) -> Order:
    """Return the end state of the messages in every order there is; it must be one, in every field."""
    ends = [run(list(shuffled), order)[0] for shuffled in itertools.permutations(messages)]
    assert all(end == ends[0] for end in ends)
    return ends[0]


def test_every_field_of_the_end_state_is_the_same_in_any_order() -> None:
    end = only_end(
        [
            changed(says(OrderStatus.OPEN, at=1), ts_created=1, price=D(10)),
            changed(says(OrderStatus.OPEN, at=2), price=D(11), quantity=D(4)),
            changed(says(OrderStatus.PARTIALLY_FILLED, 1, fill(1), at=3), quantity=None),
            changed(says(OrderStatus.PARTIALLY_FILLED, 2, fill(2), at=4), quantity=None, ts_created=2),
            changed(says(OrderStatus.EXPIRED, 2, at=5), quantity=None, reason="self-trade"),
            changed(says(OrderStatus.EXPIRED, 2, fill(2), fill(1), at=5), quantity=None, reason="by the venue"),
        ]
    )
    assert (end.status, end.quantity, end.price, end.filled) == (OrderStatus.EXPIRED, D(4), D(11), D(2))
    assert [f.trade_id for f in end.fills] == ["1", "2"]
    assert (end.ts_created, end.ts_updated) == (1, 5)


def test_new_terms_count_even_when_a_later_message_that_does_not_state_them_came_first() -> None:
    silent = changed(says(OrderStatus.PARTIALLY_FILLED, 1, fill(1), at=3), quantity=None)
    end = only_end([changed(says(OrderStatus.OPEN, at=2), price=D(9), quantity=D(5)), silent])
    assert (end.price, end.quantity, end.remaining) == (D(9), D(5), D(4))


def test_each_term_goes_by_its_own_time() -> None:
    price = changed(says(OrderStatus.OPEN, at=3), price=D(9), quantity=None)
    quantity = changed(says(OrderStatus.OPEN, at=2), quantity=D(5))
    assert (only_end([price, quantity]).price, only_end([price, quantity]).quantity) == (D(9), D(5))


def test_an_old_query_result_does_not_bring_old_terms_back() -> None:
    end = only_end(
        [changed(says(OrderStatus.OPEN, at=2), price=D(9)), changed(says(OrderStatus.OPEN, at=1), price=D(10))]
    )
    assert end.price == D(9)


def test_a_refusal_of_a_repeated_id_does_not_end_the_order_that_lives_under_it() -> None:
    refused = changed(says(OrderStatus.REJECTED, at=2), order_id="", reason="duplicate")
    end = only_end([refused, says(OrderStatus.OPEN, at=1), says(OrderStatus.PARTIALLY_FILLED, 1, fill(1), at=3)])
    assert (end.status, end.reason) == (OrderStatus.PARTIALLY_FILLED, "")
    here = msgspec.structs.replace(ORDER, status=OrderStatus.REJECTED, reason="duplicate")
    order, kinds = run([says(OrderStatus.OPEN)], here)
    assert (order.status, order.reason, kinds) == (OrderStatus.OPEN, "", [ChangeKind.ACCEPTED])


def test_a_refusal_of_the_order_itself_is_final() -> None:
    refused = changed(says(OrderStatus.REJECTED, at=2), reason="no")
    assert only_end([says(OrderStatus.OPEN), refused]).status is OrderStatus.REJECTED
    assert run([changed(refused, order_id="")])[0].status is OrderStatus.REJECTED


def test_what_was_executed_was_never_rejected() -> None:
    end = only_end([says(OrderStatus.REJECTED, at=2), says(OrderStatus.PARTIALLY_FILLED, 1, fill(1), at=1)])
    assert (end.status, end.filled) == (OrderStatus.CANCELED, D(1))


def test_filled_up_is_filled_whatever_the_venue_called_it_first() -> None:
    cancel = says(OrderStatus.CANCELED, at=3)
    fills = [says(OrderStatus.PARTIALLY_FILLED, n, fill(n), at=n) for n in (1, 2, 3)]
    assert only_end([cancel, *fills]).status is OrderStatus.FILLED


def test_a_local_denial_that_the_venue_contradicts_leaves_no_reason_behind() -> None:
    denied = msgspec.structs.replace(ORDER, status=OrderStatus.DENIED, reason="not sent")
    assert run([says(OrderStatus.OPEN)], denied)[0].reason == ""


# commands of ours


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("what", Step)
def test_a_step_of_a_command_never_ends_an_order_and_never_revives_one(status: OrderStatus, what: Step) -> None:
    before = msgspec.structs.replace(ORDER, status=status)
    after = step(before, what, "why")
    if status.done:
        assert after is before
    else:
        assert not after.status.done
    if what is Step.UNKNOWN and status in (OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PENDING_CANCEL):
        assert (after.status, after.reason) == (OrderStatus.IN_DOUBT, "why")


def test_a_refused_cancel_leads_back_to_what_the_venue_said_last() -> None:
    for filled, living in ((D(0), OrderStatus.OPEN), (D("0.1"), OrderStatus.PARTIALLY_FILLED)):
        order = msgspec.structs.replace(ORDER, status=living, filled=filled)
        sent = step(order, Step.CANCEL_SENT)
        assert sent.status is OrderStatus.PENDING_CANCEL
        assert step(sent, Step.ANSWERED).status is living


@pytest.mark.parametrize("late", [OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED])
def test_a_late_report_does_not_hide_that_a_cancel_is_under_way(late: OrderStatus) -> None:
    sent = step(msgspec.structs.replace(ORDER, status=OrderStatus.OPEN), Step.CANCEL_SENT)
    order, _ = apply(sent, says(late))
    assert order.status is OrderStatus.PENDING_CANCEL
    ended, _ = apply(sent, says(OrderStatus.CANCELED))
    assert ended.status is OrderStatus.CANCELED
