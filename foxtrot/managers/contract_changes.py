"""What is different between two readings of the venue's contracts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from foxtrot.model.contract import Contract, ContractStatus
from foxtrot.model.events import ContractChange

_MEASURES = ("price_tick", "quantity_step", "min_quantity", "min_notional")
Difference = tuple[ContractChange, Contract, Contract | None, tuple[str, ...]]


def merged(before: Iterable[Contract], now: Iterable[Contract]) -> list[Contract]:
    """Return the contracts of now, and those that are listed no more as closed: orders in them stay known.

    A delisted one gives way to a new one that has taken over its symbol or its venue's name.
    """
    listed = list(now)
    symbols, wire = {c.symbol for c in listed}, {c.venue_symbol for c in listed}
    gone = [c for c in before if c.symbol not in symbols and c.venue_symbol not in wire]
    return [*listed, *(msgspec.structs.replace(c, status=ContractStatus.CLOSED, venue_status="") for c in gone)]


def differences(before: Iterable[Contract], now: Iterable[Contract], *, first: bool) -> Iterator[Difference]:
    """Yield (change, contract, previous, names of the fields that changed) for each contract that is not as before."""
    known = {contract.symbol: contract for contract in before}
    listed = {contract.symbol: contract for contract in now}
    for symbol, contract in listed.items():
        previous = known.get(symbol)
        if previous is None:
            yield ContractChange.LOADED if first else ContractChange.LISTED, contract, None, ()
        elif previous != contract:
            yield ContractChange.CHANGED, contract, previous, _fields(previous, contract)
    for symbol, contract in known.items():
        if symbol not in listed and contract.status is not ContractStatus.CLOSED:
            closed = msgspec.structs.replace(contract, status=ContractStatus.CLOSED, venue_status="")
            yield ContractChange.DELISTED, closed, contract, ("status",)


def _fields(before: Contract, after: Contract) -> tuple[str, ...]:
    names = [name for name in Contract.__struct_fields__ if name != "rules"]
    changed = [name for name in (*names, *_MEASURES) if getattr(before, name) != getattr(after, name)]
    others = before.rules != after.rules and not any(name in changed for name in _MEASURES)
    return (*changed, "rules") if others else tuple(changed)
