"""Run all benchmarks, write `bench/results/latest.json` and print one Markdown table: `python bench/run.py [--peers]`.

`--quick` takes a tenth of the rounds and messages: to see that everything runs, not what it costs.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "latest.json"
PACKAGES = ("foxtrot", "picows", "msgspec", "websockets", "ccxt", "cryptofeed", "python-binance", "vnpy")
QUICK = {
    "wire": ["--messages", "20000", "--rounds", "1", "--paced", "1000"],
    "orders": ["--orders", "50", "--rounds", "1"],
    "imports": ["--rounds", "3"],
    "memory": ["--hours", "0.05"],
}
PLAIN = ("codec", "streams", "journal")  # they print tables of their own, kept as text


def run(name: str, *arguments: str) -> list[str]:
    """Run a script, show what it prints, and return its lines."""
    print(f"\n## {name}\n", flush=True)
    lines = []
    with subprocess.Popen(
        [sys.executable, str(HERE / f"bench_{name}.py"), *arguments], stdout=subprocess.PIPE, text=True
    ) as script:
        assert script.stdout is not None
        for line in script.stdout:
            lines.append(line.rstrip())
            if not line.startswith("{"):
                print(line, end="", flush=True)
    if script.returncode:
        raise SystemExit(f"bench_{name}.py failed")
    return lines


def machine() -> dict[str, Any]:
    """Describe where this ran."""
    return {
        "cpu": _cpu(),
        "cores": _cores(),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "date": time.strftime("%Y-%m-%d"),
    }


def goals(found: dict[str, Any]) -> list[tuple[str, float | None, str, float, bool]]:
    """Return what is promised: words, measured, format, what must be reached, and whether less is better."""
    flood, orders, engine, starts = found["wire"]["flood"], found["orders"], found["engine"], found["imports"]
    direct = engine["publish to 1 direct handler"]
    return [
        ("trades, share of the floor", _share(flood["trade"]), ".2f", 0.60, False),
        ("quotes, share of the floor", _share(flood["quote"]), ".2f", 0.60, False),
        ("kept books, share of the floor", _share(flood["depth"]), ".2f", 0.60, False),
        ("trades, times less CPU than cryptofeed", _times(flood["trade"], "cryptofeed"), ".1f", 4.5, False),
        ("trades, times less CPU than ccxt.pro", _times(flood["trade"], "ccxt.pro"), ".1f", 16, False),
        ("books, times less CPU than cryptofeed", _times(flood["depth"], "cryptofeed"), ".1f", 3.6, False),
        ("books, times less CPU than ccxt.pro", _times(flood["depth"], "ccxt.pro"), ".1f", 3.6, False),
        ("trades of the flood delivered", flood["trade"]["foxtrot"].get("delivered"), ".0%", 1.0, False),
        ("paced median latency, times the floor's", _slower(found["wire"]["paced"]), ".2f", 1.2, True),
        ("order by WebSocket, times less CPU than ccxt", _order(orders, "WebSocket"), ".1f", 6.0, False),
        ("order by REST, times less CPU than ccxt", _order(orders, "REST"), ".1f", 2.0, False),
        ("event to handler, times faster than vn.py", _part(engine.get("vn.py's engine"), direct), ".0f", 20, False),
        ("memory growth in the soak, percent", max(_growth(found["memory"])), ".1f", 5.0, True),
        ("import foxtrot, ms", starts["import foxtrot"]["own_ms"], ".0f", 60, True),
        ("foxtrot --help, ms", starts["foxtrot --help"]["process_ms"], ".0f", 200, True),
        ("heavy packages imported by either", float(_heavy(starts)), ".0f", 0, True),
    ]


def table(found: dict[str, Any]) -> str:
    """Render goals and results."""
    lines = ["| | measured | must | reached |", "|---|---|---|---|"]
    for words, measured, form, must, less in goals(found):
        if measured is None:
            lines.append(f"| {words} | not measured | {must:{form}} | |")
            continue
        reached = measured <= must if less else measured >= must
        lines.append(
            f"| {words} | {measured:{form}} | {'<=' if less else '>='} {must:{form}} | {'yes' if reached else 'no'} |"
        )
    return "\n".join(lines)


def _share(rows: dict[str, Any]) -> float | None:
    share: float | None = rows["foxtrot"].get("share")
    return share


def _times(rows: dict[str, Any], peer: str) -> float | None:
    return _part(rows.get(peer, {}).get("cpu_us"), rows["foxtrot"].get("cpu_us"))


def _slower(rows: dict[str, Any]) -> float | None:
    return _part(1.0, rows["foxtrot"].get("share")) if rows else None


def _order(rows: dict[str, Any], way: str) -> float:
    factor: float = rows["a venue that answers at once"][f"foxtrot by {way}"]["cpu_us_factor"]
    return factor


def _part(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None


def _growth(memory: dict[str, Any]) -> list[float]:
    return [value for name, value in memory.items() if name.endswith("_growth_percent")]


def _heavy(starts: dict[str, Any]) -> int:
    return sum(len(row["heavy"]) for row in starts.values())


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def main(argv: list[str]) -> None:
    """Run all and write the results."""
    found: dict[str, Any] = {"machine": machine()}
    for name in ("wire", "orders", "engine", "imports", "memory"):
        extra = QUICK.get(name, []) if "--quick" in argv else []
        peers = ["--peers"] if name == "wire" and "--peers" in argv else []
        found[name] = json.loads(run(name, *extra, *peers, "--json")[-1])
    for name in PLAIN:
        found[name] = run(name)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1), "utf-8")
    here = found["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in here["packages"].items())
    print(f"\n## goals\n\n{here['cpu']}, {here['cores']} cores, {here['system']}, {here['python']}; {packages}\n")
    print(table(found))


if __name__ == "__main__":
    main(sys.argv[1:])
