"""Hours of market, over the end of a connection's life: nothing lost, nothing stale, nothing grows, no change heard."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from foxtrot.io.pool import StreamPool
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.day import Day
from foxtrot.testkit.scenarios.shares import families

_LIFE_S = 7_200.0  # the day itself: make day


@pytest.mark.parametrize("spec", families(), ids=lambda spec: spec.name)
async def test_hours_pass_without_a_loss_a_stale_book_or_growth(
    spec: AdapterSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = StreamPool.__init__

    def short_lived(pool: StreamPool, exchange: str, codec: Any, *rest: Any, **more: Any) -> None:
        codec.limits = msgspec.structs.replace(codec.limits, max_life_s=_LIFE_S)
        make(pool, exchange, codec, *rest, **more)

    monkeypatch.setattr(StreamPool, "__init__", short_lived)
    report = await Day(spec.name, rate=1).live(4.5)
    assert report.broken == []
    assert report.trades > 2_000
    assert report.checks >= 26
    assert report.connections >= 4  # the private stream, and three for the market, one after the other
    assert report.objects_growth_percent < 5
