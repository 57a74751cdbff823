"""Every example runs as it stands, within the size that one reads in one go."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_and_is_short(example: Path) -> None:
    assert len(example.read_text("utf-8").splitlines()) < 120
    done = subprocess.run([sys.executable, "-W", "error", str(example)], capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout
