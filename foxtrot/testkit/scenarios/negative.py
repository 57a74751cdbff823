"""The negative twin of every scenario: what a venue lacks is refused before anything is sent."""

from __future__ import annotations

from foxtrot.capabilities import Capability
from foxtrot.errors import UnsupportedError
from foxtrot.testkit.desk import factory_for
from foxtrot.testkit.operations import OPERATIONS
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure


async def refused_before_any_io(bench: Bench, lacks: Capability) -> None:
    """Ask for what the venue lacks: UnsupportedError, and the venue hears nothing. Raises AssertionError."""
    if lacks is Capability.TESTNET:
        _no_environment(bench, "testnet")
    elif lacks is Capability.USER_STREAM:
        desk = await bench.desk()
        sure("user" not in desk.exchange.health().channels, "a private stream was opened that the venue does not have")
    else:
        await _refused(bench, lacks)


async def _refused(bench: Bench, lacks: Capability) -> None:
    operation = OPERATIONS.get(lacks)
    if operation is None:  # no operation of ours needs it
        sure(not bench.spec.capabilities[lacks].support.usable, f"{lacks.value} is declared as usable")
        return
    desk = await bench.desk()
    asked, sockets = desk.world.asked, len(desk.world.sockets)
    error = await fails(desk, operation(desk.exchange, desk.symbol), UnsupportedError, lacks.value)
    sure(lacks.value in error.message, f"the error does not name {lacks.value}: {error}")
    equal((desk.world.asked, len(desk.world.sockets)), (asked, sockets), "what the venue was asked")


def _no_environment(bench: Bench, name: str) -> None:
    try:
        factory_for(bench.spec).get_exchange(bench.spec.name, {"environment": name})
    except UnsupportedError as error:
        sure(name in error.message, f"the error does not name {name}: {error}")
        return
    raise AssertionError(f"{bench.spec.name} has no {name}, and yet one is offered")
