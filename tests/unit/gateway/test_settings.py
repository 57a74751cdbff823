"""The settings dictionary: each key lands where it is in force, and every wrong one is named."""

from __future__ import annotations

from typing import Any

import pytest

from foxtrot.config import ExchangeConfig
from foxtrot.errors import ConfigError
from foxtrot.gateway import ThreadedAdapter
from foxtrot.gateway.settings import DEFAULT_SETTINGS, read_settings

KEYS = {"API Key": "key", "Secret": "hidden-secret"}


def test_a_program_that_says_nothing_stays_in_the_sandbox() -> None:
    assert read_settings({}).environment == "sandbox"
    assert read_settings(DEFAULT_SETTINGS).environment == "sandbox"


def test_the_defaults_shown_are_what_is_in_force_without_them() -> None:
    shown, silent = read_settings(DEFAULT_SETTINGS), read_settings({})
    assert (shown.retry, shown.rate, shown.transport, shown.orders) == (
        silent.retry,
        silent.rate,
        silent.transport,
        silent.orders,
    )
    assert ThreadedAdapter.default_setting == DEFAULT_SETTINGS


def test_every_key_lands_where_it_is_in_force() -> None:
    config = read_settings(
        {
            **KEYS,
            "Sandbox": "False",
            "Proxy Host": "localhost",
            "Proxy Port": "3128",
            "Rate Limit Buffer": "0.25",
            "Reconnect Delay": 45,
            "Max Retry Attempts": "7",
            "Journal": "orders.db",
        }
    )
    assert config.environment == "live"
    assert config.credentials is not None
    assert config.credentials.api_secret.get_secret_value() == "hidden-secret"
    assert config.transport.proxy == "http://localhost:3128"
    assert config.rate.headroom == 0.25
    assert (config.retry.reconnect_initial_s, config.retry.reconnect_max_s) == (45, 45)
    assert config.retry.attempts == 7
    assert str(config.orders.journal) == "orders.db"


def test_a_proxy_of_another_kind_is_written_with_its_kind() -> None:
    assert read_settings({"Proxy Host": "https://localhost:3129"}).transport.proxy == "https://localhost:3129"


@pytest.mark.parametrize(
    ("value", "environment"), [(True, "sandbox"), ("True", "sandbox"), (" false ", "live"), (False, "live")]
)
def test_sandbox_may_be_text_as_a_form_gives_it(value: Any, environment: str) -> None:
    assert read_settings({"Sandbox": value}).environment == environment


def test_the_embedded_venue_takes_the_keys_given_and_they_go_nowhere_else() -> None:
    config = read_settings({**KEYS, "Sandbox": True})
    assert config.sandbox["api_key"] == "key"
    assert config.credentials is None
    assert "hidden-secret" not in repr(config)


def test_what_is_not_given_stays_as_the_configuration_beneath_has_it() -> None:
    base = {"environment": "testnet", "retry": {"attempts": 9, "reconnect_max_s": 5}, "rate": {"headroom": 0.5}}
    config = read_settings({"Sandbox": False, "Reconnect Delay": 1}, base)
    assert config.environment == "testnet"
    assert (config.retry.attempts, config.retry.reconnect_max_s, config.rate.headroom) == (9, 5, 0.5)
    assert read_settings({"Sandbox": True}, base).environment == "sandbox"  # never the other way round by accident
    assert read_settings({}, ExchangeConfig.parse(base)).environment == "testnet"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"APIKey": "x"}, "APIKey: unknown key, perhaps API Key was meant; known are API Key, Secret, Sandbox"),
        ({"Wallet": "x"}, "Wallet: unknown key; known are API Key"),
        ({7: "x"}, "7: unknown key"),
        ({"API Key": "x"}, "API Key and Secret: give both or none"),
        ({"API Key": 5, "Secret": "s"}, "API Key: must be a text, not a int"),
        ({"Sandbox": "maybe"}, "Sandbox: must be True or False, not 'maybe'"),
        ({"Sandbox": 1}, "Sandbox: must be True or False"),
        ({"Proxy Port": 3128}, "Proxy Port: it needs a Proxy Host"),
        ({"Proxy Host": "localhost"}, "Proxy Host: it needs a Proxy Port"),
        ({"Proxy Host": "h", "Proxy Port": 70_000}, "Proxy Port: must be a port"),
        ({"Proxy Host": "h", "Proxy Port": "http"}, "Proxy Port: must be a port"),
        ({"Proxy Host": "h", "Proxy Port": 1.5}, "Proxy Port: must be a port"),
        ({"Rate Limit Buffer": 1}, "Rate Limit Buffer: must be the part"),
        ({"Rate Limit Buffer": -0.1}, "Rate Limit Buffer: must be the part"),
        ({"Rate Limit Buffer": "much"}, "Rate Limit Buffer: must be the part"),
        ({"Reconnect Delay": 0}, "Reconnect Delay: must be a number of seconds above 0"),
        ({"Reconnect Delay": float("nan")}, "Reconnect Delay: must be a number"),
        ({"Reconnect Delay": float("inf")}, "Reconnect Delay: must be a number"),
        ({"Max Retry Attempts": 0}, "Max Retry Attempts: must be a whole number of at least 1"),
        ({"Max Retry Attempts": 2.5}, "Max Retry Attempts: must be a whole number"),
        ({"Max Retry Attempts": True}, "Max Retry Attempts: must be a whole number"),
        ("Sandbox", "settings: is a str, not a dictionary"),
    ],
)
def test_every_wrong_setting_is_named(settings: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match="problem") as caught:
        read_settings(settings)
    assert any(one.startswith(problem) for one in caught.value.problems), caught.value.problems


def test_all_problems_are_named_at_once_and_no_secret_is() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({"API Key": "hidden-key", "Secret": ["hidden-secret"], "Sandbox": "x", "Speed": 3})
    assert len(caught.value.problems) >= 3
    assert "hidden" not in str(caught.value)
