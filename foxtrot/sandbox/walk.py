"""What an incoming order would meet on the book, found out without touching it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from foxtrot.model.decimals import ZERO
from foxtrot.sandbox.matching import BookSide, Resting
from foxtrot.sandbox.types import Stp

Offers = Iterable[tuple[Decimal, Decimal]]
_STOPS_AT_OWN = frozenset({Stp.EXPIRE_TAKER, Stp.EXPIRE_BOTH, Stp.DECREMENT, Stp.TRANSFER})


class Plan(NamedTuple):
    """What an order by quote quantity asks for in base, and how much of that the book has."""

    quantity: Decimal
    available: Decimal


def offers(against: BookSide, account: str, stp: Stp) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield (price, quantity) that the account may trade with, best first, hidden quantities included.

    Own orders are left out unless the mode lets them trade: beside them the order needs as much money, or more.
    """
    for price in against.prices():
        met = (r.order for r in against.queue(price))
        yield price, sum((o.remaining for o in met if stp is Stp.NONE or o.account != account), ZERO)


def cost_of(quantity: Decimal, found: Offers) -> Decimal:
    """Return what buying that much costs, as far as the offers go."""
    cost, left = ZERO, quantity
    for price, offered in found:
        taken = min(left, offered)
        cost += taken * price
        left -= taken
        if not left:
            break
    return cost


def plan_by_quote(budget: Decimal, step: Decimal, found: Offers) -> Plan:
    """Return how many whole steps move at most `budget` of quote.

    Where the offers end first, `quantity` goes on at the last price, so that the order ends with something unfilled.
    """
    available, affordable, left = ZERO, ZERO, budget
    for price, offered in found:
        affordable = left // (price * step) * step
        taken = min(affordable, offered)
        available += taken
        left -= taken * price
        affordable -= taken
        if not affordable:
            break
    return Plan(available + affordable, available)


def fillable(against: BookSide, limit: Decimal, wanted: Decimal, account: str, stp: Stp) -> Decimal:
    """Return how much of `wanted` an all-or-nothing order would get within its limit; own orders do not count.

    Where the mode ends or cuts the taker at the first own order, only what is queued before that order counts.
    """
    found = ZERO
    for price in against.prices(limit):
        queue = against.queue(price)
        if stp in _STOPS_AT_OWN and any(r.order.account == account for r in queue):
            return found + _shown_before(queue, account)
        found += sum((r.order.remaining for r in queue if r.order.account != account), ZERO)
        if found >= wanted:
            break
    return found


def _shown_before(queue: list[Resting], account: str) -> Decimal:
    """Return what is shown before the account's first order; later slices of icebergs queue behind it."""
    others = itertools.takewhile(lambda resting: resting.order.account != account, queue)
    return sum((resting.visible for resting in others), ZERO)
