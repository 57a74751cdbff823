"""Whether an account can pay for an order, judged before it is sent."""

from __future__ import annotations

from decimal import Decimal

from foxtrot.errors import OrderDenied
from foxtrot.exchange import BaseExchange
from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO, plain
from foxtrot.model.order import OrderRequest, Side

BALANCE = "BALANCE"


async def require_funds(exchange: BaseExchange, request: OrderRequest, contract: Contract) -> None:
    """Raise OrderDenied (rule BALANCE) when less is free than the order certainly costs.

    What is known by the private stream is believed when it is enough; before a denial the venue is asked. A market buy
    by base counts at the best ask, which is the least it can cost.
    """
    asset = contract.quote if request.side is Side.BUY else contract.base
    needed = await _needed(exchange, request)
    known = exchange.account.balances.get(asset)
    if known is not None and known.free >= needed:
        return
    found = (await exchange.fetch_balance()).get(asset)
    free = ZERO if found is None else found.free
    if free < needed:
        raise OrderDenied(
            f"{BALANCE}: the order needs {plain(needed)} {asset}, but {plain(free)} {asset} is free.",
            rule=BALANCE,
            value=needed,
            nearest=free if request.side is Side.SELL and free > 0 else None,
            exchange=exchange.name,
        )


async def _needed(exchange: BaseExchange, request: OrderRequest) -> Decimal:
    if request.quantity is None:
        return ZERO if request.side is Side.SELL else request.quote_quantity or ZERO
    if request.side is Side.SELL:
        return request.quantity
    price = request.price or request.stop_price
    if price is None:
        best = (await exchange.fetch_order_book(request.symbol, 5)).best_ask
        price = ZERO if best is None else Decimal(repr(best[0]))
    return price * request.quantity
