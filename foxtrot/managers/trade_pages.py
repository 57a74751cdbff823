"""Reading past public trades from an id on: by ids where the venue can, else by times, looking for the right one."""

from __future__ import annotations

from foxtrot.errors import VenueError
from foxtrot.managers.wiring import Wiring
from foxtrot.model.contract import Contract
from foxtrot.model.events import Trade
from foxtrot.model.times import NS_PER_S
from foxtrot.protocol.codec import Page

PAGE = 1_000
_NEAR = 3 * PAGE  # trades that are rather read through than looked for
_ATTEMPTS = 40
_MARKS = 8  # remembered of each symbol


class TradePages:
    """Read trades page by page. Where the venue asks by time, it is remembered where pages began."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._marks: dict[str, list[tuple[int, str]]] = {}  # an id, and what asks for the trades after it
        self._full: dict[str, tuple[str, Page[Trade]]] = {}  # the latest full page, which will never be another

    async def read(self, contract: Contract, size: int, from_id: str) -> list[Trade]:
        """Return the first `size` trades from an id on, oldest first; fewer when there are no more.

        Raises VenueError when the venue cannot say where that id is.
        """
        wiring = self._wiring
        rest = wiring.open().rest
        if rest.fetch_trades_since(contract, "0") is None:
            return await wiring.call(rest.fetch_trades(contract, size, from_id))
        first = int(from_id)
        page, found = await self._first_page(contract, first), list[Trade]()
        while True:
            found += [trade for trade in page.items if _id(trade) >= first]
            if len(found) >= size or not page.next:
                return found[:size]
            page = await self._since(contract, page.next)

    async def _first_page(self, contract: Contract, first: int) -> Page[Trade]:
        """Return the page in which an id is, or would be."""
        near = [mark for mark in self._marks.get(contract.symbol, ()) if 0 < first - mark[0] <= _NEAR]
        if near:
            return await self._forward(contract, max(near)[1], first)
        rest = self._wiring.open().rest
        newest = await self._wiring.call(rest.fetch_trades(contract, PAGE, ""))
        if not newest or _id(newest[0]) <= first:
            return Page(newest)
        return await self._search(contract, first, newest)

    async def _forward(self, contract: Contract, since: str, first: int) -> Page[Trade]:
        page = await self._since(contract, since)
        while page.next and _id(page.items[-1]) < first:
            page = await self._since(contract, page.next)
        return page

    async def _search(self, contract: Contract, first: int, newest: list[Trade]) -> Page[Trade]:
        """Look for an id by times: further and further back until before it, and then between what is known."""
        low: Trade | None = None
        high, span = newest[0], newest[-1].ts_event - newest[0].ts_event
        back = span * (_id(high) - first) // len(newest) + NS_PER_S
        at = high.ts_event - back
        for attempt in range(_ATTEMPTS):
            page = await self._since(contract, str(max(at, 0)))
            if (page.items and _id(page.items[0]) <= first) or at <= 0:
                if not page.next or _id(page.items[-1]) >= first:
                    return page
                if first - _id(page.items[-1]) <= _NEAR:
                    return await self._forward(contract, page.next, first)
                low = page.items[-1]
            elif page.items:
                high = page.items[0]
            if low is None:
                back *= 3
                at = high.ts_event - back
            else:
                at = _between(low, high, first, halve=bool(attempt % 2))
        text = f"{contract.exchange} could not tell when trade {first} of {contract.symbol} was."
        raise VenueError(text, exchange=contract.exchange)

    async def _since(self, contract: Contract, since: str) -> Page[Trade]:
        wiring = self._wiring
        asked, known = self._full.get(contract.symbol, ("", Page[Trade]([])))
        if since == asked:
            return known
        call = wiring.open().rest.fetch_trades_since(contract, since)
        if call is None:
            raise AssertionError("asked by time where the venue cannot")
        page = await wiring.call(call)
        if page.next and page.items:
            self._full[contract.symbol] = since, page
            marks = self._marks.setdefault(contract.symbol, [])
            marks[:] = [*marks, (_id(page.items[0]) - 1, since), (_id(page.items[-1]), page.next)][-_MARKS:]
        return page


def _id(trade: Trade) -> int:
    return int(trade.trade_id)


def _between(low: Trade, high: Trade, first: int, *, halve: bool) -> int:
    """Return a time before the wanted trade's, if trades came evenly; or the middle."""
    part = 0.5 if halve else max(0, first - _id(low) - PAGE // 2) / max(1, _id(high) - _id(low))
    return low.ts_event + int((high.ts_event - low.ts_event) * part)
