"""A manifest declares each capability once, by how far it goes."""

from __future__ import annotations

import pytest

from foxtrot.capabilities import Capability, CapabilitySet, Feature, Support


def test_capabilities_are_declared_in_groups_with_notes_where_they_need_one() -> None:
    declared = CapabilitySet.declare(
        "place_order fetch_trades",
        partial={"fetch_ohlcv": "the newest 720"},
        emulated={"amend_order": "cancel and replace"},
        not_implemented="margin",
        unsupported={"testnet": "there is none"},
    )
    assert declared[Capability.PLACE_ORDER] == Feature(Support.FULL)
    assert declared[Capability.FETCH_TRADES] == Feature(Support.FULL)
    assert declared[Capability.FETCH_OHLCV] == Feature(Support.PARTIAL, "the newest 720")
    assert declared[Capability.AMEND_ORDER] == Feature(Support.EMULATED, "cancel and replace")
    assert declared[Capability.MARGIN] == Feature(Support.NOT_IMPLEMENTED)
    assert declared[Capability.TESTNET] == Feature(Support.UNSUPPORTED, "there is none")
    assert declared[Capability.USER_STREAM] == Feature(Support.UNSUPPORTED)  # not declared


def test_a_name_that_is_no_capability_is_named() -> None:
    with pytest.raises(ValueError, match="'fly'"):
        CapabilitySet.declare("place_order fly")


def test_of_two_sets_together_the_later_one_counts() -> None:
    both = CapabilitySet.declare("margin futures") | CapabilitySet.declare(unsupported={"margin": "spot only"})
    assert both[Capability.MARGIN] == Feature(Support.UNSUPPORTED, "spot only")
    assert both[Capability.FUTURES] == Feature(Support.FULL)
