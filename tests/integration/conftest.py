"""An embedded venue on a real port, for clients of all kinds."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
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


@contextlib.contextmanager
def _served(*arguments: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "foxtrot.cli.main", "sandbox", "serve", *arguments, "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    process.stdout.close()


@pytest.fixture(scope="session")
def serve() -> Callable[..., contextlib.AbstractContextManager[dict[str, Any]]]:
    """Run `foxtrot sandbox serve` with more arguments, as a user would, and end it as a service manager would."""
    return _served


def _redirected(value: Any, base: str) -> Any:
    if isinstance(value, dict):
        return {key: _redirected(item, base) for key, item in value.items()}
    if isinstance(value, str) and "://" in value:
        scheme, rest = value.split("://", 1)
        return f"{'ws' if scheme.startswith('ws') else 'http'}://{base}/{rest}"
    return value


@pytest.fixture(scope="session")
def redirected() -> Callable[[Any, str], Any]:
    """Put a sandbox at `base` in front of every host in nested URLs."""
    return _redirected
