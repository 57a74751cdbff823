"""Feed recorded frames through the very codec, session and engine that live ones go through."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from foxtrot.data.frame_files import FrameSource, frame_files
from foxtrot.data.lines import CLOSE, DROPPED, OPEN, Line
from foxtrot.data.pace import Pace
from foxtrot.data.sessions import ReplayedVenue
from foxtrot.engine.bus import EventEngine
from foxtrot.model.events import Event
from foxtrot.ports import Clock

_Due = tuple[int, int, int, FrameSource, Line]


class ReplayReport(msgspec.Struct):
    """Count what was replayed; `torn` are the files whose last line a crash has cut off."""

    files: int = 0
    frames: int = 0
    snapshots: int = 0
    events: int = 0
    dropped: int = 0
    torn: list[Path] = []


async def replay_frames(
    recording: Path | str | Sequence[FrameSource],
    engine: EventEngine,
    *,
    speed: float = 0.0,
    clock: Clock | None = None,
    depth: int | None = None,
) -> ReplayReport:
    """Replay a file, a folder of files, or an imported capture; return once every event is handled.

    `speed` 1 is as it was, 2 twice as fast, 0 as fast as possible. The same recording always yields the same events,
    bit for bit; nothing is asked of any network. `engine` must be running if it has queued subscribers. Books are kept
    with the depth that they were subscribed with; `depth` says it where the venue's answers are not in the recording.
    Raises ConfigError for what cannot be read, and for a book whose depth matters and is not known, InvalidRequest for
    a depth that the venue does not have, AdapterNotFound when the venue's adapter is not installed.
    """
    sources = frame_files(Path(recording)) if isinstance(recording, str | Path) else list(recording)
    report, pace = ReplayReport(files=len(sources)), Pace(speed, engine, clock)
    stages = _Stages(engine, report, depth)
    for t, _, _, source, line in heapq.merge(*_by_venue(sources), key=lambda due: due[:3]):
        await pace.until(t)
        _count(report, line)
        stages.of(source).take(line, source.header.contracts)
    stages.end()
    await pace.settle()
    report.torn = [source.path for source in sources if source.torn]
    return report


class _Stages:
    """One replayed venue for each venue and run, in the order in which they appear."""

    def __init__(self, engine: EventEngine, report: ReplayReport, depth: int | None) -> None:
        self._engine = engine
        self._report = report
        self._depth = depth
        self._open: dict[str, tuple[int, ReplayedVenue]] = {}

    def of(self, source: FrameSource) -> ReplayedVenue:
        venue, run = source.header.venue, source.header.run
        known = self._open.get(venue)
        if known is not None and known[0] == run:
            return known[1]
        if known is not None:
            known[1].end("the recording was interrupted here")
        stage = ReplayedVenue(source.header, self._publish, self._depth)
        self._open[venue] = (run, stage)
        return stage

    def end(self) -> None:
        for _, stage in self._open.values():
            stage.end()

    def _publish(self, event: Event) -> None:
        self._report.events += 1
        self._engine.publish(event)


def _by_venue(sources: Sequence[FrameSource]) -> list[Iterator[_Due]]:
    """Chain each venue's files; several venues are merged by time, each in its own order."""
    venues: dict[str, list[FrameSource]] = {}
    for source in sources:
        venues.setdefault(source.header.venue, []).append(source)
    return [_lines(number, files) for number, files in enumerate(venues.values())]


def _lines(venue: int, files: Sequence[FrameSource]) -> Iterator[_Due]:
    # The clock may have been set back: within a venue, recorded order rules.
    latest, position = 0, itertools.count()
    for source in files:
        for line in source.lines():
            latest = max(latest, line.t)
            yield latest, venue, next(position), source, line


def _count(report: ReplayReport, line: Line) -> None:
    if line.e == DROPPED:
        report.dropped += int(line.d)
    elif line.s:
        report.snapshots += 1
    elif line.e not in (OPEN, CLOSE):
        report.frames += 1
