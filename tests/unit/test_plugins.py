"""One broken adapter harms nobody, and every failure says what it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from foxtrot.errors import (
    AdapterBroken,
    AdapterIncompatible,
    AdapterNotFound,
    ConfigError,
    OrderDenied,
    UnsupportedError,
)
from foxtrot.exchange import BaseExchange
from foxtrot.factory import ExchangeFactory
from foxtrot.hookspecs import hookimpl, new_manager
from foxtrot.model.contract import Contract
from foxtrot.model.order import Order, OrderRequest, OrderStatus, OrderType
from foxtrot.plugins import PluginRegistry, PluginState, load_hooks
from foxtrot.protocol.messages import Listing
from foxtrot.testkit.toy import TOY, ToyExchange, ToyVenue

GOOD = """
import msgspec
from foxtrot.testkit.toy import TOY
SPEC = msgspec.structs.replace(TOY, name="NAME")
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))


def install(site: Path, distribution: str, name: str, code: str, group: str = "foxtrot.exchanges") -> None:
    """Install a real distribution: a module and its metadata with an entry point."""
    module = f"plug_{distribution.replace('-', '_')}"
    (site / f"{module}.py").write_text(code)
    info = site / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:SPEC\n")


def states(registry: PluginRegistry) -> dict[str, PluginState]:
    return {r.distribution: r.state for r in registry.load_all() if r.distribution.startswith("t-")}


def test_broken_foreign_and_clashing_adapters_are_reported_and_the_good_one_works(site: Path) -> None:
    install(site, "t-good", "tgood", GOOD.replace("NAME", "tgood"))
    install(site, "t-broken", "tbroken", "raise RuntimeError('half an upgrade')")
    install(site, "t-exits", "texits", "import nothing_of_that_name")
    install(site, "t-type", "ttype", "SPEC = 5")
    install(site, "t-liar", "tliar", GOOD.replace("NAME", "somebody"))
    future = GOOD.replace('name="NAME"', 'name="tfuture", api_version=99')
    install(site, "t-future", "tfuture", future)
    install(site, "t-z-clash", "tgood", GOOD.replace("NAME", "tgood"))
    registry = PluginRegistry(blocked=["tblocked"])
    install(site, "t-blocked", "tblocked", GOOD.replace("NAME", "tblocked"))
    assert states(registry) == {
        "t-good": PluginState.LOADED,
        "t-broken": PluginState.BROKEN,
        "t-exits": PluginState.BROKEN,
        "t-type": PluginState.BROKEN,
        "t-liar": PluginState.BROKEN,
        "t-future": PluginState.INCOMPATIBLE,
        "t-z-clash": PluginState.SHADOWED,
        "t-blocked": PluginState.BLOCKED,
    }
    assert registry.load("tgood").name == "tgood"
    with pytest.raises(AdapterBroken, match="half an upgrade"):
        PluginRegistry().load("tbroken")
    with pytest.raises(AdapterIncompatible, match="99"):
        PluginRegistry().load("tfuture")
    with pytest.raises(AdapterNotFound, match="blocked"):
        registry.load("tblocked")


def test_finding_imports_nothing(site: Path) -> None:
    install(site, "t-lazy", "tlazy", "raise RuntimeError('must not be imported')")
    record = next(r for r in PluginRegistry().records() if r.name == "tlazy")
    assert record.state is PluginState.AVAILABLE


def test_an_unknown_exchange_is_answered_with_close_names_and_the_pip_line(site: Path) -> None:
    install(site, "t-good", "goodexchange", GOOD.replace("NAME", "goodexchange"))
    with pytest.raises(AdapterNotFound, match="Did you mean goodexchange") as caught:
        PluginRegistry().load("godexchange")
    assert "pip install foxtrot-godexchange" in str(caught.value)


