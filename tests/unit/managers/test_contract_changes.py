"""What changes between two readings of the venue's contracts."""

from __future__ import annotations

import msgspec

from foxtrot.managers.contract_changes import differences, merged
from foxtrot.model.contract import Contract, ContractStatus
from foxtrot.model.events import ContractChange

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
