"""Names of contracts, both ways, whatever the venue writes itself."""

from __future__ import annotations

import pytest

from foxtrot.errors import InvalidRequest, UnknownSymbol
from foxtrot.gateway import Exchange
from foxtrot.gateway.symbols import SymbolNames
from foxtrot.model.contract import Contract, ContractKind


def contract(symbol: str, venue_symbol: str, kind: ContractKind = ContractKind.SPOT) -> Contract:
    base, quote = symbol.partition(":")[0].split("/")
    return Contract(exchange="x", symbol=symbol, venue_symbol=venue_symbol, base=base, quote=quote, kind=kind)


@pytest.fixture
def names() -> SymbolNames:
    made = SymbolNames("DESK")
    made.add(contract("BTC/USDT", "BTCUSDT"))
    made.add(contract("BTC/USD", "XXBTZUSD"))
    made.add(contract("ETH/USD", "ETH-USD"))
    made.add(contract("DOGE/USD", "DOGE/USD"))
    return made


@pytest.mark.parametrize(
    ("written", "unified"),
    [
        ("BTCUSDT", "BTC/USDT"),
        ("BTCUSD", "BTC/USD"),
        ("XXBTZUSD", "BTC/USD"),
        ("ETHUSD", "ETH/USD"),
        ("ETH-USD", "ETH/USD"),
        ("DOGE/USD", "DOGE/USD"),
        ("BTCUSD.DESK", "BTC/USD"),
        ("BTC/USD.DESK", "BTC/USD"),
    ],
)
def test_a_contract_is_found_by_our_name_the_venues_and_the_unified_one(
    names: SymbolNames, written: str, unified: str
) -> None:
    assert names.unified(written) == unified


def test_names_go_there_and_back(names: SymbolNames) -> None:
    for symbol, name in (("BTC/USDT", "BTCUSDT"), ("BTC/USD", "BTCUSD"), ("DOGE/USD", "DOGEUSD")):
        assert names.name(symbol) == name
        assert names.unified(name) == symbol


def test_two_contracts_never_share_a_name() -> None:
    names = SymbolNames("DESK")
    found = [
        names.add(contract("AB/CUSD", "ABCUSD")),
        names.add(contract("ABC/USD", "ABC-USD")),
        names.add(contract("A/BCUSD", "ABCUSD")),
    ]
    assert len(set(found)) == 3
    assert [names.unified(name) for name in found] == ["AB/CUSD", "ABC/USD", "A/BCUSD"]


def test_a_derivative_is_named_as_the_venue_names_it() -> None:
    names = SymbolNames("DESK")
    assert names.add(contract("BTC/USDT:USDT", "BTCUSDT_260327", ContractKind.FUTURE)) == "BTCUSDT_260327"
    assert names.add(contract("ETH/USD:ETH", "PF_ETH/USD", ContractKind.PERPETUAL)) == "PF_ETHUSD"


def test_a_contract_that_comes_again_keeps_its_name(names: SymbolNames) -> None:
    assert names.add(contract("BTC/USD", "XXBTZUSD")) == "BTCUSD"


@pytest.mark.parametrize("written", ["BTCUSTD", "BTCUSDT.OTHER", "BTC-USDT", "btcusdt"])
def test_an_unknown_name_is_refused_with_close_ones(names: SymbolNames, written: str) -> None:
    with pytest.raises(UnknownSymbol, match="BTCUSDT"):
        names.unified(written)


@pytest.mark.parametrize("written", ["", None, 7, b"BTCUSDT"])
def test_what_is_no_text_is_refused(names: SymbolNames, written: object) -> None:
    with pytest.raises(InvalidRequest, match="symbol must be a text"):
        names.unified(written)  # type: ignore[arg-type]
    assert names.shown(written) == str(written)


@pytest.mark.parametrize("exchange", [Exchange.OTHER, "OTHER", None])
def test_another_gateways_exchange_is_refused(names: SymbolNames, exchange: object) -> None:
    with pytest.raises(InvalidRequest, match="exchange must be Exchange"):
        names.asked("BTCUSDT", exchange)
    assert names.asked("BTCUSDT", Exchange.DESK) == names.asked("BTCUSDT", "DESK") == "BTC/USDT"
