"""The venue's listing becomes contracts: every rule kept, every symbol unique, every name known."""

from __future__ import annotations

import json
import zlib
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from foxtrot.model.contract import (
    Contract,
    ContractStatus,
    IcebergPartsRule,
    NotionalRule,
    PriceRule,
    QuantityRule,
)
from foxtrot.model.order import OrderType
from foxtrot.model.times import seconds_ns
from foxtrot.protocol.budget import LimitKind, RateLimit
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.checksums import BookChecksum
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.mapping import Names, to_contracts
from foxtrot_kraken.messages.market import PairInfo

PAIR: dict[str, Any] = {
    "altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD", "cost_decimals": 5, "pair_decimals": 1,
    "lot_decimals": 8, "ordermin": "0.00005", "costmin": "0.5", "tick_size": "0.1", "status": "online",
}  # fmt: skip


def listed(names: Names | None = None, **pairs: dict[str, Any]) -> list[Contract]:
    infos = msgspec.json.decode(json.dumps(pairs), type=dict[str, PairInfo], strict=False)
    return to_contracts(infos, "kraken", names or Names())


def test_a_pair_becomes_a_contract_with_all_its_rules() -> None:
    (contract,) = listed(XXBTZUSD=PAIR)
    assert (contract.symbol, contract.venue_symbol, contract.base, contract.quote) == (
        "BTC/USD",
        "XXBTZUSD",
        "BTC",
        "USD",
    )
    assert contract.aliases == ("XBTUSD", "XBT/USD", "BTC/USD", "BTCUSD")
    assert contract.rules == (
        PriceRule(name="tick_size", tick=D("0.1")),
        QuantityRule(name="ordermin", minimum=D("0.00005"), step=D("1E-8")),
        NotionalRule(name="costmin", minimum=D("0.5")),
        IcebergPartsRule(name="displayvol", limit=15),
    )
    assert set(OrderType) == set(contract.order_types)
    assert (contract.base_precision, contract.quote_precision) == (8, 5)
    assert (contract.amend_allowed, contract.default_stp_mode) == (True, "CANCEL-NEWEST")


def test_a_pair_that_leaves_much_out_has_the_grid_of_its_decimals() -> None:
    (contract,) = listed(
        ABUSD={"altname": "ABUSD", "base": "AB", "quote": "ZUSD", "pair_decimals": 3, "lot_decimals": 5}
    )
    assert (contract.symbol, contract.price_tick, contract.quantity_step) == ("AB/USD", D("0.001"), D("0.00001"))
    assert (contract.min_quantity, contract.min_notional, contract.status) == (D(0), D(0), ContractStatus.OTHER)


@pytest.mark.parametrize("wsname", [None, ""])
def test_a_pair_without_its_common_name_has_that_of_its_assets(wsname: str | None) -> None:
    (contract,) = listed(XXDGXXBT=PAIR | {"wsname": wsname, "altname": "XDGXBT", "base": "XXDG", "quote": "XXBT"})
    assert contract.symbol == "DOGE/BTC"


def test_assets_that_nobody_knows_keep_the_venues_name() -> None:
    names = Names()
    (contract,) = listed(names, NEWUSD=PAIR | {"wsname": "NEW/USD", "altname": "NEWUSD", "base": "XNEW"})
    assert contract.symbol == "NEW/USD"
    assert (names.asset("XNEW"), names.asset("XNEW.S"), names.asset("XOTHER")) == ("NEW", "NEW.S", "XOTHER")


def test_of_two_pairs_of_the_same_assets_the_one_that_trades_has_the_unified_name() -> None:
    dark = PAIR | {"altname": "XBTUSD.d", "status": "cancel_only"}
    names = Names()
    contracts = listed(names, **{"XXBTZUSD.d": dark, "XXBTZUSD": PAIR})
    assert [(c.symbol, c.base) for c in contracts] == [("XXBTZUSD.d", "BTC"), ("BTC/USD", "BTC")]
    table = SymbolTable("kraken")
    table.load(contracts)
    assert (table.unified("XBTUSD"), table.unified("XBTUSD.d"), table.unified("BTC/USD")) == (
        "BTC/USD", "XXBTZUSD.d", "BTC/USD",
    )  # fmt: skip
    assert names.checksum("XXBTZUSD.d") is not None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("online", ContractStatus.TRADING),
        ("cancel_only", ContractStatus.CANCEL_ONLY),
        ("post_only", ContractStatus.OTHER),
        ("limit_only", ContractStatus.OTHER),
        ("reduce_only", ContractStatus.OTHER),
        ("siesta", ContractStatus.OTHER),
    ],
)
def test_every_status_word_is_kept(word: str, status: ContractStatus) -> None:
    (contract,) = listed(XXBTZUSD=PAIR | {"status": word})
    assert (contract.status, contract.venue_status) == (status, word)


def test_limits_come_with_the_listing(rest: KrakenRestCodec) -> None:
    listing = rest.fetch_markets().decode(json.dumps({"error": [], "result": {"XXBTZUSD": PAIR}}).encode())
    assert listing.limits == [
        RateLimit(LimitKind.WEIGHT, 0, 5, decay_per_s=1.0, per_market=True),
        RateLimit(LimitKind.CALLS, 0, 20, decay_per_s=1.0),
        RateLimit(LimitKind.TRADING, 0, 180, decay_per_s=3.75),
    ]


def test_an_unknown_symbol_has_no_checksum() -> None:
    assert Names().checksum("NO/PE") is None


def test_the_documented_checksum() -> None:
    """Source: https://docs.kraken.com/api/docs/guides/spot-ws-book-v2, the snapshot recorded in 2024 that verifies."""
    checksum = BookChecksum(1, 8)
    assert checksum([], []) == 0
    # Asks first, digits only, without leading zeros; what is beyond the tenth level does not count.
    bids, asks = [(5.0, 0.1)], [(6.5, 1e-08)]
    assert checksum(bids, asks) == zlib.crc32(b"6515010000000")
    many = [(float(p), 1.0) for p in range(20, 9, -1)]
    assert checksum(many, []) == checksum(many[:10], [])
    assert checksum(many, []) != checksum(many[:9], [])


@pytest.mark.parametrize("quantity", ["0.00000001", "39.67506683", "67000000.00000001", "0.10000000"])
def test_a_quantity_has_the_digits_that_the_venue_wrote(quantity: str) -> None:
    text = "10" + quantity.replace(".", "").lstrip("0")
    assert BookChecksum(1, 8)([(1.0, float(quantity))], []) == zlib.crc32(text.encode())


def test_a_price_has_no_zeros_in_front() -> None:
    assert BookChecksum(5, 1)([(0.00012, 3.0)], [(0.0123, 0.5)]) == zlib.crc32(b"12305" + b"1230")


def test_times_of_rest_keep_every_digit() -> None:
    assert seconds_ns(D("1762795433.9717445")) == 1_762_795_433_971_744_500
