"""Measure what a message costs from the socket to the user's callback: `python bench/bench_wire.py [--peers]`.

A second process floods; each client runs in a process of its own, and rounds alternate between all of them. CPU is the
client process's per message sent, medians over the rounds; `share` is the floor's part of it (1.00 is the floor), the
median of each round's own ratio, since a busy moment of the machine lasts longer than a round. Then
the same at a fixed pace, for the time from the server's send to the callback. `--check` fails when foxtrot's
share of the floor falls below half of what is usual, or a message is lost; absolute times never fail.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
from typing import Any

from children import served, told

OURS = ["floor", "floor, bare payloads", "floor, types unasked", "foxtrot", "foxtrot over websockets"]
PEERS = {"ccxt.pro": "ccxt", "cryptofeed": "cryptofeed", "python-binance": "binance"}
KINDS = {"trade": "trades", "quote": "quotes", "depth": "kept books"}
_NO_BOOK = {"python-binance"}  # its depth socket hands over raw messages
LEAST = {"trade": 0.34, "quote": 0.36, "depth": 0.39}  # half of the shares that docs/explanation/speed.md tells of
_WARM_UP = 5_000
Rounds = list[dict[str, Any]]


def cases(kind: str, peers: bool) -> list[str]:
    """Return who takes part."""
    found = [name for name, module in PEERS.items() if peers and importlib.util.find_spec(module)]
    return OURS + [name for name in found if kind != "depth" or name not in _NO_BOOK]


def measure(kind: str, names: list[str], rounds: int, messages: int, rate: float | None) -> dict[str, Rounds]:
    """Return every round's result of every case, interleaved."""
    results: dict[str, Rounds] = {name: [] for name in names}
    with served("flood.py", str(messages + _WARM_UP + 10)) as where:
        for _ in range(rounds):
            for name in names:
                job = {"case": name, "kind": kind, "where": where, "messages": messages, "warm_up": _WARM_UP}
                results[name].append(told("wire_client.py", job | {"rate": rate}))
    return results


def summary(results: dict[str, Rounds], figure: str) -> dict[str, dict[str, Any]]:
    """Return medians, shares of the floor, and how much arrived at least; the reason where a case failed."""
    found: dict[str, dict[str, Any]] = {}
    for name, rounds in results.items():
        good = [one for one in rounds if "failed" not in one]
        if len(good) < len(rounds):
            found[name] = {"failed": next(one["failed"] for one in rounds if "failed" in one)}
            continue
        delivered = min(one["delivered"] / one["sent"] for one in good)
        middle = {key: statistics.median(one[key] for one in good) for key in ("cpu_us", figure)}
        found[name] = middle | {"delivered": delivered}
        found[name]["share"] = _share(results["floor"], good, figure)
    return found


def _share(floor: Rounds, rounds: Rounds, figure: str) -> float:
    ratios: list[float] = [base.get(figure, 0.0) / one[figure] for base, one in zip(floor, rounds, strict=True)]
    return statistics.median(ratios)


def table(title: str, found: dict[str, dict[str, Any]], figure: str) -> str:
    """Render one kind of message."""
    lines = [f"| {title} | {figure.replace('_', ' ')} | share of the floor | delivered |", "|---|---|---|---|"]
    for name, row in found.items():
        if "failed" in row:
            lines.append(f"| {name} | failed: {row['failed']} | | |")
        else:
            lines.append(f"| {name} | {row[figure]:.2f} | {row.get('share', 0):.2f} | {row['delivered']:.1%} |")
    return "\n".join(lines)


def flooded(given: argparse.Namespace) -> dict[str, Any]:
    """Run all kinds of messages as fast as they are taken."""
    found = {}
    for kind, title in KINDS.items():
        messages = given.messages if kind != "depth" else given.messages // 2
        found[kind] = summary(measure(kind, cases(kind, given.peers), given.rounds, messages, None), "cpu_us")
        print(table(title, found[kind], "cpu_us"), end="\n\n", flush=True)
    return found


def paced(given: argparse.Namespace) -> dict[str, Any]:
    """Run trades at a fixed pace."""
    messages = int(given.paced * 2)
    results = measure("trade", cases("trade", given.peers), given.rounds, messages, given.paced)
    found = summary(results, "p50_us")
    print(table(f"trades, {given.paced:g} a second", found, "p50_us"), end="\n\n", flush=True)
    return found


def check(given: argparse.Namespace) -> int:
    """Return 1 when foxtrot falls short twice in a row."""
    short = [kind for kind in KINDS if not passes(kind, given)]
    failed = [kind for kind in short if not passes(kind, given)]
    print(f"much slower than it was, or incomplete: {', '.join(failed)}" if failed else "fast enough beside the floor")
    return int(bool(failed))


def passes(kind: str, given: argparse.Namespace) -> bool:
    """Tell whether everything arrived at a tolerable cost."""
    found = summary(measure(kind, ["floor", "foxtrot"], given.rounds, given.messages, None), "cpu_us")
    print(table(f"{KINDS[kind]} (at least {LEAST[kind]:.2f})", found, "cpu_us"), end="\n\n", flush=True)
    ours = found["foxtrot"]
    return "failed" not in ours and ours["share"] >= LEAST[kind] and ours["delivered"] == 1


def arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=60_000, help="per round; half as many for books")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--paced", type=float, default=5_000.0, metavar="RATE", help="0: leave the paced part out")
    parser.add_argument("--peers", action="store_true", help="other clients, too, where installed")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", action="store_true", help="print the results once more as one line of JSON")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run what was asked for."""
    given = arguments(argv)
    if given.check:
        return check(given)
    found = {"flood": flooded(given), "paced": paced(given) if given.paced else {}}
    if given.json:
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
