"""Hours of market, over the end of a connection's life: nothing lost, nothing stale, nothing grows, no change heard."""

from __future__ import annotations

import msgspec
import pytest

from foxtrot.testkit.day import Day
from foxtrot_binance.codec.stream import BinanceStreamCodec


async def test_hours_pass_without_a_loss_a_stale_book_or_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    shorter = msgspec.structs.replace(BinanceStreamCodec.limits, max_life_s=7_200.0)  # the day itself: make day
    monkeypatch.setattr(BinanceStreamCodec, "limits", shorter)
    report = await Day("binanceus", rate=2).live(4.5)
    assert report.broken == []
    assert report.trades > 5_000
    assert report.checks >= 26
    assert report.connections >= 4  # the private stream, and three for the market, one after the other
    assert report.objects_growth_percent < 5
