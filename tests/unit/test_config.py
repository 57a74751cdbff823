"""Every problem of a configuration at once, by path, with a hint and without a value."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from foxtrot.config import ExchangeConfig, problems_of
from foxtrot.errors import ConfigError

CANARY = "c4n4ryc4n4ry"


def problems(settings: Any, path: str = "") -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        ExchangeConfig.parse(settings, path=path)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return tuple(caught.value.problems)


def problem(settings: Any) -> str:
    (only,) = problems(settings)
    return only


def test_who_says_nothing_trades_in_the_sandbox_without_keys() -> None:
    assert ExchangeConfig.parse({}) == ExchangeConfig()
    assert (ExchangeConfig().environment, ExchangeConfig().credentials) == ("sandbox", None)


def test_all_problems_are_named_at_once_each_with_its_path() -> None:
    found = problems(
        {
            "environment": "production",
            "account": "",
            "transport": {"connect_timeout_s": 0, "websocket": "curl"},
            "retry": {"attempts": "many"},
            "credentials": {"api_key": "k"},
            "rest_url": "ftp://x",
        },
        path="exchanges.toy",
    )
    assert {p.partition(": ")[0] for p in found} == {
        "exchanges.toy.environment",
        "exchanges.toy.account",
        "exchanges.toy.transport.connect_timeout_s",
        "exchanges.toy.transport.websocket",
        "exchanges.toy.retry.attempts",
        "exchanges.toy.credentials.api_secret",
        "exchanges.toy.rest_url",
    }


def test_an_unknown_key_is_named_with_the_close_one_at_every_level() -> None:
    assert problem({"enviroment": "live"}) == "enviroment: unknown key, perhaps environment was meant"
    assert problem({"transport": {"conect_timeout_s": 1}}).startswith(
        "transport.conect_timeout_s: unknown key, perhaps connect_timeout_s or "
    )
    credentials = {"api_key": "k", "api_secret": "s", "pasphrase": "p"}
    assert problem({"credentials": credentials}) == "credentials.pasphrase: unknown key, perhaps passphrase was meant"
    assert problem({"rate": {"zzz": 1}}) == "rate.zzz: unknown key, known are headroom"


class Leg(BaseModel, extra="forbid"):
    size: int = 1


class Legs(BaseModel, extra="forbid"):
    legs: list[Leg] = []
    by_name: dict[str, Leg] = {}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"legs": [{"sise": 2}]}, "options.legs.0.sise: unknown key, perhaps size was meant"),
        ({"by_name": {"x": {"sise": 2}}}, "options.by_name.x.sise: unknown key, perhaps size was meant"),
    ],
)
def test_hints_reach_into_the_lists_and_tables_of_an_adapters_options(data: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Legs.model_validate(data)
    assert problems_of(caught.value, Legs, "options") == [expected]


@pytest.mark.parametrize("settings", ["sandbox", 7, ["environment"]])
def test_what_is_no_table_of_settings_is_said_to_be_none(settings: object) -> None:
    assert f"is a {type(settings).__name__}, not a table" in problem(settings)


@pytest.mark.parametrize("bad", [float("inf"), float("nan"), -1, 0])
@pytest.mark.parametrize(
    "path", ["transport.connect_timeout_s", "transport.request_timeout_s", "retry.total_timeout_s"]
)
def test_every_wait_is_bounded(path: str, bad: float) -> None:
    table, key = path.split(".")
    assert problem({table: {key: bad}}).startswith(f"{path}: ")


def test_the_longest_wait_before_a_reconnect_is_not_below_the_first() -> None:
    assert "retry.reconnect_max_s" in problem({"retry": {"reconnect_initial_s": 5, "reconnect_max_s": 1}})


@pytest.mark.parametrize("environment", ["live", "testnet"])
def test_an_address_is_for_a_sandbox_and_for_nothing_else(environment: str) -> None:
    found = problem({"environment": environment, "rest_url": "http://127.0.0.1:8080"})
    assert found == f"rest_url: it is for a running sandbox, but environment is {environment}"


def test_stream_addresses_are_not_silently_ignored_without_the_rest_address() -> None:
    found = problems({"stream_url": "ws://127.0.0.1:1", "ws_api_url": "ws://127.0.0.1:1"})
    assert found == ("stream_url: it needs rest_url beside it", "ws_api_url: it needs rest_url beside it")


@pytest.mark.parametrize(
    "urls",
    [
        {"rest_url": "127.0.0.1:8080"},
        {"rest_url": "ws://127.0.0.1"},
        {"rest_url": "http://"},
        {"rest_url": "http://h:port"},
        {"rest_url": "http://[::1"},
        {"rest_url": "http://h", "stream_url": "http://h"},
        {"rest_url": "http://h", "ws_api_url": "h/ws"},
    ],
)
def test_a_wrong_address_is_refused_before_anything_is_sent_there(urls: dict[str, str]) -> None:
    assert problem(urls).startswith(list(urls)[-1])


def test_the_addresses_of_a_sandbox_are_taken_as_given() -> None:
    urls = {"rest_url": "http://127.0.0.1:8080", "stream_url": "ws://[::1]:1/x", "ws_api_url": "wss://h/ws"}
    config = ExchangeConfig.parse(urls)
    assert (config.rest_url, config.stream_url, config.ws_api_url) == tuple(urls.values())


@pytest.mark.parametrize(
    "settings",
    [
        {"credentials": {"api_key": CANARY, "api_secret": CANARY, "passphrase": CANARY}},
        {"transport": {"proxy": f"http://user:{CANARY}@proxy.example:3128"}},
        {"options": {"api_secret": CANARY}},
        {"sandbox": {"api_secret": CANARY}},
    ],
)
def test_no_secret_is_in_the_repr_of_a_configuration(settings: dict[str, Any]) -> None:
    config = ExchangeConfig.parse(settings)
    assert CANARY not in f"{config!r} {config} {config.credentials!r} {config.transport!r}"


@pytest.mark.parametrize(
    "settings",
    [
        {"credentials": CANARY},
        {"credentials": {"api_key": CANARY, "api_secret": [CANARY]}},
        {"credentials": {"api_key": CANARY, "secret": CANARY}},
        {"rest_url": f"http://user:{CANARY}@127.0.0.1"},
        {"rest_url": f"{CANARY}://x"},
        {"transport": {"proxy": [CANARY]}},
    ],
)
def test_no_value_is_in_the_text_of_an_error(settings: dict[str, Any]) -> None:
    assert CANARY not in "".join(problems(settings))
    with pytest.raises(ValidationError) as caught:
        ExchangeConfig.model_validate(settings)
    assert CANARY not in str(caught.value)


def test_a_toml_file_gives_the_table_of_one_exchange(tmp_path: Path) -> None:
    file = tmp_path / "foxtrot.toml"
    file.write_text('[exchanges.toy]\nenvironment = "live"\n[exchanges.toy.retry]\nattempts = 5\n')
    config = ExchangeConfig.from_toml(file, "toy")
    assert (config.environment, config.retry.attempts) == ("live", 5)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'[exchange.toy]\nenvironment = "live"\n', r"no table \[exchanges.toy\]; the exchanges in it: none"),
        (b"[exchanges.tyo]\n", r"no table \[exchanges.toy\]; the exchanges in it: tyo"),
        (b"exchanges = 3\n", r"no table \[exchanges.toy\]"),
        (b"[exchanges]\ntoy = 3\n", "exchanges.toy: is a int, not a table"),
        (b"[exchanges.toy]\nretry = 1\n", "exchanges.toy.retry: "),
        (b"not toml", "is no TOML"),
        (b"\xff\xfe", "is no TOML"),
    ],
)
def test_a_toml_file_without_the_right_table_never_means_the_defaults(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "foxtrot.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=reason):
        ExchangeConfig.from_toml(file, "toy")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        ExchangeConfig.from_toml(tmp_path / "nowhere.toml", "toy")
