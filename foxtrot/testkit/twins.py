"""Tests written once, with the venue as a parameter: what a venue lacks runs as the negative twin instead."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from foxtrot.capabilities import Capability
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.negative import refused_before_any_io

Test = Callable[..., Awaitable[None]]


def needs(*capabilities: Capability) -> Callable[[Test], Test]:
    """Let a test of a `spec` need capabilities; where one is lacking, UnsupportedError before any I/O is due.

    The test itself need not take the `spec`: whoever runs it sees that it is wanted.
    """

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)
        wanted = dict(signature.parameters)

        async def either(**given: Any) -> None:
            spec: AdapterSpec = given["spec"] if "spec" in wanted else given.pop("spec")
            lacks = next((need for need in capabilities if not spec.capabilities[need].support.usable), None)
            if lacks is None:
                await test(**given)
            else:
                await _refused(spec, lacks)

        parameters = wanted | {"spec": inspect.Parameter("spec", inspect.Parameter.POSITIONAL_OR_KEYWORD)}
        either.__name__, either.__doc__, either.__module__ = test.__name__, test.__doc__, test.__module__
        either.__signature__ = signature.replace(parameters=list(parameters.values()))  # type: ignore[attr-defined]
        return either

    return decorate


async def _refused(spec: AdapterSpec, lacks: Capability) -> None:
    with tempfile.TemporaryDirectory(prefix="foxtrot-twin-") as folder:
        bench = Bench(spec, Path(folder))
        try:
            await refused_before_any_io(bench, lacks)
        finally:
            await bench.close()
