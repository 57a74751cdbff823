"""The ledger entries of an account: what each trade and each transfer moved, with the balance after it.

Source: https://docs.kraken.com/api/docs/rest-api/get-ledgers
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import msgspec

from foxtrot.model.decimals import ZERO
from foxtrot.model.order import Side
from foxtrot.sandbox.exact import exactly
from foxtrot.sandbox.types import BalanceReport, Execution
from foxtrot.sandbox.venue import Venue
from foxtrot_kraken.dialect.ids import Ids
from foxtrot_kraken.dialect.register import Register


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one entry; `amount` is without the fee, which is taken off beside it."""

    ledger_id: str
    ref_id: str
    time_ns: int
    kind: str
    asset: str
    amount: Decimal
    fee: Decimal
    balance: Decimal


class Ledgers:
    """Keep the entries of every account, oldest first."""

    def __init__(self, venue: Venue, ids: Ids, register: Register) -> None:
        self._venue = venue
        self._ids = ids
        self._register = register
        self._entries: defaultdict[str, list[LedgerEntry]] = defaultdict(list)

    def entries(self, account: str) -> list[LedgerEntry]:
        """Return an account's entries, oldest first."""
        return self._entries[account]

    @exactly
    def on_trade(self, execution: Execution) -> list[LedgerEntry]:
        """Enter a fill of an account and return its two entries."""
        contract = self._venue.contracts[execution.symbol]
        sign = 1 if execution.side is Side.BUY else -1
        moved = {contract.base: sign * execution.quantity, contract.quote: -sign * execution.quote_quantity}
        ref = self._register.trade_id(execution)
        at, account = execution.time_ns, execution.account
        return [
            self._enter(
                account, "trade", asset, amount, execution.fee if asset == execution.fee_asset else ZERO, at, ref
            )
            for asset, amount in moved.items()
        ]

    def on_transfers(self, report: BalanceReport) -> list[LedgerEntry]:
        """Enter what came from outside the venue, or left it, and return the entries."""
        ref = self._ids.make("T", "transfer", report.account, len(self._entries[report.account]))
        return [
            self._enter(
                report.account, "deposit" if amount > 0 else "withdrawal", asset, amount, ZERO, report.time_ns, ref
            )
            for asset, amount in report.transfers.items()
        ]

    def _enter(
        self, account: str, kind: str, asset: str, amount: Decimal, fee: Decimal, time_ns: int, ref_id: str
    ) -> LedgerEntry:
        entries = self._entries[account]
        entry = LedgerEntry(
            ledger_id=self._ids.make("L", account, len(entries)),
            ref_id=ref_id,
            time_ns=time_ns,
            kind=kind,
            asset=asset,
            amount=amount,
            fee=fee,
            balance=sum(self._venue.ledger.held(account, asset), ZERO),
        )
        entries.append(entry)
        return entry
