"""Measure how long `import foxtrot` and `foxtrot --help` take: `python bench/bench_imports.py`.

Every time a fresh interpreter; medians, with a bare interpreter beside them in the same rounds. Also told is which of
the heavy packages either of them imports; it should be none.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

HEAVY = ("ccxt", "pandas", "numpy", "aiohttp", "pyarrow")
CASES = {
    "bare interpreter": "pass",
    "import foxtrot": "import foxtrot",
    "foxtrot --help": "import sys; sys.argv = ['foxtrot', '--help']; from foxtrot.cli.main import main; main()",
}
_TELL = f"import atexit, sys; atexit.register(lambda: print([m for m in {HEAVY} if m in sys.modules])); "


def seconds(code: str) -> float:
    """Return how long an interpreter lives that runs `code`."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def heavy(code: str) -> list[str]:
    """Return which heavy packages `code` imports."""
    done = subprocess.run([sys.executable, "-c", _TELL + code], capture_output=True, text=True, check=True)
    return [name for name in HEAVY if f"'{name}'" in done.stdout.splitlines()[-1]]


def measure(rounds: int) -> dict[str, dict[str, Any]]:
    """Return wall time of the whole process, that without the interpreter's own, and the heavy packages."""
    took: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(rounds):
        for name, code in CASES.items():
            took[name].append(seconds(code) * 1e3)
    bare = statistics.median(took["bare interpreter"])
    found: dict[str, dict[str, Any]] = {}
    for name, code in CASES.items():
        whole = statistics.median(took[name])
        found[name] = {"process_ms": whole, "own_ms": whole - bare, "heavy": heavy(code)}
    return found


def main(argv: list[str]) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="print the results once more as one line of JSON")
    given = parser.parse_args(argv)
    found = measure(given.rounds)
    print("| start | whole process ms | without the interpreter ms | heavy packages |\n|---|---|---|---|")
    for name, row in found.items():
        print(f"| {name} | {row['process_ms']:.0f} | {row['own_ms']:.0f} | {', '.join(row['heavy']) or 'none'} |")
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
