"""`import foxtrot` is light, and what it exports is the same for people and for type checkers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import foxtrot

HEAVY = ("ccxt", "aiohttp", "pandas", "pydantic", "websockets", "picows", "msgspec", "asyncio", "pluggy", "numpy")


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_foxtrot_imports_nothing_but_itself() -> None:
    assert fresh(f"import sys, foxtrot; print(*[m for m in {HEAVY!r} if m in sys.modules])") == ""


def test_importing_foxtrot_takes_less_than_60_ms() -> None:
    timed = "import time; t = time.process_time(); import foxtrot; print(time.process_time() - t)"
    assert min(float(fresh(timed)) for _ in range(5)) < 0.060


def test_using_every_export_needs_no_library_of_a_venue() -> None:
    code = "import sys, foxtrot; [getattr(foxtrot, name) for name in foxtrot.__all__];"
    assert fresh(f"{code} print(*[m for m in ('ccxt', 'aiohttp', 'pandas') if m in sys.modules])") == ""


@pytest.mark.parametrize("name", foxtrot.__all__)
def test_every_export_is_there_when_it_is_asked_for(name: str) -> None:
    assert getattr(foxtrot, name) is getattr(foxtrot, name)
    assert name in dir(foxtrot)


def test_type_checkers_see_exactly_what_exists_at_run_time() -> None:
    source = ast.parse(Path(foxtrot.__file__).read_text("utf-8"))
    (guarded,) = [node for node in source.body if isinstance(node, ast.If)]
    seen = {
        alias.name: node.module for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert sorted(seen) == sorted(foxtrot.__all__)
    for name, module in seen.items():
        assert foxtrot._HOMES[name] in (module, f"{module}.{name}")


def test_what_is_not_exported_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'foxtrot' has no attribute 'get_exchang'"):
        _ = foxtrot.get_exchang
