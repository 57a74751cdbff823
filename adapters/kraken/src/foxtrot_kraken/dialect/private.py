"""The private channels as subscriptions: executions and balances, each with its own sequence.

Source: https://docs.kraken.com/api/docs/websocket-v2/executions and https://docs.kraken.com/api/docs/websocket-v2/balances
"""

from __future__ import annotations

from typing import Any

import msgspec

from foxtrot.model.decimals import ZERO
from foxtrot.sandbox.exact import exactly
from foxtrot.sandbox.types import BalanceReport, OrderReport, VenueEvent
from foxtrot_kraken.dialect.channels import Json, Say
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.executions import Executions
from foxtrot_kraken.dialect.ledgers import LedgerEntry
from foxtrot_kraken.dialect.numbers import number, stamp

_WARNINGS = [
    "cancel_reason is deprecated, use reason",
    "stop_price is deprecated, use triggers.price",
]
_OPEN_AND_CLOSE = frozenset({"new", "trade", "filled", "canceled", "expired"})
_DECIMALS = 4


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a subscription of executions asks for."""

    snap_orders: bool = True
    snap_trades: bool = False
    order_status: bool = True
    ratecounter: bool = False


class PrivateChannel:
    """Number the messages of one subscription, and hold them back where they are to come behind a reply."""

    def __init__(self, desk: Desk, name: str, account: str, token: str, say: Say) -> None:
        self._desk = desk
        self._name = name
        self._account = account
        self._token = token
        self._say = say
        self._sequence = 0
        self._held: list[list[Json]] = []
        desk.tokens.use(token)

    def tick(self) -> None:
        """Send what was held back."""
        held, self._held = self._held, []
        for rows in held:
            self._send("update", rows)

    def close(self) -> None:
        """Let the token age again."""
        self._desk.tokens.leave(self._token)

    def _update(self, row: Json) -> None:
        if self._desk.options.private_after_reply:
            self._held.append([row])
        else:
            self._send("update", [row])

    def _send(self, kind: str, rows: list[Json]) -> None:
        self._sequence += 1
        self._say({"channel": self._name, "type": kind, "data": rows, "sequence": self._sequence})


class ExecutionsChannel(PrivateChannel):
    """Send the open orders, then what happens to any order of the account."""

    def __init__(self, desk: Desk, account: str, token: str, say: Say, wishes: Wishes) -> None:
        super().__init__(desk, "executions", account, token, say)
        self._rendered = Executions(desk)
        self._wishes = wishes
        self.result: Json = {
            "channel": "executions",
            "maxratecount": desk.limits.most_trading,
            "snapshot": wishes.snap_orders or wishes.snap_trades,
            "warnings": _WARNINGS,
        }

    def begin(self) -> None:
        """Send the snapshots that were asked for."""
        wishes = self._wishes
        if not (wishes.snap_orders or wishes.snap_trades):
            return
        rows = self._rendered.snapshot(self._account, orders=wishes.snap_orders, trades=wishes.snap_trades)
        if rows or self._desk.options.empty_snapshot:
            self._send("snapshot", rows)

    def on_event(self, event: VenueEvent) -> None:
        """Send what happened to an order."""
        if not isinstance(event, OrderReport) or event.order.account != self._account:
            return
        for row in self._rendered.of(event):
            if not self._wishes.order_status and row["exec_type"] not in _OPEN_AND_CLOSE:
                continue
            if self._wishes.ratecounter:
                count = self._desk.limits.trading(self._account, event.order.symbol)
                row["ratecount"] = int(count)
            self._update(row)


class BalancesChannel(PrivateChannel):
    """Send what the account holds, then each ledger entry; what open orders hold is not shown."""

    def __init__(self, desk: Desk, account: str, token: str, say: Say, *, snapshot: bool) -> None:
        super().__init__(desk, "balances", account, token, say)
        self._snapshot = snapshot
        self._known = len(desk.ledgers.entries(account))
        self.result: Json = {"channel": "balances", "snapshot": snapshot}

    @exactly
    def begin(self) -> None:
        """Send the totals by asset."""
        if self._snapshot:
            held = self._desk.venue.balances(self._account)
            self._send("snapshot", [_held(asset, free + locked) for asset, (free, locked) in held.items()])

    def on_event(self, event: VenueEvent) -> None:
        """Send the ledger entries of a trade or a transfer."""
        if not isinstance(event, OrderReport | BalanceReport):
            return
        entries = self._desk.ledgers.entries(self._account)
        new, self._known = entries[self._known :], len(entries)
        for entry in new:
            self._update(_moved(entry))


def _held(asset: str, total: Any) -> Json:
    balance = number(total, _DECIMALS)
    wallets = [{"type": "spot", "id": "main", "balance": balance}] if total != ZERO else []
    return {"asset": asset, "asset_class": "currency", "balance": balance, "wallets": wallets}


def _moved(entry: LedgerEntry) -> Json:
    return {
        "ledger_id": entry.ledger_id,
        "ref_id": entry.ref_id,
        "timestamp": stamp(entry.time_ns),
        "type": entry.kind,
        "asset": entry.asset,
        "asset_class": "currency",
        "category": entry.kind,
        "wallet_type": "spot",
        "wallet_id": "main",
        "amount": number(entry.amount, _DECIMALS),
        "fee": number(entry.fee, _DECIMALS),
        "balance": number(entry.balance, _DECIMALS),
    }
