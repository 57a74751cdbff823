import pytest

from foxtrot.errors import UnknownSymbol
from foxtrot.model.contract import Contract
from foxtrot.protocol.symbols import SymbolTable


def contract(base: str, quote: str) -> Contract:
    return Contract(exchange="x", symbol=f"{base}/{quote}", venue_symbol=base + quote, base=base, quote=quote)


def table() -> SymbolTable:
    symbols = SymbolTable("x")
    symbols.load([contract("BTC", "USDT"), contract("ETH", "USDT"), contract("BTC", "USD")])
    return symbols


def test_symbols_translate_both_ways() -> None:
    symbols = table()
    for symbol in ("BTC/USDT", "ETH/USDT", "BTC/USD"):
        assert symbols.unified(symbols.venue(symbol)) == symbol


@pytest.mark.parametrize(
    ("wrong", "meant"), [("BTC/USTD", "BTC/USDT"), ("ethusdt", "ETH/USDT"), ("btc/usd", "BTC/USD")]
)
def test_an_unknown_symbol_is_answered_with_close_names(wrong: str, meant: str) -> None:
    with pytest.raises(UnknownSymbol, match="Did you mean") as caught:
        table().contract(wrong)
    assert meant in caught.value.close_names


def test_a_symbol_like_no_other_is_answered_with_the_form() -> None:
    with pytest.raises(UnknownSymbol, match="written BASE/QUOTE"):
        table().contract("?")


def test_two_contracts_of_one_symbol_are_refused() -> None:
    with pytest.raises(ValueError, match="BTC/USDT"):
        SymbolTable("x").load([contract("BTC", "USDT"), contract("BTC", "USDT")])
