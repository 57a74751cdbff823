"""What a scenario is played on: desks of one venue, made as needed and cleared away afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foxtrot.engine.journal import Journal
from foxtrot.sandbox.dialect import Traits
from foxtrot.sandbox.stage import traits_of
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.ways import by_way


class Bench:
    """Make desks and journals of one venue; `folder` is empty and goes away."""

    def __init__(self, spec: AdapterSpec, folder: Path) -> None:
        self.spec = spec
        self.folder = folder
        self._desks: list[Desk] = []
        self._journals: list[Journal] = []

    @property
    def traits(self) -> Traits:
        """Return what the venue's dialect says of it."""
        return traits_of(self.spec)

    def make(self, journal: Path | None = None, **more: Any) -> Desk:
        """Return a desk that is not connected; see `Desk` for what may be said of it."""
        self._desks.append(Desk(self.spec, journal, **more))
        return self._desks[-1]

    async def beside(self, desk: Desk, spec: AdapterSpec, journal: Path | None = None, **more: Any) -> Desk:
        """Return a connected desk of another venue, in the same time and on the same engine."""
        made = Desk(spec, journal, clock=desk.clock, engine=desk.engine, **more)
        self._desks.append(made)
        await made.run(made.exchange.connect())
        return made

    async def desk(self, journal: Path | None = None, **more: Any) -> Desk:
        """Return a connected desk in a market that only the scenario moves."""
        made = self.make(journal, **more)
        await made.run(made.exchange.connect())
        return made

    async def trading(self, way: str = "", **more: Any) -> Desk:
        """Return a desk that has traded before, by that way: what is asked once in a while was asked just now."""
        made = await self.desk(options=by_way(way), **more)
        await made.cancel(await made.rest("0.7"))
        return made

    async def busy(self, rate: float = 20, **more: Any) -> Desk:
        """Return a connected desk in a living market."""
        made = self.make(**more)
        made.world.stage.flow.seed_book()
        made.world.stage.flow.rate = rate
        await made.run(made.exchange.connect())
        return made

    def journal(self, name: str = "journal.db") -> Journal:
        """Return a journal that writes in the caller's thread: virtual time waits for no other."""
        self._journals.append(Journal.open(self.folder / name, threaded=False, durable=False))
        return self._journals[-1]

    async def close(self) -> None:
        """Clear away."""
        for desk in self._desks:
            desk.faults.clear()
            await desk.close()
        for journal in self._journals:
            await journal.close()
