"""What a dialect reads of the sandbox's options: bad ones are told all at once, in words."""

from __future__ import annotations

import base64

import pytest
from pydantic import BaseModel, ConfigDict

from foxtrot.errors import ConfigError
from foxtrot.sandbox.options import default_credentials, parse_dialect_options, split_symbol


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    speed: int = 1


def test_a_dialects_own_options_are_checked_and_every_problem_named() -> None:
    assert parse_dialect_options(Settings, {"speed": 2}).speed == 2
    with pytest.raises(ConfigError, match=r"dialect_options\.speed.*dialect_options\.colour") as refused:
        parse_dialect_options(Settings, {"speed": "fast", "colour": "red"})
    assert len(refused.value.problems) == 2


@pytest.mark.parametrize("symbol", ["", "BTC", "BTC-USD", "btc/usd", "BTC/", "/USD", "BTC/USD/X", "B C/USD"])
def test_what_is_no_symbol_is_told(symbol: str) -> None:
    with pytest.raises(ConfigError, match="is no symbol; write BASE/QUOTE"):
        split_symbol(symbol)


def test_a_symbol_is_base_and_quote() -> None:
    assert split_symbol("1INCH/USDT") == ("1INCH", "USDT")


def test_the_default_secret_is_one_that_clients_may_decode() -> None:
    secret = default_credentials().api_secret.get_secret_value()
    assert base64.b64encode(base64.b64decode(secret, validate=True)).decode() == secret
