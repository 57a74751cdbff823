"""Sharing out what takes real time: the cases are played once, by whichever venue, not once by each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from foxtrot.plugins import default_registry
from foxtrot.spec import AdapterSpec

T = TypeVar("T")


def among_all(spec: AdapterSpec, cases: Sequence[T]) -> Sequence[T]:
    """Return a venue's share of cases that all installed venues with a dialect play between them."""
    return _share(spec, cases, installed())


def among_family(spec: AdapterSpec, cases: Sequence[T]) -> Sequence[T]:
    """Return a venue's share of cases that the venues of one package play between them: each family plays all."""
    return _share(spec, cases, [one for one in installed() if one.distribution == spec.distribution])


def installed() -> list[AdapterSpec]:
    """Return the installed adapters that bring a dialect, the preferred one first."""
    loaded = [record.spec for record in default_registry().load_all() if record.spec is not None]
    return sorted((one for one in loaded if one.dialect), key=lambda one: (one.rank, one.name))


def families() -> list[AdapterSpec]:
    """Return one venue of each installed package that brings dialects: the one that it prefers."""
    return list({one.distribution: one for one in reversed(installed())}.values())[::-1]


def _share(spec: AdapterSpec, cases: Sequence[T], venues: list[AdapterSpec]) -> Sequence[T]:
    names = [one.name for one in venues]
    return cases[names.index(spec.name) :: len(names)] if spec.name in names else cases
