"""Discovery of adapters: entry points one by one, each guarded, so that a broken one harms nobody."""

from __future__ import annotations

import enum
import functools
import importlib
import importlib.metadata
import logging
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import pluggy

from foxtrot.errors import AdapterBroken, AdapterError, AdapterIncompatible, AdapterNotFound, close_names
from foxtrot.hookspecs import new_manager
from foxtrot.signatures import mismatches
from foxtrot.spec import API_VERSION, AdapterSpec

if TYPE_CHECKING:
    from foxtrot.exchange import BaseExchange

_LOG = logging.getLogger("foxtrot.plugins")
EXCHANGES = "foxtrot.exchanges"
PLUGINS = "foxtrot.plugins"
EntryPoints = Callable[[str], Iterable[importlib.metadata.EntryPoint]]
# A plug-in that calls sys.exit while it is imported must not end the process.
_FAILURES = (Exception, SystemExit)


class PluginState(enum.Enum):
    """Name what became of a plug-in."""

    AVAILABLE = "available"  # found, not yet loaded
    LOADED = "loaded"
    BROKEN = "broken"
    INCOMPATIBLE = "incompatible"
    BLOCKED = "blocked"
    SHADOWED = "shadowed"  # another distribution has the same name and comes first


class PluginRecord(msgspec.Struct):
    """Report one plug-in: where it comes from and what became of it."""

    name: str
    distribution: str
    version: str
    state: PluginState
    reason: str = ""
    spec: AdapterSpec | None = None


class PluginRegistry:
    """Find and load adapters' manifests.

    What is registered in process wins over what is installed; of two distributions with the same name the one that
    sorts first wins, whatever its state. Names in `blocked` (default: FOXTROT_BLOCKED, separated by commas) are listed
    but never loaded.
    """

    def __init__(self, entry_points: EntryPoints | None = None, blocked: Iterable[str] | None = None) -> None:
        self._entry_points = entry_points or _installed
        self._blocked = None if blocked is None else frozenset(blocked)
        self._records: list[PluginRecord] | None = None
        self._points: dict[str, importlib.metadata.EntryPoint] = {}
        self._registered: dict[str, AdapterSpec] = {}

    def records(self) -> list[PluginRecord]:
        """Return every plug-in found and registered, by name; finding imports nothing."""
        if self._records is None:
            self._records = self._discover()
        return list(self._records)

    def names(self) -> list[str]:
        """Return the names that can be asked for."""
        usable = (PluginState.AVAILABLE, PluginState.LOADED)
        return sorted({r.name for r in self.records() if r.state in usable})

    def load(self, name: str) -> AdapterSpec:
        """Return a manifest. Raises AdapterNotFound (close names), AdapterBroken (chained), AdapterIncompatible."""
        record = next((r for r in self.records() if r.name == name and r.state is not PluginState.SHADOWED), None)
        if record is None:
            raise self._not_found(name)
        if record.state is PluginState.BLOCKED:
            raise AdapterNotFound(f"The exchange {name!r} is blocked: {record.reason}.")
        return record.spec or self._load(record)

    def preferred(self) -> AdapterSpec:
        """Return the loadable adapter of the lowest rank. Raises AdapterNotFound when none is installed."""
        loaded = [record.spec for record in self.load_all() if record.spec is not None]
        if not loaded:
            raise AdapterNotFound("No exchange adapter is installed; install one: pip install foxtrot-<venue>.")
        return min(loaded, key=lambda spec: (spec.rank, spec.name))

    def load_all(self) -> list[PluginRecord]:
        """Try to load every manifest and return the records with their final states."""
        for record in self.records():
            if record.state is PluginState.AVAILABLE:
                try:
                    self._load(record)
                except AdapterError as error:
                    _LOG.warning("%s", error)
        return self.records()

    def check_all(self) -> list[PluginRecord]:
        """Load every manifest and look at the class that it names: one that cannot be used as an exchange is broken."""
        for record in self.load_all():
            if record.state is PluginState.LOADED and record.spec is not None:
                try:
                    exchange_class(record.spec)
                except AdapterBroken as error:
                    record.state, record.reason = PluginState.BROKEN, error.message
                    _LOG.warning("%s", error)
        return self.records()

    def register(self, spec: AdapterSpec) -> None:
        """Add a manifest in process. Raises AdapterIncompatible when it was written for another interface."""
        if spec.api_version != API_VERSION:
            raise AdapterIncompatible(f"The adapter {spec.name} does not fit: {_wrong_version(spec)}.")
        self._registered[spec.name] = spec
        self._records = None

    def reset(self) -> None:
        """Forget everything registered and loaded; what is installed is looked for anew."""
        self._registered.clear()
        self._records = None

    def _not_found(self, name: str) -> AdapterNotFound:
        close = close_names(name, self.names())
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        installed = ", ".join(self.names()) or "none"
        return AdapterNotFound(
            f"No exchange {name!r} is installed.{hint} Installed: {installed}. An adapter comes as a package: "
            f"pip install foxtrot-{name}",
            close_names=close,
        )

    def _discover(self) -> list[PluginRecord]:
        records = [
            PluginRecord(name, "in process", "", PluginState.LOADED, spec=spec)
            for name, spec in self._registered.items()
        ]
        winners = {record.name: record.distribution for record in records}
        blocked = _blocked_names(self._blocked)
        self._points = {}
        for point in _ordered(self._entry_points(EXCHANGES)):
            record = PluginRecord(point.name, *_distribution(point), PluginState.AVAILABLE)
            records.append(record)
            if point.name in winners:
                record.state = PluginState.SHADOWED
                record.reason = f"{winners[point.name]} already provides {point.name}"
                continue
            winners[point.name] = record.distribution
            self._points[point.name] = point
            if point.name in blocked:
                source = "FOXTROT_BLOCKED names it" if self._blocked is None else "the registry was told to block it"
                record.state, record.reason = PluginState.BLOCKED, source
        return sorted(records, key=lambda r: r.name)

    def _load(self, record: PluginRecord) -> AdapterSpec:
        try:
            found = self._points[record.name].load()
        except _FAILURES as error:
            _fail(record, PluginState.BROKEN, f"{type(error).__name__}: {error}", error)
        spec = getattr(found, "SPEC", found)
        if not isinstance(spec, AdapterSpec):
            _fail(record, PluginState.BROKEN, f"its entry point is a {type(spec).__name__}, no AdapterSpec")
        if spec.api_version != API_VERSION:
            _fail(record, PluginState.INCOMPATIBLE, _wrong_version(spec))
        if spec.name != record.name:
            _fail(record, PluginState.BROKEN, f"its manifest calls itself {spec.name}")
        record.state, record.spec = PluginState.LOADED, spec
        return spec


