"""Playing one scenario: a loop, a folder and a seed of its own, and nothing left behind."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal
from foxtrot.testkit.scenarios.registry import Performance


def play(spec: AdapterSpec, performance: Performance) -> None:
    """Play it in an event loop of its own. Raises AssertionError when the promise is broken."""
    random.seed(performance.name)  # back-off and retries draw on it
    with tempfile.TemporaryDirectory(prefix="foxtrot-scenario-") as folder:
        asyncio.run(_play(Bench(spec, Path(folder)), performance))


async def _play(bench: Bench, performance: Performance) -> None:
    longest_s = performance.scenario.longest_s
    try:
        async with asyncio.timeout(longest_s):
            await performance.play(bench)
    except TimeoutError:
        raise AssertionError(
            f"{performance.name} did not end within {longest_s:g} s: somebody waits for ever"
        ) from None
    finally:
        async with asyncio.timeout(longest_s):
            await bench.close()
    left = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("foxtrot")]
    equal(left, [], "what is left running")
