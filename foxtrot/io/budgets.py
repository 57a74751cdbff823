"""The budgets of this process: whoever draws on one metered scope shares one object."""

from __future__ import annotations

from weakref import WeakValueDictionary

from foxtrot.protocol.budget import Budget

_BUDGETS: WeakValueDictionary[str, Budget] = WeakValueDictionary()


def shared_budget(scope: str) -> Budget:
    """Return the budget of a scope ("address https://api.example", "account ... <fingerprint>"); it lives as long as
    anybody holds it."""
    budget = _BUDGETS.get(scope)
    if budget is None:
        budget = _BUDGETS[scope] = Budget()
    return budget