def load_hooks(entry_points: EntryPoints | None = None, blocked: Iterable[str] | None = None) -> pluggy.PluginManager:
    """Return a plugin manager with every plug-in of the group `foxtrot.plugins` that is not blocked.

    A broken one, and the second of two with the same name, is logged and left out.
    """
    manager = new_manager()
    kept_out = _blocked_names(blocked)
    for point in _ordered((entry_points or _installed)(PLUGINS)):
        if point.name in kept_out:
            continue
        if manager.has_plugin(point.name):
            _LOG.warning("the plug-in %s (%s) is left out: another one has the same name", point.name, point.value)
            continue
        _register_hooks(manager, point)
    return manager


def import_string(path: str) -> Any:
    """Import "package.module:Name". Raises AdapterBroken, cause chained, whatever goes wrong in that module."""
    module, _, name = path.partition(":")
    if not module or not name:
        raise AdapterBroken(f"{path!r} is no import string; it must read 'package.module:Name'.")
    try:
        return getattr(importlib.import_module(module), name)
    except _FAILURES as error:
        raise AdapterBroken(f"{path!r} cannot be imported: {type(error).__name__}: {error}") from error


def exchange_class(spec: AdapterSpec) -> type[BaseExchange]:
    """Return the class that a manifest names. Raises AdapterBroken for one that cannot be used as an exchange."""
    from foxtrot.exchange import BaseExchange  # listing what is installed needs none of it

    found = import_string(spec.exchange)
    if not (isinstance(found, type) and issubclass(found, BaseExchange)):
        raise AdapterBroken(f"{spec.exchange} is no BaseExchange.", exchange=spec.name)
    wrong = mismatches(found, BaseExchange)
    if wrong:
        raise AdapterBroken(f"{spec.exchange} does not fit BaseExchange: {'; '.join(wrong)}.", exchange=spec.name)
    return found


@functools.cache
def default_registry() -> PluginRegistry:
    """Return the process's registry of installed adapters."""
    return PluginRegistry()


def _installed(group: str) -> Iterable[importlib.metadata.EntryPoint]:
    return importlib.metadata.entry_points(group=group)


def _distribution(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist is not None else ("", "")


def _ordered(points: Iterable[importlib.metadata.EntryPoint]) -> list[importlib.metadata.EntryPoint]:
    """Sort by name, then by distribution, so that the first of equal names is the same on every machine."""
    return sorted(points, key=lambda point: (point.name, *_distribution(point)))


def _blocked_names(given: Iterable[str] | None) -> frozenset[str]:
    names = os.environ.get("FOXTROT_BLOCKED", "").split(",") if given is None else given
    return frozenset(name.strip() for name in names if name.strip())


def _register_hooks(manager: pluggy.PluginManager, point: importlib.metadata.EntryPoint) -> None:
    try:
        manager.register(point.load(), name=point.name)
    except _FAILURES:
        _LOG.exception("the plug-in %s (%s) cannot be loaded", point.name, point.value)
        if manager.has_plugin(point.name):  # older pluggy registers before it verifies: no hook may stay
            manager.unregister(name=point.name)


def _fail(record: PluginRecord, state: PluginState, reason: str, cause: BaseException | None = None) -> NoReturn:
    record.state, record.reason = state, reason
    kind = AdapterIncompatible if state is PluginState.INCOMPATIBLE else AdapterBroken
    package = f"{record.distribution} {record.version}".strip()
    raise kind(f"The adapter {record.name} ({package}) is {state.value}: {reason}.", exchange=record.name) from cause


def _wrong_version(spec: AdapterSpec) -> str:
    return f"it was written for plug-in interface {spec.api_version}, this is {API_VERSION}"
