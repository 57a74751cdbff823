"""An embedded venue on a real port, for clients of all kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from foxtrot.plugins import default_registry
from foxtrot.sandbox.embedded import Sandbox, make_options


@pytest.fixture(params=["current", "legacy"])
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """Serve both generations of the venue's protocol in turn."""
    settings: dict[str, Any] = {"profile": request.param, "rate": 100}
    async with await Sandbox.start(make_options(settings, "binanceus"), default_registry().load("binanceus")) as made:
        yield made
