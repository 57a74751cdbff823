"""Nothing is skipped: what a venue lacks is played as the negative twin, which finds out a guard that is missing."""

from __future__ import annotations

import msgspec
import pytest

from foxtrot.capabilities import Capability, CapabilitySet, Support
from foxtrot.managers.wiring import Wiring
from foxtrot.plugins import default_registry
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios import all_scenarios, performances, play
from foxtrot.testkit.twins import needs

GUARDED = [Capability.FETCH_TRADES, Capability.AMEND_ORDER, Capability.SUBSCRIBE_OHLCV, Capability.DEAD_MAN_SWITCH]


def without(capability: Capability) -> AdapterSpec:
    spec = default_registry().preferred()
    less = CapabilitySet({**spec.capabilities, capability: Support.UNSUPPORTED})
    return msgspec.structs.replace(spec, capabilities=less)


@pytest.mark.parametrize("capability", GUARDED)
def test_every_scenario_is_played_and_what_is_lacking_as_its_twin(capability: Capability) -> None:
    spec = without(capability)
    played = list(performances(spec))
    assert {one.scenario.name for one in played} == {one.name for one in all_scenarios() if one.cases_of(spec)}
    twins = [one for one in played if one.lacks is capability]
    assert {one.scenario.name for one in twins} == {one.name for one in all_scenarios() if capability in one.needs}
    play(spec, twins[0])


def test_a_missing_guard_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = without(Capability.FETCH_TRADES)
    twin = next(one for one in performances(spec) if one.lacks is Capability.FETCH_TRADES)
    monkeypatch.setattr(Wiring, "require", lambda self, capability: None)
    with pytest.raises(AssertionError, match="fetch_trades"):
        play(spec, twin)


@pytest.mark.parametrize("capability", GUARDED)
async def test_a_test_over_sockets_runs_as_its_twin_where_a_capability_is_lacking(capability: Capability) -> None:
    ran: list[str] = []

    @needs(Capability.FETCH_TICKER, capability)
    async def test(symbol: str) -> None:
        ran.append(symbol)

    await test(spec=default_registry().preferred(), symbol="BTC/USD")
    assert ran == ["BTC/USD"]
    await test(spec=without(capability), symbol="BTC/USD")
    assert ran == ["BTC/USD"]


async def test_a_missing_guard_is_found_out_by_a_test_over_sockets_too(monkeypatch: pytest.MonkeyPatch) -> None:
    @needs(Capability.FETCH_TRADES)
    async def test() -> None: ...

    monkeypatch.setattr(Wiring, "require", lambda self, capability: None)
    with pytest.raises(AssertionError, match="fetch_trades"):
        await test(spec=without(Capability.FETCH_TRADES))
