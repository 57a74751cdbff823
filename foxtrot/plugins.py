"""Discovery of adapters: entry points one by one, each guarded, so that a broken one harms nobody."""

from __future__ import annotations

import enum
import functools
import importlib
import importlib.metadata
import logging
import os
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pluggy

from foxtrot.errors import AdapterBroken, AdapterIncompatible, AdapterNotFound, close_names
from foxtrot.hookspecs import new_manager
from foxtrot.spec import API_VERSION, AdapterSpec

_LOG = logging.getLogger("foxtrot.plugins")
EXCHANGES = "foxtrot.exchanges"
PLUGINS = "foxtrot.plugins"
EntryPoints = Callable[[str], Iterable[importlib.metadata.EntryPoint]]


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

    Of two distributions with the same name the one that sorts first wins; `blocked` names are listed but never loaded.
    """

    def __init__(self, entry_points: EntryPoints | None = None, blocked: Iterable[str] | None = None) -> None:
        self._entry_points = entry_points or _installed
        listed = os.environ.get("FOXTROT_BLOCKED", "") if blocked is None else ",".join(blocked)
        self._blocked = {name.strip() for name in listed.split(",") if name.strip()}
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
        """Return a manifest. Raises AdapterNotFound with close names, AdapterBroken (cause chained),
        AdapterIncompatible."""
        record = next((r for r in self.records() if r.name == name and r.state is not PluginState.SHADOWED), None)
        if record is None:
            close = close_names(name, self.names())
            hint = f" Did you mean {', '.join(close)}?" if close else ""
            installed = ", ".join(self.names()) or "none"
            raise AdapterNotFound(
                f"No exchange {name!r} is installed.{hint} Installed: {installed}. An adapter comes as a package: "
                f"pip install foxtrot-{name}",
                close_names=close,
            )
        if record.state is PluginState.BLOCKED:
            raise AdapterNotFound(f"The exchange {name!r} is blocked: {record.reason}.")
        if record.spec is not None:
            return record.spec
        return self._load(record)

    def load_all(self) -> list[PluginRecord]:
        """Try to load every manifest and return the records with their final states."""
        for record in self.records():
            if record.state is PluginState.AVAILABLE:
                try:
                    self._load(record)
                except (AdapterBroken, AdapterIncompatible) as error:
                    _LOG.warning("%s", error)
        return self.records()

    def register(self, spec: AdapterSpec) -> None:
        """Add a manifest in process; it wins over an installed one of the same name."""
        self._registered[spec.name] = spec
        self._records = None

    def reset(self) -> None:
        """Forget everything registered and loaded."""
        self._registered.clear()
        self._records = None

    def _discover(self) -> list[PluginRecord]:
        records = [
            PluginRecord(name, "in process", "", PluginState.LOADED, spec=spec)
            for name, spec in self._registered.items()
        ]
        taken = set(self._registered)
        self._points = {}
        for point in sorted(self._entry_points(EXCHANGES), key=lambda p: (p.name, _distribution(p)[0])):
            distribution, version = _distribution(point)
            record = PluginRecord(point.name, distribution, version, PluginState.AVAILABLE)
            if point.name in taken:
                record.state = PluginState.SHADOWED
                record.reason = f"another distribution already provides {point.name}"
            elif point.name in self._blocked:
                record.state, record.reason = PluginState.BLOCKED, "FOXTROT_BLOCKED names it"
            taken.add(point.name)
            if record.state is not PluginState.SHADOWED:
                self._points[point.name] = point
            records.append(record)
        return sorted(records, key=lambda r: r.name)

    def _load(self, record: PluginRecord) -> AdapterSpec:
        try:
            found = self._points[record.name].load()
        except Exception as error:
            record.state, record.reason = PluginState.BROKEN, f"{type(error).__name__}: {error}"
            raise AdapterBroken(
                f"The adapter {record.name} ({record.distribution} {record.version}) cannot be loaded: {record.reason}",
                exchange=record.name,
            ) from error
        spec = getattr(found, "SPEC", found)
        self._check(record, spec)
        record.state, record.spec = PluginState.LOADED, spec
        return record.spec

    def _check(self, record: PluginRecord, spec: Any) -> None:
        if not isinstance(spec, AdapterSpec):
            record.state, record.reason = (
                PluginState.BROKEN,
                f"its entry point is a {type(spec).__name__}, no AdapterSpec",
            )
            raise AdapterBroken(f"The adapter {record.name} is broken: {record.reason}.", exchange=record.name)
        if spec.api_version != API_VERSION:
            record.state = PluginState.INCOMPATIBLE
            record.reason = f"it was written for plug-in interface {spec.api_version}, this is {API_VERSION}"
            raise AdapterIncompatible(f"The adapter {record.name} does not fit: {record.reason}.", exchange=record.name)
        if spec.name != record.name:
            record.state = PluginState.BROKEN
            record.reason = f"its manifest calls itself {spec.name}"
            raise AdapterBroken(f"The adapter {record.name} is broken: {record.reason}.", exchange=record.name)


def load_hooks(entry_points: EntryPoints | None = None) -> pluggy.PluginManager:
    """Return a plugin manager with the plug-ins of the group `foxtrot.plugins`; a broken one is logged and left out."""
    manager = new_manager()
    for point in (entry_points or _installed)(PLUGINS):
        try:
            manager.register(point.load(), name=point.name)
        except Exception:  # noqa: BLE001 - foreign code: logged with its traceback, and the others go on
            _LOG.exception("the plug-in %s cannot be loaded", point.name)
    return manager


def import_string(path: str) -> Any:
    """Import "package.module:Name". Raises AdapterBroken, cause chained."""
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise AdapterBroken(f"{path!r} cannot be imported: {error}") from error


@functools.cache
def default_registry() -> PluginRegistry:
    """Return the process's registry of installed adapters."""
    return PluginRegistry()


def _installed(group: str) -> Iterable[importlib.metadata.EntryPoint]:
    return importlib.metadata.entry_points(group=group)


def _distribution(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist is not None else ("", "")
