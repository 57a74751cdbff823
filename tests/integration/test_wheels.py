"""Third-party adapters as real wheels, installed beside the others: good ones work, broken ones harm nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "1.2"
dependencies = ["foxtrot"]

[project.entry-points."foxtrot.exchanges"]
{name} = "{package}.manifest:SPEC"
{more}
[tool.hatch.build.targets.wheel]
packages = ["{package}"]
"""
MANIFEST = """
import msgspec
from foxtrot.testkit.toy import TOY
SPEC = msgspec.structs.replace(
    TOY, name="{name}", title="A toy", environments=("sandbox",), exchange="{package}.exchange:Exchange"{more}
)
"""
EXCHANGE = """
from foxtrot.testkit.toy import ToyExchange
class Exchange(ToyExchange):
    "A toy of somebody else's."
"""
# The venue of the good one: a table of answers, offered by a plug-in of the same package.
PLACE = """
import msgspec
from foxtrot.hookspecs import hookimpl
from foxtrot.model.contract import Contract
from foxtrot.model.events import Ticker
from foxtrot.protocol.messages import Listing
from foxtrot.testkit.toy import ToyVenue

CONTRACT = Contract(exchange="toyhouse", symbol="BTC/USD", venue_symbol="BTCUSD", base="BTC", quote="USD")
TICKER = Ticker("toyhouse", "BTC/USD", 0, 0, 0, 7.0, 1, 6, 1, 8, 1, 5, 9, 4, 100, 700, 2.0)


@hookimpl
def foxtrot_environment(spec, config):
    if spec.name == "toyhouse":
        listing = msgspec.json.encode(Listing([CONTRACT], []))
        return ToyVenue(time=b"1", markets=listing, tickers=msgspec.json.encode([TICKER]))
"""
WRONG = """
from foxtrot.testkit.toy import ToyExchange
class Exchange(ToyExchange):
    async def place_order(self, symbol, side): ...
    def cancel_all_orders(self, symbol): ...
"""
CONNECT = """
import asyncio, foxtrot
async def main():
    async with foxtrot.get_exchange("toyhouse") as exchange:
        ticker = await exchange.fetch_ticker("BTC/USD")
        print(type(exchange).__module__, exchange.state.value, ticker.last)
    for name in ("toywrong", "toyimport", "toyfuture"):
        try:
            foxtrot.get_exchange(name)
        except foxtrot.errors.AdapterError as error:
            print(type(error).__name__)
asyncio.run(main())
"""


def project(folder: Path, distribution: str, name: str, *, more: str = "", **files: str) -> Path:
    """Write the source of one distribution."""
    package = distribution.replace("-", "_")
    (folder / distribution / package).mkdir(parents=True)
    text = PYPROJECT.format(distribution=distribution, name=name, package=package, more=more)
    (folder / distribution / "pyproject.toml").write_text(text)
    for file in ("__init__", "manifest", "exchange", "place"):
        default = {"manifest": MANIFEST.format(name=name, package=package, more=""), "exchange": EXCHANGE}
        (folder / distribution / package / f"{file}.py").write_text(files.get(file, default.get(file, "")))
    return folder / distribution


def pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheels by their real build backend and install them into a folder of their own."""
    folder = tmp_path_factory.mktemp("wheels")
    future = MANIFEST.format(name="toyfuture", package="foxtrot_toyfuture", more=", api_version=99")
    hook = '\n[project.entry-points."foxtrot.plugins"]\ntoyhouse = "foxtrot_toyhouse.place"\n'
    sources = [
        project(folder, "foxtrot-toyhouse", "toyhouse", more=hook, place=PLACE),
        project(folder, "foxtrot-toyimport", "toyimport", manifest="import nothing_of_that_name"),
        project(folder, "foxtrot-toyfuture", "toyfuture", manifest=future),
        project(folder, "foxtrot-toywrong", "toywrong", exchange=WRONG),
        project(folder, "foxtrot-zz-clash", "toyhouse"),
    ]
    built, installed = folder / "built", folder / "site"
    pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", str(built), *map(str, sources))
    wheels = sorted(map(str, built.glob("*.whl")))
    assert len(wheels) == len(sources)
    pip("install", "--no-deps", "--no-index", "--target", str(installed), *wheels)
    return installed


def run(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environment, check=False)


def test_every_adapter_is_listed_with_what_became_of_it_and_why(site: Path) -> None:
    done = run(site, "-m", "foxtrot.cli.main", "exchanges", "list", "--json")
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    toys = {row["package"]: (row["name"], row["state"]) for row in rows if row["name"].startswith("toy")}
    assert toys == {
        "foxtrot-toyhouse 1.2": ("toyhouse", "loaded"),
        "foxtrot-toyimport 1.2": ("toyimport", "broken"),
        "foxtrot-toyfuture 1.2": ("toyfuture", "incompatible"),
        "foxtrot-toywrong 1.2": ("toywrong", "broken"),
        "foxtrot-zz-clash 1.2": ("toyhouse", "shadowed"),
    }
    reasons = {row["package"].split()[0]: row["reason"] for row in rows}
    assert "No module named 'nothing_of_that_name'" in reasons["foxtrot-toyimport"]
    assert "written for plug-in interface 99" in reasons["foxtrot-toyfuture"]
    assert "foxtrot-toyhouse already provides toyhouse" in reasons["foxtrot-zz-clash"]
    wrong = reasons["foxtrot-toywrong"]
    assert "place_order does not take request" in wrong
    assert "place_order asks for symbol, which nobody gives it" in wrong
    assert "cancel_all_orders is not async" in wrong
    others = [row for row in rows if not row["name"].startswith("toy")]
    assert len(others) >= 2
    assert {row["state"] for row in others} == {"loaded"}


def test_the_good_one_connects_and_the_broken_ones_are_refused_with_a_typed_error(site: Path) -> None:
    done = run(site, "-W", "error", "-c", CONNECT)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said == ["foxtrot_toyhouse.exchange ready 7.0", "AdapterBroken", "AdapterBroken", "AdapterIncompatible"]
