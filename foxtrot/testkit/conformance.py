"""Rules that every adapter must keep, checked from its manifest alone: no network, no keys.

An adapter's own test is two lines::

    from foxtrot.testkit.conformance import check_adapter
    def test_conformance() -> None: assert check_adapter(SPEC) == []
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import msgspec

from foxtrot.capabilities import Support
from foxtrot.config import ExchangeConfig
from foxtrot.errors import AdapterBroken, FoxtrotError, StateError, UnsupportedError
from foxtrot.exchange import BaseExchange
from foxtrot.plugins import exchange_class
from foxtrot.ports import VenueAccess
from foxtrot.spec import API_VERSION, AdapterSpec
from foxtrot.testkit.operations import OPERATIONS

_HEAVY = ("ccxt", "aiohttp", "websockets", "picows", "pandas")
_SYMBOL = "BTC/USD"


class Finding(msgspec.Struct, frozen=True):
    """Name a broken rule and say what was seen."""

    rule: str
    text: str


def check_adapter(spec: AdapterSpec) -> list[Finding]:
    """Check one venue's manifest and class; an empty list means that it conforms."""
    return [*_check_manifest(spec), *_check_class(spec)]


def check_manifest_is_light(module: str) -> list[Finding]:
    """Check, in a fresh interpreter, that importing a manifest module imports nothing heavy."""
    code = f"import sys, {module}; print(*[m for m in {_HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        return [Finding("manifest-imports", done.stderr.strip().splitlines()[-1])]
    heavy = done.stdout.strip()
    return [Finding("manifest-is-light", f"importing {module} also imports {heavy}")] if heavy else []


def _check_manifest(spec: AdapterSpec) -> Iterator[Finding]:
    if spec.api_version != API_VERSION:
        yield Finding("api-version", f"written for {spec.api_version}, this is {API_VERSION}")
    if spec.name != spec.name.lower() or not spec.name.isidentifier():
        yield Finding("name", f"{spec.name!r} is no lower-case identifier")
    if "sandbox" in spec.environments and not spec.dialect:
        yield Finding("sandbox-needs-dialect", "environments lists sandbox but dialect is empty")
    for capability, feature in spec.capabilities.items():
        if feature.support in (Support.PARTIAL, Support.EMULATED) and not feature.note:
            yield Finding("note", f"{capability.value} is {feature.support.value} but does not say how")


def _check_class(spec: AdapterSpec) -> Iterator[Finding]:
    try:
        cls = exchange_class(spec)
    except AdapterBroken as error:
        yield Finding("class", error.message)
        return
    yield from _check_environments(spec, cls)
    yield from asyncio.run(_check_guards(spec, cls))


def _check_environments(spec: AdapterSpec, cls: type[BaseExchange]) -> Iterator[Finding]:
    for environment in ("testnet", "live"):
        try:
            endpoints = cls.live_endpoints(spec, environment)
        except UnsupportedError:
            if environment in spec.environments:
                yield Finding("environment", f"{environment} is listed but has no hosts")
            continue
        if environment not in spec.environments:
            yield Finding("environment", f"{environment} has hosts but is not listed")
        if not endpoints.rest.startswith("https://") or not endpoints.stream.startswith("wss://"):
            yield Finding("encryption", f"{environment} hosts are not encrypted: {endpoints.rest} {endpoints.stream}")


async def _check_guards(spec: AdapterSpec, cls: type[BaseExchange]) -> list[Finding]:
    findings = []
    for capability, operation in OPERATIONS.items():
        exchange = cls(spec, ExchangeConfig(), _NoEnvironment())
        expected = StateError if spec.capabilities[capability].support.usable else UnsupportedError
        try:
            await operation(exchange, _SYMBOL)
        except FoxtrotError as error:
            if not isinstance(error, expected):
                findings.append(Finding("guard", f"{capability.value} raised {error!r}, not {expected.__name__}"))
        else:
            findings.append(Finding("guard", f"{capability.value} did not raise {expected.__name__}"))
    return findings


class _NoEnvironment:
    async def open(self) -> VenueAccess:
        raise StateError("Conformance checks open no connection.")

    async def close(self) -> None:
        return