def test_a_broken_hook_plugin_is_left_out_and_the_others_work(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(site, "t-hook", "thook", "raise RuntimeError('bad hook')", group="foxtrot.plugins")
    manager = load_hooks()
    assert manager.has_plugin("sandbox")
    assert not manager.has_plugin("thook")
    assert "bad hook" in caplog.text


def test_an_exchange_registered_in_process_can_be_asked_for_until_the_reset() -> None:
    factory = ExchangeFactory(PluginRegistry())
    factory.register_exchange("toy", ToyExchange, TOY)
    venue = ToyVenue()
    exchange = factory.get_exchange("toy", environment=venue)
    assert isinstance(exchange, ToyExchange)
    assert exchange.venue is venue
    factory.reset()
    with pytest.raises(AdapterNotFound):
        factory.get_exchange("toy", environment=venue)


def test_an_environment_that_the_venue_does_not_have_is_refused_never_replaced() -> None:
    factory = ExchangeFactory(PluginRegistry())
    factory.register_exchange("toy", ToyExchange, TOY)
    for environment in ("sandbox", "testnet", "live"):
        with pytest.raises(UnsupportedError, match=f"no {environment}"):
            factory.get_exchange("toy", {"environment": environment})


def test_all_problems_of_a_configuration_are_named_at_once_with_their_paths() -> None:
    factory = ExchangeFactory(PluginRegistry())
    factory.register_exchange("toy", ToyExchange, TOY)
    bad = {"environment": "moon", "colour": 1, "transport": {"request_timeout_s": -1}}
    with pytest.raises(ConfigError) as caught:
        factory.get_exchange("toy", bad)
    assert {p.split(":")[0] for p in caught.value.problems} == {"environment", "colour", "transport.request_timeout_s"}
    with pytest.raises(ConfigError, match="takes no options"):
        factory.get_exchange("toy", {"options": {"x": 1}}, environment=ToyVenue())


async def test_hooks_hear_of_contracts_and_closing_and_may_veto_an_order() -> None:
    heard: list[str] = []

    class Hooks:
        @hookimpl
        def foxtrot_exchange_created(self, exchange: BaseExchange) -> None:
            heard.append(f"created {exchange.name}")

        @hookimpl
        def foxtrot_contract_loaded(self, exchange: str, contract: Contract) -> None:
            heard.append(f"contract {contract.symbol}")

        @hookimpl
        def foxtrot_before_place(self, exchange: str, order: Order) -> None:
            raise OrderDenied("not on a Friday", rule="RISK")

        @hookimpl
        def foxtrot_exchange_closed(self, exchange: str) -> None:
            heard.append(f"closed {exchange}")

    hooks = new_manager()
    hooks.register(Hooks())
    contract = Contract(
        exchange="toy",
        symbol="BTC/USD",
        venue_symbol="BTCUSD",
        base="BTC",
        quote="USD",
        order_types=(OrderType.LIMIT,),
    )
    venue = ToyVenue(time=b"1", markets=msgspec.json.encode(Listing([contract], [])))
    factory = ExchangeFactory(PluginRegistry(), hooks)
    factory.register_exchange("toy", ToyExchange, TOY)
    async with factory.get_exchange("toy", environment=venue) as exchange:
        with pytest.raises(OrderDenied, match="Friday") as denied:
            await exchange.place_order(OrderRequest.limit("BTC/USD", "buy", 1, 1))
    assert denied.value.order is not None
    assert denied.value.order.status is OrderStatus.DENIED
    assert venue.sent("place") == []
    assert heard == ["created toy", "contract BTC/USD", "closed toy"]
    factory.reset()


def test_a_plugin_adds_commands_to_the_command_line(site: Path) -> None:
    code = """
import typer
from foxtrot.hookspecs import hookimpl
class SPEC:
    @hookimpl
    @staticmethod
    def foxtrot_cli_commands(app: typer.Typer) -> None:
        app.command("dance")(lambda: print("la la"))
"""
    install(site, "t-cli", "tcli", code, group="foxtrot.plugins")
    run = subprocess.run(
        [sys.executable, "-m", "foxtrot.cli.main", "dance"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(site)},
    )
    assert (run.returncode, run.stdout) == (0, "la la\n"), run.stderr
