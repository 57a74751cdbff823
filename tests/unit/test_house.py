"""Promises about the house itself: what the files may say and which way the arrows point."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENUES = re.compile(r"binance|kraken|coinbase", re.IGNORECASE)
# Any URL, any choice of an index, any absolute path but the two that every Unix has.
HOSTS_OR_PATHS = re.compile(r"://|index-url|find-links|(?<![\w.*}$)/-])/(?!usr/bin/env\b|dev/null\b)\w+/")
SETTINGS = ["*.toml", "*.txt", "*.cfg", "*.ini", "*.lock", "Makefile", ".ci/run"]


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_settings_file_names_a_package_index_or_a_path_of_a_machine() -> None:
    files = tracked(*SETTINGS)
    assert {"pyproject.toml", "constraints.txt", "Makefile", "run"} <= {f.name for f in files}
    found = {f.name: HOSTS_OR_PATHS.findall(f.read_text("utf-8")) for f in files}
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize(
    "line", ["--extra-index-url x", "six @ file:///a/six.whl", "a @ https://b/c.whl", "p = '/a/x'", "X=/some/where"]
)
def test_the_check_of_settings_files_catches_each_kind_of_leak(line: str) -> None:
    assert HOSTS_OR_PATHS.search(line)


def test_the_core_names_no_venue() -> None:
    files = tracked("foxtrot/*.py", "foxtrot/**/*.py")
    assert len(files) > 40
    assert [str(f.relative_to(ROOT)) for f in files if VENUES.search(f.read_text("utf-8"))] == []


def test_importing_foxtrot_imports_nothing_heavy() -> None:
    code = (
        "import sys, foxtrot; print(*[m for m in ('ccxt', 'aiohttp', 'pandas', 'rich', 'typer') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_the_version_is_the_same_in_the_package_and_its_distribution() -> None:
    import importlib.metadata

    import foxtrot

    assert foxtrot.__version__ == importlib.metadata.version("foxtrot")
