"""Which transport is taken."""

from __future__ import annotations

import sys

import pytest

from foxtrot.config import TransportConfig
from foxtrot.errors import UnsupportedError
from foxtrot.io.ws import make_connector


@pytest.fixture
def without_picows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "foxtrot.io.ws_picows", raising=False)
    monkeypatch.setitem(sys.modules, "picows", None)


def test_picows_is_taken_where_it_can_be_imported() -> None:
    assert type(make_connector(TransportConfig())).__name__ == "PicowsConnector"
    assert type(make_connector(TransportConfig(websocket="websockets"))).__name__ == "WebsocketsConnector"


@pytest.mark.usefixtures("without_picows")
def test_without_picows_the_other_transport_is_taken() -> None:
    assert type(make_connector(TransportConfig())).__name__ == "WebsocketsConnector"


@pytest.mark.usefixtures("without_picows")
def test_picows_by_name_where_it_is_missing_is_refused_with_the_way_out() -> None:
    with pytest.raises(UnsupportedError, match=r'pip install picows, or set transport\.websocket to "websockets"'):
        make_connector(TransportConfig(websocket="picows"))
