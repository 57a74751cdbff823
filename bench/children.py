"""Run parts of a benchmark in processes of their own."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@contextmanager
def served(script: str, *arguments: str) -> Iterator[Any]:
    """Run a server script that prints one line of JSON and serves until its input closes; yield what it printed."""
    command = [sys.executable, str(HERE / script), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.stdin.close()


def told(script: str, job: dict[str, Any], *, timeout_s: float = 180) -> dict[str, Any]:
    """Run a script with a job and return the JSON object on its last line, or {"failed": why}."""
    command = [sys.executable, str(HERE / script), json.dumps(job)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done within {timeout_s:g} s"}
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines() or ["nothing was said"]
    if done.returncode:
        return {"failed": lines[-1]}
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def frames_wanted(what: str | None) -> int:
    """Return how many frames the command line asks for; `what` is the script's description."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=int, nargs="?", default=20_000, help="in each round (default: 20000)")
    found: int = parser.parse_args().frames
    return found


def keep_to(core: int) -> None:
    """Bind this process to one of its cores, where that can be done: server and client must not share one by chance."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})
