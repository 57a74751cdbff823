"""What an account holds outside the listing is passed over, but never what may be ours."""

from __future__ import annotations

import pytest

from foxtrot.errors import UnknownSymbol
from foxtrot.model.contract import Contract
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.protocol.unlisted import Unlisted

CONTRACT = Contract(exchange="toy", symbol="A/B", venue_symbol="AB", base="A", quote="B")
OTHER = Contract(exchange="toy", symbol="C/D", venue_symbol="CD", base="C", quote="D")


@pytest.fixture
def unlisted() -> Unlisted:
    table = SymbolTable("toy")
    table.load([CONTRACT, OTHER])
    return Unlisted(table)


def test_what_is_listed_is_not_passed_over(unlisted: Unlisted) -> None:
    assert not unlisted.passes("AB", None)
    assert not unlisted.passes("AB", CONTRACT, "mine")


def test_of_another_contracts_list_it_is_passed_over_at_once(unlisted: Unlisted) -> None:
    assert unlisted.passes("SHARE", CONTRACT)


def test_of_all_symbols_it_is_told_once_for_it_may_be_new(unlisted: Unlisted) -> None:
    with pytest.raises(UnknownSymbol):
        unlisted.passes("SHARE", None)
    assert unlisted.passes("SHARE", None)
    with pytest.raises(UnknownSymbol):  # another one
        unlisted.passes("OTHER", None)


def test_an_order_with_an_id_of_ours_is_never_passed_over(unlisted: Unlisted) -> None:
    for wanted in (CONTRACT, None, CONTRACT):
        with pytest.raises(UnknownSymbol):
            unlisted.passes("SHARE", wanted, "mine")


def test_of_a_list_the_entries_of_the_contract_wanted_are_left(unlisted: Unlisted) -> None:
    entries = {"1": "AB", "2": "CD", "3": "SHARE", "4": "AB"}
    assert unlisted.of(entries, CONTRACT, str) == {"1": "AB", "4": "AB"}
    with pytest.raises(UnknownSymbol):
        unlisted.of(entries, None, str)
    assert unlisted.of(entries, None, str) == {"1": "AB", "2": "CD", "4": "AB"}
    with pytest.raises(UnknownSymbol):
        unlisted.of(entries, CONTRACT, str, lambda entry: "mine" if entry == "SHARE" else None)
