"""Making an adapter: by the venue's name, by the gateway's, by class; and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from foxtrot import gateway
from foxtrot.clock import SystemClock
from foxtrot.engine.bus import EventEngine as CoreEngine
from foxtrot.errors import AdapterNotFound, InvalidRequest
from foxtrot.gateway import Exchange, OrderRequest, SubscribeRequest, ThreadedAdapter
from foxtrot.gateway.records import OrderIds
from foxtrot.plugins import PluginRegistry, default_registry

ENGINE = gateway.EventEngine()


@pytest.fixture
def registry() -> Iterator[PluginRegistry]:
    made = default_registry()
    yield made
    made.reset()


def test_every_installed_adapter_has_its_class(registry: PluginRegistry) -> None:
    for venue in registry.names():
        name = "".join(part.capitalize() for part in venue.split("-")) + "Adapter"
        cls = getattr(gateway, name)
        assert issubclass(cls, ThreadedAdapter)
        assert cls(ENGINE, "DESK").exchange_name == venue
        assert cls is getattr(gateway, name)
        assert name in dir(gateway)


def test_an_adapter_that_comes_later_has_its_class_too(registry: PluginRegistry) -> None:
    spec = msgspec.structs.replace(registry.load("binanceus"), name="some-venue")
    registry.register(spec)
    assert gateway.SomeVenueAdapter(ENGINE, "DESK").exchange_name == "some-venue"  # type: ignore[attr-defined]


def test_an_unknown_class_is_an_attribute_error_with_close_names() -> None:
    with pytest.raises(AttributeError, match=r"Did you mean .*BinanceAdapter"):
        gateway.BinanseAdapter  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        gateway.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_without_an_exchange_the_gateways_name_chooses_and_else_the_preferred_one(registry: PluginRegistry) -> None:
    assert ThreadedAdapter(ENGINE, "BINANCE").exchange_name == "binance"
    assert ThreadedAdapter(ENGINE, "DESK").exchange_name == registry.preferred().name
    assert ThreadedAdapter(ENGINE, "BINANCE", exchange="binanceus").exchange_name == "binanceus"


def test_an_exchange_that_is_not_installed_is_refused_at_once() -> None:
    with pytest.raises(AdapterNotFound, match="Did you mean binance"):
        ThreadedAdapter(ENGINE, "DESK", exchange="binanse")


@pytest.mark.parametrize("name", ["A.B", "A B", " ", 7])
def test_a_name_that_would_break_its_vt_symbols_is_refused(name: Any) -> None:
    with pytest.raises(InvalidRequest, match="one word without a dot"):
        ThreadedAdapter(ENGINE, name)


def test_an_engine_that_cannot_take_these_events_is_refused() -> None:
    for wrong in (None, object(), CoreEngine(SystemClock())):
        with pytest.raises(InvalidRequest, match="event_engine must take events"):
            ThreadedAdapter(wrong, "DESK")  # type: ignore[arg-type]


def test_a_symbol_with_its_exchange_is_the_same_request() -> None:
    one, two = SubscribeRequest("BTCUSDT.DESK", Exchange.DESK), SubscribeRequest("BTCUSDT", Exchange.DESK)
    assert one == two
    assert one.vt_symbol == "BTCUSDT.DESK"


def test_a_vt_symbol_goes_there_and_back() -> None:
    assert gateway.extract_vt_symbol("BTC.X.DESK") == ("BTC.X", Exchange.DESK)
    assert gateway.generate_vt_symbol(*gateway.extract_vt_symbol("BTCUSDT.DESK")) == "BTCUSDT.DESK"
    for wrong in ("BTCUSDT", ".DESK", "BTCUSDT.", "", None):
        with pytest.raises(InvalidRequest, match=r"written as BTCUSDT\.DESK"):
            gateway.extract_vt_symbol(wrong)  # type: ignore[arg-type]


def test_requests_and_data_take_vnpys_arguments_in_vnpys_order() -> None:
    req = OrderRequest("BTCUSDT", Exchange.DESK, gateway.Direction.LONG, gateway.OrderType.LIMIT, 1, 2)
    data = req.create_order_data("7", "DESK")
    assert (data.vt_orderid, data.price, data.volume, data.is_active()) == ("DESK.7", 2.0, 1.0, True)
    cancel = data.create_cancel_request()
    assert (cancel.orderid, cancel.symbol, cancel.vt_symbol) == ("7", "BTCUSDT", "BTCUSDT.DESK")
    assert gateway.CancelRequest("7", "BTCUSDT", Exchange.DESK) == cancel
    assert gateway.TickData(gateway_name="DESK", symbol="B", exchange=Exchange.X, datetime=None).vt_symbol == "B.X"  # type: ignore[arg-type]


def test_no_two_gateways_give_out_the_same_order_id() -> None:
    pattern = "[A-Za-z0-9_-]{1,18}"
    many = [OrderIds("DESK", pattern) for _ in range(50)]
    ids = [factory.next() for factory in many for _ in range(20)]
    assert len(set(ids)) == len(ids)


def test_the_shown_class_survives_the_usual_import_statement() -> None:
    code = "from foxtrot.gateway import BinanceAdapter; print(BinanceAdapter.__name__, BinanceAdapter.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["BinanceAdapter", "foxtrot.gateway"]
