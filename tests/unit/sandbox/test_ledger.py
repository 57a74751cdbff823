"""The ledger's promises: conserved, exact, never overdrawn."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.ledger import FEE_ACCOUNT, Ledger, Overdrawn
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder, Reason, Refused
from foxtrot.testkit.venues import plain_contract, small_venue

SYMBOL = "BTC/USDT"


def test_a_client_can_never_be_overdrawn_not_even_by_the_venue_itself() -> None:
    ledger = Ledger()
    ledger.deposit("anna", "USDT", D(5))
    for attempt in (
        lambda: ledger.lock("anna", "USDT", D(6)),
        lambda: ledger.unlock("anna", "USDT", D(1)),
        lambda: ledger.move("USDT", D(6), "anna", "ben", from_locked=False),
        lambda: ledger.move("USDT", D(1), "anna", "ben", from_locked=True),
    ):
        with pytest.raises(Overdrawn, match="anna"):
            attempt()
    assert ledger.balances("anna") == {"USDT": (D(5), D(0))}
    assert ledger.balances("ben") == {}


def test_more_than_there_is_cannot_be_withdrawn() -> None:
    ledger = Ledger()
    ledger.deposit("anna", "USDT", D(5))
    with pytest.raises(Refused) as refused:
        ledger.deposit("anna", "USDT", D(-6))
    assert refused.value.reason is Reason.INSUFFICIENT_BALANCE
    ledger.deposit("anna", "USDT", D(-5))
    assert ledger.total("USDT") == 0


def test_the_market_may_owe_so_that_every_asset_still_sums_to_what_clients_brought() -> None:
    ledger = Ledger()
    ledger.deposit("anna", "USDT", D(5))
    ledger.move("BTC", D(1), MARKET_ACCOUNT, "anna", from_locked=False)
    assert ledger.held(MARKET_ACCOUNT, "BTC") == (D(-1), D(0))
    assert ledger.total("BTC") == 0


def test_no_digit_is_rounded_away_where_amounts_are_large_and_grids_fine() -> None:
    venue = small_venue(plain_contract(tick="0.00000001", step="0.00000001"), fee="0")
    venue.open_account("anna", {"USDT": D(10) ** 16})
    price, quantity = D("1234567890.00000001"), D("1234567.00000007")
    for account, side in ((MARKET_ACCOUNT, Side.SELL), ("anna", Side.BUY)):
        venue.place(
            NewOrder(account=account, symbol=SYMBOL, side=side, type=OrderType.LIMIT, quantity=quantity, price=price)
        )
    # 1234567890.00000001 * 1234567.00000007, multiplied as integers
    digits = str(123456789000000001 * 123456700000007)
    assert len(digits) > 28
    assert f"{venue.ledger.held(MARKET_ACCOUNT, 'USDT')[0]:f}" == f"{digits[:-16]}.{digits[-16:]}"


def test_the_recorded_fee_of_a_real_sale_is_reproduced() -> None:
    venue = small_venue(plain_contract(tick="0.01", step="0.00001"), fee="0.0001", price="117290.77")
    venue.open_account("anna", {"BTC": D(1)})
    kind, price, quantity = OrderType.LIMIT, D("117290.77"), D("0.00042")
    for account, side in ((MARKET_ACCOUNT, Side.BUY), ("anna", Side.SELL)):
        sold = venue.place(
            NewOrder(account=account, symbol=SYMBOL, side=side, type=kind, quantity=quantity, price=price)
        )
    assert (sold.filled_quote, sold.executions[0].fee, sold.executions[0].fee_asset) == (
        D("49.2621234"),
        D("0.00492621"),
        "USDT",
    )
    assert venue.ledger.held(FEE_ACCOUNT, "USDT")[0] == D("0.00492621")
