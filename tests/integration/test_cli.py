"""The command line as a user types it: one sentence per error, documented exit codes, JSON everywhere."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.shares import installed

SECRET = "canary-secret-77"


def foxtrot(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "foxtrot.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(env or {})},
    )


def said(*arguments: str, env: dict[str, str] | None = None) -> Any:
    done = foxtrot(*arguments, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "foxtrot.cli.main", "sandbox", "serve", "--json", "--rate", "100"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    process.stdout.close()


def test_a_served_venue_takes_its_dialects_options_and_other_balances() -> None:
    command = [
        sys.executable,
        "-m",
        "foxtrot.cli.main",
        "sandbox",
        "serve",
        "--json",
        "--venue",
        "kraken",
        "--rate",
        "0",
    ]
    more = ["--symbols", "BTC/USD", "--option", "tier=starter", "--option", "post_only=refuse", "--balance", "USD=7.5"]
    process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    facts = json.loads(process.stdout.readline())
    try:
        held = said("balance", "--exchange", "kraken", "--rest-url", facts["rest"], "--json")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        process.stdout.close()
    assert facts["dialect_options"] == {"tier": "starter", "post_only": "refuse"}
    assert [(row["asset"], row["free"]) for row in held] == [("USD", "7.5000")]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--option", "tier"], "'tier' is not NAME=VALUE"),
        (["--balance", "=5"], "'=5' is not ASSET=AMOUNT"),
        (["--option", "tier=gold"], "sandbox.dialect_options.tier"),
        (["--option", "teir=pro"], "sandbox.dialect_options.teir"),
        (["--balance", "USD=much"], "balances"),
    ],
)
def test_an_option_that_is_none_is_told_before_anything_is_served(given: list[str], sentence: str) -> None:
    done = foxtrot("sandbox", "serve", "--venue", "kraken", "--symbols", "BTC/USD", *given, env={"COLUMNS": "200"})
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_holds_everything_it_promises() -> None:
    document = said("demo", "--json")
    assert document["ok"] is True
    steps = {step["name"]: step for step in document["steps"]}
    assert all(step["ok"] for step in steps.values())
    assert {"resting limit", "partial fill", "then filled", "market sell", "cancel", "denied here"} <= steps.keys()
    assert {"refused by venue", "reconciled", "shutdown", "streams", "books"} <= steps.keys()
    assert len(document["market"]) == 3


def test_the_demo_of_several_venues_trades_on_each_with_one_strategy_and_finds_the_best_quote() -> None:
    document = said("demo", "--venues", "binanceus,kraken", "--symbols", "BTC/USDT,ETH/USDT", "--json")
    assert document["ok"] is True
    assert {(row["symbol"], row["venue"]) for row in document["quotes"]} == {
        (symbol, venue) for symbol in ("BTC/USDT", "ETH/USDT") for venue in ("binanceus", "kraken")
    }
    for row in document["best"]:
        there = [quote for quote in document["quotes"] if quote["symbol"] == row["best of all"]]
        assert float(row["bid"]) == max(float(quote["bid"]) for quote in there)
        assert float(row["ask"]) == min(float(quote["ask"]) for quote in there)
    assert [(row["venue"], row["bought"]) for row in document["round trips"]] == [
        (row["venue"], row["sold"]) for row in document["round trips"]
    ]


def test_one_venue_or_several_but_not_both() -> None:
    done = foxtrot("demo", "--exchange", "kraken", "--venues", "kraken,binanceus")
    assert done.returncode == 2
    assert "either --exchange or --venues" in done.stdout + done.stderr


@pytest.mark.parametrize("spec", installed(), ids=lambda spec: spec.name)
def test_the_demo_holds_at_every_installed_venue(spec: AdapterSpec) -> None:
    document = said("demo", "--exchange", spec.name, "--json")
    assert [step["name"] for step in document["steps"] if not step["ok"]] == []


def test_the_demo_in_a_pipe_is_plain_lines() -> None:
    done = foxtrot("demo")
    assert done.returncode == 0, done.stdout
    assert "\x1b" not in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].startswith("OK: everything held")


def test_public_commands_print_json(served: dict[str, Any]) -> None:
    here = ("--rest-url", served["rest"], "--json")
    assert {m["symbol"] for m in said("markets", *here)} == {"BTC/USDT", "ETH/USDT", "HBAR/USDT"}
    assert said("markets", "hbar", *here)[0]["tick"] == "0.00001"
    assert [t["symbol"] for t in said("ticker", "BTC/USDT", "ETH/USDT", *here)] == ["BTC/USDT", "ETH/USDT"]
    assert [row["side"] for row in said("book", "BTC/USDT", "--depth", "2", *here)] == ["ask", "ask", "bid", "bid"]
    assert isinstance(said("trades", "BTC/USDT", *here), list)
    assert len(said("bars", "BTC/USDT", "-i", "5m", "--limit", "7", *here)) == 7
    assert {b["asset"] for b in said("balance", *here)} >= {"BTC", "USDT"}


def test_an_order_is_placed_found_listed_and_canceled(served: dict[str, Any]) -> None:
    here = ("--rest-url", served["rest"], "--json")
    placed = said("order", "place", "BTC/USDT", "buy", "0.01", "--price", "50000", "--client-id", "cli-1", *here)
    assert (placed["status"], placed["client_id"]) == ("open", "cli-1")
    assert said("order", "status", "BTC/USDT", "--client-id", "cli-1", *here)["id"] == placed["id"]
    assert [o["id"] for o in said("order", "list", *here)] == [placed["id"]]
    assert said("order", "cancel", "BTC/USDT", "--id", placed["id"], *here)[0]["status"] == "canceled"
    assert said("order", "list", "BTC/USDT", "--history", *here)[-1]["status"] == "canceled"
    market = said("order", "place", "BTC/USDT", "buy", "0", "--quote-quantity", "100", *here)
    assert market["status"] == "filled"
    checked = said("order", "place", "BTC/USDT", "buy", "0.01", "--price", "50000", "--validate", *here)
    assert checked["status"] == "created"


def test_bars_go_to_files(tmp_path: Path, served: dict[str, Any]) -> None:
    for name in ("b.csv", "b.parquet"):
        target = str(tmp_path / name)
        facts = said("bars", "BTC/USDT", "--limit", "5", "-o", target, "--rest-url", served["rest"], "--json")
        assert facts["bars"] == 5
        assert (tmp_path / name).stat().st_size > 100


def test_bars_before_an_end_in_the_future_are_the_newest_ones(served: dict[str, Any]) -> None:
    here = ("--rest-url", served["rest"], "--json")
    rows = said("bars", "BTC/USDT", "-i", "1m", "--end", "2100-01-01", "--limit", "3", *here)
    now = datetime.now(UTC)
    opens = [datetime.fromisoformat(row["open_time"]) for row in rows]
    assert [b - a for a, b in pairwise(opens)] == [timedelta(minutes=1)] * 2
    assert now - timedelta(minutes=4) < opens[-1] <= now - timedelta(minutes=1)


def test_bars_that_the_venue_lacks_are_said_beside_the_others(served: dict[str, Any]) -> None:
    done = foxtrot("bars", "BTC/USDT", "-i", "1d", "--start", "2024-01-01", "--rest-url", served["rest"], "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) >= 2
    assert "No 1d candles that open from 2024-01-01T00:00:00.000Z to" in done.stderr


def test_watch_prints_one_object_per_event(served: dict[str, Any]) -> None:
    done = foxtrot("watch", "BTC/USDT", "--kinds", "quotes,book", "--for", "2", "--rest-url", served["rest"], "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {e["kind"] for e in events} == {"quote", "bookupdated"}


def test_an_interrupted_watch_ends_with_130() -> None:
    # A shell's background job ignores SIGINT, and so would what is started from there.
    default = (
        "import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    watch = [sys.executable, "-m", "foxtrot.cli.main", "watch", "BTC/USDT"]
    command = [sys.executable, "-c", default, *watch]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    drain = threading.Thread(target=process.communicate)
    drain.start()
    drain.join(15)
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("ticker", "BTC/USTD"), 2, "Did you mean BTC/USDT"),
        (("ticker", "BTC/USDT", "-e", "binancus"), 4, "Did you mean binanceus"),
        (("ticker", "BTC/USDT", "--env", "moon"), 3, "environment: Input should be 'sandbox', 'testnet' or 'live'"),
        (("ticker", "BTC/USDT", "--env", "testnet"), 7, "has no testnet environment"),
        (("ticker", "BTC/USDT", "--rest-url", "http://127.0.0.1:9"), 5, "cannot be reached"),
        (("ticker", "BTC/USDT", "--rest-url", "nonsense"), 3, "must begin with http://"),
        (("bars", "BTC/USDT", "-i", "7x"), 2, "is no interval; write 1m"),
        (("bars", "BTC/USDT", "--start", "someday"), 2, "start must be a datetime"),
        (("order", "place", "BTC/USDT", "buy", "lots", "--price", "5"), 2, "quantity must be a number, not 'lots'"),
        (("order", "place", "BTC/USDT", "hold", "1"), 2, "side must be buy or sell"),
        (("order", "place", "BTC/USDT", "buy", "0.0000001", "--price", "50000"), 6, "LOT_SIZE"),
        (("order", "place", "BTC/USDT", "buy", "5", "--price", "50000"), 6, "insufficient balance"),
        (("order", "status", "BTC/USDT"), 2, "exactly one"),
        (("watch", "BTC/USDT", "--kinds", "gossip"), 2, "gossip cannot be watched"),
        (("exchanges", "show", "nothing"), 4, "No exchange 'nothing' is installed"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_every_mistake_gets_one_sentence_and_its_exit_code(
    arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    done = foxtrot(*arguments)
    assert done.returncode == code, done.stderr
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_port_in_use_is_said_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = foxtrot("sandbox", "serve", "--port", port)
    assert done.returncode == 5
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_all_mistakes_of_a_configuration_file_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "foxtrot.toml"
    file.write_text("[exchanges.binanceus]\ncolour = 1\n[exchanges.binanceus.transport]\nconnect_timeout_s = -1\n")
    done = foxtrot("markets", "--config", str(file))
    assert done.returncode == 3
    assert "exchanges.binanceus.colour" in done.stderr
    assert "exchanges.binanceus.transport.connect_timeout_s" in done.stderr


def test_keys_are_listed_by_source_and_fingerprint_and_never_shown() -> None:
    env = {"FOXTROT_BINANCEUS_MAIN_API_KEY": "canary-key-77", "FOXTROT_BINANCEUS_MAIN_API_SECRET": SECRET}
    done = foxtrot("keys", "list", "--json", env=env)
    (row,) = json.loads(done.stdout)
    assert (row["exchange"], row["kind"], len(row["fingerprint"])) == ("binanceus", "hmac", 12)
    doctor = foxtrot("doctor", env=env)
    assert doctor.returncode == 0
    assert row["fingerprint"] in doctor.stdout
    for output in (done, doctor):
        assert "canary" not in output.stdout + output.stderr


def test_keys_are_checked_with_the_venue(served: dict[str, Any]) -> None:
    here = ("--env", "sandbox", "--rest-url", served["rest"], "--json")
    assert said("keys", "check", *here)["accepted"] is True
    wrong = {"FOXTROT_SANDBOX_MAIN_API_KEY": "somebody", "FOXTROT_SANDBOX_MAIN_API_SECRET": SECRET}
    refused = foxtrot("keys", "check", *here, env=wrong)
    assert refused.returncode == 3
    assert "Invalid API-key" in refused.stderr
    assert SECRET not in refused.stderr


def test_exchanges_are_listed_and_shown() -> None:
    assert [e["name"] for e in said("exchanges", "list", "--json")][:2] == ["binance", "binanceus"]
    shown = said("exchanges", "show", "binanceus", "--json")
    assert shown["capabilities"]["futures"]["support"] == "unsupported"


def test_help_names_every_command_and_the_exit_codes() -> None:
    done = foxtrot("--help")
    for command in [
        "demo",
        "exchanges",
        "doctor",
        "markets",
        "ticker",
        "book",
        "trades",
        "bars",
        "watch",
        "record",
        "replay",
        "balance",
        "order",
        "sandbox",
        "keys",
    ]:
        assert re.search(rf"^\s+{command}\s", done.stdout, re.MULTILINE), command
    assert "Exit codes" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from foxtrot.cli.main import main; main(['--help']); "
    code += "print([m for m in ('ccxt', 'aiohttp', 'pandas', 'picows') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
