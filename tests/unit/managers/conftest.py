"""Desks, and a journal that takes no part in real time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from foxtrot.engine.journal import Journal
from foxtrot.testkit.desk import Desk

Make = Callable[..., Desk]


@pytest.fixture
async def make_desk() -> AsyncIterator[Make]:
    desks: list[Desk] = []

    def make(journal: Path | None = None, **orders: Any) -> Desk:
        desks.append(Desk("binanceus", journal, **orders))
        return desks[-1]

    yield make
    for desk in desks:
        await desk.close()


@pytest.fixture
async def desk(make_desk: Make) -> Desk:
    made = make_desk()
    await made.run(made.exchange.connect())
    return made


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """Yield a journal that writes in the caller's thread: virtual time waits for no other."""
    async with Journal.open(tmp_path / "journal.db", threaded=False, durable=False) as made:
        yield made
