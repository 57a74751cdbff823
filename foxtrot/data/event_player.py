"""Publish recorded events again, exactly as they were."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from foxtrot.data.pace import Pace
from foxtrot.data.parquet import EventFile, Part, event_files
from foxtrot.data.player import ReplayReport
from foxtrot.engine.bus import EventEngine
from foxtrot.ports import Clock

_Partition = tuple[str, str, str]


async def replay_events(
    path: Path | str, engine: EventEngine, *, speed: float = 0.0, clock: Clock | None = None
) -> ReplayReport:
    """Publish the events of a Parquet file or folder in the order in which they were published; see `replay_frames`.

    Every event equals the recorded one, its times and its number included. Raises ConfigError.
    """
    files = event_files(Path(path))
    report, pace = ReplayReport(files=len(files)), Pace(speed, engine, clock)
    latest = 0
    for run in sorted({file.label.run for file in files}):
        for _, event in _in_order([file for file in files if file.label.run == run]):
            latest = max(latest, event.ts_recv)
            await pace.until(latest)
            report.events += 1
            engine.publish(event)
    await pace.settle()
    return report


def _in_order(files: Sequence[EventFile]) -> Iterator[Part]:
    """Merge the partitions of one run; within each, the parts follow each other by name."""
    partitions: dict[_Partition, list[EventFile]] = {}
    for file in sorted(files, key=lambda file: file.path.name):
        label = file.label
        partitions.setdefault((label.venue, label.kind, label.symbol), []).append(file)
    return heapq.merge(*map(_chained, partitions.values()), key=itemgetter(0))


def _chained(files: Sequence[EventFile]) -> Iterator[Part]:
    for file in files:
        yield from file.events()
