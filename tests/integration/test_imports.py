"""Whoever trades in an event loop is not held up by another exchange that connects there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.shares import installed

WATCHED = """
import asyncio, json, sys, threading

class Watch:
    seen = {}

    def find_spec(self, name, path=None, target=None):
        self.seen.setdefault(name, threading.current_thread() is threading.main_thread())

sys.meta_path.insert(0, Watch())

from foxtrot import get_exchange

async def main():
    exchange = get_exchange(sys.argv[1])
    await exchange.connect()
    await exchange.disconnect()

asyncio.run(main())
print(json.dumps([name for name, in_loop in Watch.seen.items() if in_loop and name.partition(".")[0] == "ccxt"]))
"""


@pytest.mark.parametrize("spec", installed(), ids=lambda spec: spec.name)
def test_what_takes_a_second_to_import_is_not_imported_in_the_event_loop(spec: AdapterSpec) -> None:
    done = subprocess.run([sys.executable, "-c", WATCHED, spec.name], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
