"""The scenarios that every adapter must pass, each once; a venue is a parameter.

`performances(spec)` yields what a venue plays, `play` plays one of them; `foxtrot.testkit.scenarios.pytest_suite` makes
tests of them.
"""

from __future__ import annotations

import importlib
import pkgutil

from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.playing import play
from foxtrot.testkit.scenarios.registry import Performance, Scenario, all_scenarios, performances, scenario

# Whatever scenarios are in a file of this package are found; the face of a test runner has none.
for _file in pkgutil.iter_modules(__path__):
    if _file.name != "pytest_suite":
        importlib.import_module(f"{__name__}.{_file.name}")

__all__ = ["Bench", "Performance", "Scenario", "all_scenarios", "performances", "play", "scenario"]
