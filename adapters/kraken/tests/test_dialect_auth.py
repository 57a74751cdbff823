"""Keys, signatures, nonces and the counter of calls, as the venue's pages have them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from foxtrot.errors import ConfigError
from foxtrot.sandbox.dialect import HttpRequest
from foxtrot.sandbox.options import DEFAULT_SECRET, SandboxOptions, default_credentials
from foxtrot.sandbox.venue import Venue
from foxtrot_kraken.dialect import KRAKEN_DIALECT
from foxtrot_kraken.dialect.keys import signature
from foxtrot_kraken.dialect.profile import DialectOptions

from .dialect_wire import Wire, read, sign_by_the_page

BALANCE = "/0/private/Balance"


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_the_signature_is_that_of_the_page() -> None:
    secret = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
    body = b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    made = signature(base64.b64decode(secret), "/0/private/AddOrder", "1616492376594", body)
    assert made == "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="


def test_the_sandbox_hands_out_a_secret_that_works(wire: Wire) -> None:
    credentials = default_credentials()
    answer = wire.raw(BALANCE, "nonce=5", "5", secret=credentials.api_secret.get_secret_value())
    assert answer["error"] == []
    assert set(answer["result"]) == {"ZUSD", "USDT", "XXBT"}


def test_a_form_and_a_json_body_are_signed_alike(wire: Wire) -> None:
    assert wire.raw(BALANCE, "nonce=5", "5")["error"] == []
    assert wire.raw(BALANCE, '{"nonce": 6}', "6", kind="application/json")["error"] == []
    assert wire.raw(BALANCE, '{"nonce": "7"}', "7", kind="application/json")["error"] == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"key": "stranger"}, "EAPI:Invalid key"),
        ({"key": ""}, "EAPI:Invalid key"),
        ({"secret": base64.b64encode(b"another").decode()}, "EAPI:Invalid signature"),
        ({"nonce": "6"}, "EAPI:Invalid signature"),
    ],
)
def test_what_is_not_signed_with_the_key_is_refused(wire: Wire, change: dict[str, str], text: str) -> None:
    nonce = change.pop("nonce", "5")
    assert wire.raw(BALANCE, "nonce=5", nonce, **change) == {"error": [text]}


def test_a_body_that_was_changed_on_its_way_is_refused(wire: Wire) -> None:
    headers = {"api-key": "sandbox-key", "api-sign": sign_by_the_page(DEFAULT_SECRET, BALANCE, "5", "nonce=5")}
    request = HttpRequest(method="POST", path=BALANCE, query="", headers=headers, body=b"nonce=5&asset=ZUSD")
    assert read(wire.dialect.http(request)) == {"error": ["EAPI:Invalid signature"]}


@pytest.mark.parametrize("second", ["5", "4", "0", "x", "", "-1", "5.0", "18446744073709551616"])
def test_a_nonce_must_grow_and_be_a_whole_number_of_64_bits(wire: Wire, second: str) -> None:
    assert wire.raw(BALANCE, "nonce=5", "5")["error"] == []
    assert wire.raw(BALANCE, f"nonce={second}", second) == {"error": ["EAPI:Invalid nonce"]}
    assert wire.raw(BALANCE, "nonce=18446744073709551615", "18446744073709551615")["error"] == []


def test_a_nonce_that_came_with_a_bad_signature_is_not_used_up(wire: Wire) -> None:
    wire.raw(BALANCE, "nonce=9", "9", secret=base64.b64encode(b"another").decode())
    assert wire.raw(BALANCE, "nonce=9", "9")["error"] == []


def test_within_a_nonce_window_requests_may_overtake_each_other_but_not_repeat() -> None:
    wire = Wire(nonce_window=10)
    said = [wire.raw(BALANCE, f"nonce={n}", str(n))["error"] for n in (100, 95, 95, 90, 89, 101, 90)]
    bad = ["EAPI:Invalid nonce"]
    assert said == [[], [], bad, [], bad, [], bad]


def test_a_private_request_must_be_posted_and_a_strange_one_is_unknown(wire: Wire) -> None:
    assert read(wire.dialect.http(HttpRequest(method="GET", path=BALANCE, query="", headers={}, body=b"")))[
        "error"
    ] == ["EGeneral:Unknown method"]
    assert wire.post("Dance") == {"error": ["EGeneral:Unknown method"]}
    assert wire.get("Dance") == {"error": ["EGeneral:Unknown method"]}


def test_a_revoked_key_opens_nothing_and_neither_do_its_tokens(wire: Wire) -> None:
    token = wire.token()
    wire.dialect.revoke_key()
    assert wire.post("Balance") == {"error": ["EAPI:Invalid key"]}
    session, heard = wire.socket()
    wire.ask(session, "subscribe", channel="balances", token=token)
    assert heard[0]["error"] == "ESession:Invalid session"


@pytest.mark.parametrize("secret", ["not base64!", "abc", "sandbox-secret"])
def test_a_secret_that_no_client_could_use_is_refused_at_the_start(secret: str) -> None:
    options = SandboxOptions(venue="kraken", api_secret=secret)
    venue = Venue(KRAKEN_DIALECT.contracts(options), lambda: 1, maker_fee=0, taker_fee=0)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="not base64") as refused:
        KRAKEN_DIALECT.open(venue, options)
    assert secret not in str(refused.value)


def test_an_unknown_option_is_named() -> None:
    options = SandboxOptions(venue="kraken", dialect_options={"tier": "gold", "speed": 1})
    with pytest.raises(ConfigError, match=r"dialect_options\.tier.*dialect_options\.speed"):
        KRAKEN_DIALECT.contracts(options)


@pytest.mark.parametrize(("tier", "most", "decay"), [("starter", 15, 0.33), ("intermediate", 20, 0.5), ("pro", 20, 1)])
def test_calls_count_up_to_the_tiers_maximum_and_decay(tier: str, most: int, decay: float) -> None:
    wire = Wire(tier=tier)
    said = [wire.post("Balance")["error"] for _ in range(most + 1)]
    assert said == [[]] * most + [["EAPI:Rate limit exceeded"]]
    wire.now_ns += int(1.01 / decay * 1e9)
    assert [wire.post("Balance")["error"] for _ in range(2)] == [[], ["EAPI:Rate limit exceeded"]]


def test_histories_count_twice_and_orders_not_at_all() -> None:
    wire = Wire()
    histories = ["TradesHistory", "ClosedOrders", "Ledgers", "QueryTrades"]
    said = [wire.post(histories[n % 3])["error"] for n in range(11)]
    assert said == [[]] * 10 + [["EAPI:Rate limit exceeded"]]
    assert wire.order()["error"] == []
    assert wire.post("CancelAll")["error"] == []


def test_too_many_bad_calls_lock_the_key_out_for_a_while() -> None:
    wire = Wire(lockout_after=3, lockout_s=10)

    def bad() -> Any:
        return wire.raw(BALANCE, "nonce=0", "0")["error"]

    assert [bad() for _ in range(2)] == [["EAPI:Invalid nonce"]] * 2
    wire.ok("Balance")  # a good one in between
    assert [bad() for _ in range(3)] == [["EAPI:Invalid nonce"]] * 3
    assert wire.post("Balance")["error"] == ["EGeneral:Temporary lockout"]
    wire.now_ns += 10 * 10**9
    assert wire.post("Balance")["error"] == []


@pytest.mark.parametrize("text", ["EAPI:Rate limit exceeded", "EGeneral:Too many requests"])
def test_public_calls_are_counted_for_each_pair(text: str) -> None:
    wire = Wire(public_per_second=1, public_at_once=2, public_text=text)
    asked = [wire.get("Depth", pair=name)["error"] for name in ("XBTUSD", "XXBTZUSD", "XBT/USD", "XBTUSDT")]
    assert asked == [[], [], [text], []]
    assert [wire.get("Time")["error"] for _ in range(3)] == [[], [], [text]]
    wire.now_ns += 10**9
    assert [wire.get("Depth", pair="XBTUSD")["error"] for _ in range(2)] == [[], [text]]


def test_the_sandbox_counts_public_calls_unless_told_otherwise() -> None:
    wire = Wire(**{name: DialectOptions.model_fields[name].default for name in ("public_per_second", "public_at_once")})
    assert [wire.get("Time")["error"] for _ in range(6)] == [[]] * 5 + [["EAPI:Rate limit exceeded"]]
