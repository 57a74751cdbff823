"""Who owns what at the venue: free and locked per account and asset, exact, and conserved to the last digit."""

from __future__ import annotations

from decimal import Decimal

from foxtrot.model.decimals import ZERO
from foxtrot.sandbox.types import MARKET_ACCOUNT, Reason, Refused

FEE_ACCOUNT = "fees"
_UNLIMITED = frozenset({MARKET_ACCOUNT})


class Ledger:
    """Move amounts between accounts; the sum over all accounts of an asset changes by deposits only.

    The market's account may owe: it is where the agents' funds come from.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, dict[str, list[Decimal]]] = {}

    def open(self, account: str) -> None:
        """Open an empty account; opening twice changes nothing."""
        self._accounts.setdefault(account, {})

    def deposit(self, account: str, asset: str, amount: Decimal) -> None:
        """Add (or with a negative amount take) free funds from outside."""
        self._entry(account, asset)[0] += amount

    def free(self, account: str, asset: str) -> Decimal:
        """Return the free amount."""
        return self._entry(account, asset)[0]

    def balances(self, account: str) -> dict[str, tuple[Decimal, Decimal]]:
        """Return (free, locked) of every asset the account ever held."""
        return {asset: (free, locked) for asset, (free, locked) in self._accounts.get(account, {}).items()}

    def require(self, account: str, asset: str, amount: Decimal) -> None:
        """Raise Refused(INSUFFICIENT_BALANCE) unless that much is free."""
        if account not in _UNLIMITED and self._entry(account, asset)[0] < amount:
            raise Refused(Reason.INSUFFICIENT_BALANCE)

    def lock(self, account: str, asset: str, amount: Decimal) -> None:
        """Move free funds to locked ones. Raises Refused(INSUFFICIENT_BALANCE)."""
        self.require(account, asset, amount)
        entry = self._entry(account, asset)
        entry[0] -= amount
        entry[1] += amount

    def unlock(self, account: str, asset: str, amount: Decimal) -> None:
        """Move locked funds back to free ones."""
        self.lock_signed(account, asset, -amount)

    def lock_signed(self, account: str, asset: str, amount: Decimal) -> None:
        """Move `amount` from free to locked without asking, the other way round when negative."""
        entry = self._entry(account, asset)
        entry[0] -= amount
        entry[1] += amount

    def move(self, asset: str, amount: Decimal, payer: str, receiver: str, *, from_locked: bool) -> None:
        """Pay `amount` from one account's locked (or free) funds into the other's free ones."""
        self._entry(payer, asset)[1 if from_locked else 0] -= amount
        self._entry(receiver, asset)[0] += amount

    def total(self, asset: str) -> Decimal:
        """Return what all accounts hold of an asset together."""
        return sum((sum(a[asset], ZERO) for a in self._accounts.values() if asset in a), ZERO)

    def _entry(self, account: str, asset: str) -> list[Decimal]:
        return self._accounts.setdefault(account, {}).setdefault(asset, [ZERO, ZERO])
