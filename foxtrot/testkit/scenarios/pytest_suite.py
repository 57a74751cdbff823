"""The scenarios as pytest tests. An adapter's own test is two lines::

from foxtrot.testkit.scenarios.pytest_suite import scenarios_of
test_scenarios = scenarios_of("myvenue")
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from foxtrot.plugins import default_registry
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios import Performance, performances, play


def scenarios_of(*venues: str) -> Callable[[AdapterSpec, Performance, pytest.LogCaptureFixture], None]:
    """Return a test of everything that the installed adapters of these names have to pass."""
    specs = [default_registry().load(name) for name in venues]
    played = [pytest.param(spec, one, id=f"{spec.name}-{one.name}") for spec in specs for one in performances(spec)]

    @pytest.mark.parametrize(("spec", "performance"), played)
    def test(spec: AdapterSpec, performance: Performance, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.CRITICAL + 1)  # what goes wrong on purpose need not be told
        play(spec, performance)

    return test
