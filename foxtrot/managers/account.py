"""The account manager: balances, positions, fees."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from foxtrot.capabilities import Capability
from foxtrot.errors import FoxtrotError
from foxtrot.managers.wiring import Wiring
from foxtrot.model.account import Balance, FeeRate, Position
from foxtrot.model.events import BalanceUpdated
from foxtrot.protocol.messages import BalancesChanged

_LOG = logging.getLogger("foxtrot.account")
_SOON_S, _APART_S = 0.1, 2.0


class AccountManager:
    """Read what the account owns and keep it current from the user stream."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._balances: dict[str, Balance] = {}
        self._times: dict[str, int] = {}  # the venue's time of the newest streamed balance, by asset
        self._refreshing, self._refreshed = False, -_APART_S
        self._listening: list[set[str]] = []  # for each question under way: what the stream spoke of meanwhile

    @property
    def balances(self) -> dict[str, Balance]:
        """Return the last known balances by asset (a copy)."""
        return dict(self._balances)

    async def fetch_balance(self) -> dict[str, Balance]:
        """Ask the venue for all balances; publishes BalanceUpdated for those that differ from the last known."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_BALANCE)
        streamed: set[str] = set()
        self._listening.append(streamed)
        try:
            fetched = await wiring.call(wiring.open().rest.fetch_balances())
        finally:
            self._listening = [other for other in self._listening if other is not streamed]  # not one that equals it
        present = {balance.asset for balance in fetched}
        gone = [Balance(asset, b.free * 0, b.locked * 0) for asset, b in self._balances.items() if asset not in present]
        # What the stream said meanwhile may be newer than the answer; were it older, its next message would tell.
        current = [balance for balance in (*fetched, *gone) if balance.asset not in streamed]
        self._apply(current, ts_event=0, ts_recv=wiring.clock.time_ns())
        return {asset: balance for asset, balance in self._balances.items() if asset in present}

    def refresh_soon(self) -> None:
        """Ask for all balances once for everything that moves them in the next moment."""
        if not self._refreshing:
            self._refreshing = True
            self._wiring.spawn(self._refresh())

    async def _refresh(self) -> None:
        clock = self._wiring.clock
        try:
            await clock.sleep(max(_SOON_S, self._refreshed + _APART_S - clock.monotonic()))
        finally:
            self._refreshing = False
        self._refreshed = clock.monotonic()
        try:
            await self.fetch_balance()
        except FoxtrotError as error:
            _LOG.warning("%s: balances could not be read: %s", self._wiring.exchange, error)

    async def fetch_positions(self) -> list[Position]:
        """Ask for open derivatives positions. Raises UnsupportedError on venues without derivatives, before any I/O."""
        self._wiring.require(Capability.FETCH_POSITIONS)
        return []

    async def fetch_fees(self, symbol: str | None = None) -> list[FeeRate]:
        """Ask for maker and taker rates of one symbol or of all."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_FEES)
        contract = None if symbol is None else wiring.contract(symbol)
        return await wiring.call(wiring.open().rest.fetch_fees(contract))

    def on_balances(self, message: BalancesChanged) -> None:
        """Take new balances from the user stream; one that was overtaken by a newer one is passed over."""
        newer = [b for b in message.balances if message.ts_event >= self._times.get(b.asset, 0)]
        self._times.update({balance.asset: message.ts_event for balance in newer})
        for heard in self._listening:
            heard.update(balance.asset for balance in newer)
        self._apply(newer, message.ts_event, message.ts_recv)

    def _apply(self, balances: Iterable[Balance], ts_event: int, ts_recv: int) -> None:
        changed = tuple(b for b in balances if self._balances.get(b.asset) != b)
        if not changed:
            return
        self._balances.update({b.asset: b for b in changed})
        wiring = self._wiring
        wiring.publish(BalanceUpdated(wiring.exchange, "", ts_event, ts_recv, wiring.next_seq(), changed))
