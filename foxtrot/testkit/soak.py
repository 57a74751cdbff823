"""Many campaigns, on all cores: `python -m foxtrot.testkit.soak --seeds 20000`.

A failing seed is shrunk to the fewest faults that still break it, and printed with the command that replays it.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable

from foxtrot.plugins import default_registry
from foxtrot.sandbox.faults import Fault, Place
from foxtrot.testkit.campaign import Result, run
from foxtrot.testkit.invariants import NAMES


class Totals:
    """Add up what many runs saw."""

    def __init__(self) -> None:
        self.seeds = 0
        self.intents = 0
        self.fired: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()

    def add(self, result: Result) -> None:
        """Take one run."""
        self.seeds += 1
        self.intents += result.intents
        self.fired.update(fault.value for fault in result.fired.values())
        self.states.update(result.states)
        self.events.update(result.events)
        self.errors.update(result.errors)
        self.broken.update(result.broken.keys())

    def lines(self) -> Iterable[str]:
        """Yield one line per fault and per invariant."""
        yield f"{self.seeds} seeds, {self.intents} intents"
        for fault in Fault:
            yield f"  fault      {fault.value:<18} fired {self.fired[fault.value]:>8}"
        for name in dict.fromkeys((*NAMES, *self.broken)):
            yield f"  invariant  {name:<50} broken {self.broken[name]:>5}"


def shrink(seed: int, exchange: str) -> Result:
    """Return the run of the seed with the fewest faults that still breaks something."""
    best = run(seed, exchange=exchange)
    size = max(len(best.fired) // 2, 1)
    while best.broken:
        smaller = _without_some(best, size, exchange)
        if smaller is not None:
            best = smaller
        elif size == 1:
            break
        else:
            size = max(size // 2, 1)
    return best


def _without_some(best: Result, size: int, exchange: str) -> Result | None:
    """Return a run that still breaks with `size` of the faults left out, None when there is none."""
    places = list(best.fired)
    for start in range(0, len(places), size):
        kept = places[:start] + places[start + size :]
        result = run(best.seed, exchange=exchange, only=kept)
        if result.broken and len(result.fired) < len(best.fired):
            return result
    return None


def replay_command(result: Result, exchange: str) -> str:
    """Return the command that plays a run again, with exactly its faults."""
    only = ",".join(f"{channel}:{number}" for channel, number in result.fired)
    return f"python -m foxtrot.testkit.soak --exchange {exchange} --seed {result.seed} --only '{only}'"


def report(result: Result, exchange: str) -> list[str]:
    """Return the lines that tell of a failing run."""
    faults = ", ".join(f"{channel}:{number} {fault.value}" for (channel, number), fault in result.fired.items())
    return [
        *(f"seed {result.seed}: {name}: {detail}" for name, detail in result.broken.items()),
        f"  faults left: {faults or 'none'}",
        f"  replay: {replay_command(result, exchange)}",
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; exit code 1 when an invariant broke."""
    options = _parse(arguments)
    options.exchange = options.exchange or default_registry().preferred().name
    logging.disable(logging.CRITICAL)
    if options.seed is not None:
        only = None if options.only is None else _places(options.only)
        result = run(options.seed, exchange=options.exchange, only=only)
        print(
            "\n".join(report(result, options.exchange)) if result.broken else f"seed {result.seed}: all invariants hold"
        )
        return bool(result.broken)
    return _soak(options.first, options.seeds, options.exchange)


def _soak(first: int, seeds: int, exchange: str) -> int:
    totals, failed, began = Totals(), [], time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(_run_some, start, min(25, first + seeds - start), exchange)
            for start in range(first, first + seeds, 25)
        ]
        for job in concurrent.futures.as_completed(jobs):
            for result in job.result():
                totals.add(result)
                if result.broken:
                    failed.append(result.seed)
            if sys.stderr.isatty():
                print(f"\r{totals.seeds} of {seeds} seeds, {len(failed)} failed", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print("\n".join(totals.lines()))
    print(f"  {time.monotonic() - began:.0f} s")
    for seed in sorted(failed)[:5]:
        print("\n".join(report(shrink(seed, exchange), exchange)))
    return bool(failed)


def _run_some(first: int, count: int, exchange: str) -> list[Result]:
    logging.disable(logging.CRITICAL)
    return [run(seed, exchange=exchange) for seed in range(first, first + count)]


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m foxtrot.testkit.soak", description=__doc__)
    parser.add_argument("--exchange", help="an installed adapter with a sandbox dialect; default: the preferred one")
    parser.add_argument("--seeds", type=int, default=1_000, help="how many campaigns")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="one campaign only")
    parser.add_argument("--only", help="with --seed: the faults that may fire, as channel:number,channel:number")
    return parser.parse_args(arguments)


def _places(text: str) -> list[Place]:
    """Read "http:3,frame:9"."""
    found = [part.rpartition(":") for part in text.split(",") if part]
    return [(channel, int(number)) for channel, _, number in found]


if __name__ == "__main__":
    sys.exit(main())
