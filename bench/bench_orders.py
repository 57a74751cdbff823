"""Measure what placing an order costs the client: `python bench/bench_orders.py`.

Two venues, each in a second process: one that answers at once out of what was made up beforehand (order_stub.py), so
that the client alone is timed, and the embedded one (order_venue.py), which takes an order as a venue does. Each client
runs in a process of its own, rounds alternate. CPU is the client process's per order and p50 the time until
`place_order` returns, both medians over the rounds; the factors are medians of each round's own ratio to ccxt's
`create_order`. Foxtrot keeps its orders' states, listens to the user stream and publishes events meanwhile; a journal
on disk is not configured (see bench_journal.py for what one costs).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

from children import served, told

CASES = {
    "floor by WebSocket": "floor",
    "foxtrot by WebSocket": "foxtrot ws",
    "foxtrot by REST": "foxtrot rest",
    "ccxt create_order": "ccxt",
}
BASE = "ccxt create_order"
VENUES = {"a venue that answers at once": "order_stub.py", "the embedded venue": "order_venue.py"}


def measure(venue: str, rounds: int, orders: int) -> dict[str, list[dict[str, Any]]]:
    """Return every round's result of every case, interleaved."""
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in CASES}
    for _ in range(rounds):
        with served(venue) as where:
            for name, case in CASES.items():
                results[name].append(told("order_client.py", {"case": case, "orders": orders} | where))
    return results


def summary(results: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Return medians, and how many times less each needs than ccxt."""
    for name, rounds in results.items():
        for one in rounds:
            if "failed" in one:
                raise SystemExit(f"{name}: {one['failed']}")
    found = {}
    for name, rounds in results.items():
        figures = {key: statistics.median(one[key] for one in rounds) for key in ("cpu_us", "p50_us")}
        pairs = [(base, one) for base, one in zip(results[BASE], rounds, strict=True)]
        factors = {
            f"{key}_factor": statistics.median(b[key] / o[key] for b, o in pairs) for key in ("cpu_us", "p50_us")
        }
        found[name] = figures | factors
    return found


def table(title: str, found: dict[str, dict[str, float]]) -> str:
    """Render what was found at one venue."""
    lines = [f"| at {title} | CPU us | less CPU than ccxt | p50 us | faster than ccxt |", "|---|---|---|---|---|"]
    for name, row in found.items():
        cpu, p50 = (f"{row[key]:.0f} | {row[f'{key}_factor']:.1f}x" for key in ("cpu_us", "p50_us"))
        lines.append(f"| {name} | {cpu} | {p50} |")
    return "\n".join(lines)


def main(argv: list[str]) -> None:
    """Print a table for each venue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the results once more as one line of JSON")
    given = parser.parse_args(argv)
    found = {}
    for title, venue in VENUES.items():
        found[title] = summary(measure(venue, given.rounds, given.orders))
        print(table(title, found[title]), end="\n\n", flush=True)
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
