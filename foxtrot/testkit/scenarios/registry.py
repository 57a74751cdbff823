"""Scenarios by name, with the capabilities that each needs; what a venue lacks is played as its negative twin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec

from foxtrot.capabilities import Capability
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.negative import refused_before_any_io

Cases = Sequence[object] | Callable[[AdapterSpec], Sequence[object]]
Play = Callable[..., Awaitable[None]]


class Scenario(msgspec.Struct, frozen=True):
    """Hold one promise: `play(bench)`, or `play(bench, case)` for each of its cases."""

    name: str
    play: Play
    needs: tuple[Capability, ...]
    cases: Cases | None
    longest_s: float  # of real time

    @property
    def promise(self) -> str:
        """Return what is promised, in a sentence."""
        return (self.play.__doc__ or "").strip()

    def cases_of(self, spec: AdapterSpec) -> Sequence[object]:
        """Return the cases that a venue plays."""
        return self.cases(spec) if callable(self.cases) else self.cases or (None,)


class Performance(msgspec.Struct, frozen=True):
    """Hold one scenario with one case, or the negative twin of one, as a venue plays it."""

    name: str
    scenario: Scenario
    case: object = None
    lacks: Capability | None = None

    async def play(self, bench: Bench) -> None:
        """Play it. Raises AssertionError when the promise is broken."""
        if self.lacks is not None:
            await refused_before_any_io(bench, self.lacks)
        elif self.scenario.cases is None:
            await self.scenario.play(bench)
        else:
            await self.scenario.play(bench, self.case)


_ALL: dict[str, Scenario] = {}


def scenario(*needs: Capability, cases: Cases | None = None, longest_s: float = 60.0) -> Callable[[Play], Play]:
    """Register a scenario that needs some capabilities; `cases` are given, or made for each venue.

    One that takes longer than `longest_s` of real time has failed: somebody waits for ever.
    """

    def register(play: Play) -> Play:
        subject = play.__module__.rpartition(".")[2]
        name = f"{subject}.{play.__name__}"
        if name in _ALL:
            raise ValueError(f"there are two scenarios {name}")
        _ALL[name] = Scenario(name, play, needs, cases, longest_s)
        return play

    return register


def all_scenarios() -> list[Scenario]:
    """Return every scenario there is."""
    return list(_ALL.values())


def performances(spec: AdapterSpec) -> Iterator[Performance]:
    """Yield everything that a venue plays: each scenario with each case, or its negative twin; nothing is left out."""
    for one in _ALL.values():
        lacks = next((need for need in one.needs if not spec.capabilities[need].support.usable), None)
        if lacks is not None:
            yield Performance(f"{one.name}[without {lacks.value}]", one, lacks=lacks)
            continue
        for case in one.cases_of(spec):
            yield Performance(one.name if one.cases is None else f"{one.name}[{_named(case)}]", one, case)


def _named(case: object) -> str:
    if isinstance(case, tuple):
        return "-".join(_named(part) for part in case)
    value: Any = getattr(case, "value", getattr(case, "__name__", case))
    return str(value) or "default"
