"""Who owns what at the venue: free and locked per account and asset, exact, and conserved to the last digit."""

from __future__ import annotations

from decimal import Decimal

from foxtrot.model.decimals import ZERO
from foxtrot.sandbox.types import MARKET_ACCOUNT, Reason, Refused

FEE_ACCOUNT = "fees"
_MAY_OWE = frozenset({MARKET_ACCOUNT, FEE_ACCOUNT})  # agents' funds are unlimited; rebates are paid out of the fees


class Overdrawn(RuntimeError):
    """The venue would have paid out what an account does not have: a defect of the venue, never a client's fault."""


class Ledger:
    """Move amounts between accounts; the sum over all accounts of an asset changes by deposits only.

    Free and locked amounts of clients never get negative: a movement that would do so raises Overdrawn.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, dict[str, list[Decimal]]] = {}

    def open(self, account: str) -> None:
        """Open an empty account; opening twice changes nothing."""
        self._accounts.setdefault(account, {})

    def deposit(self, account: str, asset: str, amount: Decimal) -> None:
        """Add free funds from outside, or with a negative amount take them. Raises Refused(INSUFFICIENT_BALANCE)."""
        self.require(account, asset, -amount)
        self._entry(account, asset)[0] += amount

    def held(self, account: str, asset: str) -> tuple[Decimal, Decimal]:
        """Return (free, locked) of one asset."""
        free, locked = self._accounts.get(account, {}).get(asset, (ZERO, ZERO))
        return free, locked

    def balances(self, account: str) -> dict[str, tuple[Decimal, Decimal]]:
        """Return (free, locked) of every asset the account ever held."""
        return {asset: (free, locked) for asset, (free, locked) in self._accounts.get(account, {}).items()}

    def affords(self, account: str, asset: str, amount: Decimal) -> bool:
        """Tell whether that much is free."""
        return amount <= 0 or account in _MAY_OWE or self.held(account, asset)[0] >= amount

    def require(self, account: str, asset: str, amount: Decimal) -> None:
        """Raise Refused(INSUFFICIENT_BALANCE) unless that much is free."""
        if not self.affords(account, asset, amount):
            raise Refused(Reason.INSUFFICIENT_BALANCE)

    def lock(self, account: str, asset: str, amount: Decimal) -> None:
        """Move free funds to locked ones."""
        entry = self._entry(account, asset)
        self._put(entry, account, asset, entry[0] - amount, entry[1] + amount)

    def unlock(self, account: str, asset: str, amount: Decimal) -> None:
        """Move locked funds back to free ones."""
        entry = self._entry(account, asset)
        self._put(entry, account, asset, entry[0] + amount, entry[1] - amount)

    def move(self, asset: str, amount: Decimal, payer: str, receiver: str, *, from_locked: bool) -> None:
        """Pay `amount` from one account's locked (or free) funds into the other's free ones."""
        entry = self._entry(payer, asset)
        free, locked = (entry[0], entry[1] - amount) if from_locked else (entry[0] - amount, entry[1])
        self._put(entry, payer, asset, free, locked)
        self._entry(receiver, asset)[0] += amount

    def total(self, asset: str) -> Decimal:
        """Return what all accounts hold of an asset together."""
        return sum((sum(a[asset], ZERO) for a in self._accounts.values() if asset in a), ZERO)

    def _entry(self, account: str, asset: str) -> list[Decimal]:
        return self._accounts.setdefault(account, {}).setdefault(asset, [ZERO, ZERO])

    def _put(self, entry: list[Decimal], account: str, asset: str, free: Decimal, locked: Decimal) -> None:
        if (free < 0 or locked < 0) and account not in _MAY_OWE:
            raise Overdrawn(f"{account} would have {free} {asset} free and {locked} locked.")
        entry[0], entry[1] = free, locked
