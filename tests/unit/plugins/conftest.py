"""Real distributions in a temporary folder on sys.path: metadata, entry points and code, as pip would leave them."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return install(distribution, entry points by group, code by module name)."""
    monkeypatch.syspath_prepend(tmp_path)
    modules: set[str] = set()

    def put(distribution: str, points: dict[str, dict[str, str]], code: dict[str, str] | None = None) -> None:
        info = tmp_path / f"{distribution}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        lines = [f"[{group}]\n" + "".join(f"{n} = {v}\n" for n, v in named.items()) for group, named in points.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for module, text in (code or {}).items():
            (tmp_path / f"{module}.py").write_text(text)
            modules.add(module)
        importlib.invalidate_caches()

    yield put
    for module in modules:
        sys.modules.pop(module, None)
