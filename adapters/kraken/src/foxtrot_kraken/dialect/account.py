"""The requests about what an account holds and pays.

Source: https://docs.kraken.com/api/docs/rest-api/get-extended-balance and get-trade-volume
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from foxtrot.model.decimals import ZERO
from foxtrot.model.times import NS_PER_S
from foxtrot.sandbox.exact import exactly
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.errors import WireError
from foxtrot_kraken.dialect.names import asset_code
from foxtrot_kraken.dialect.request import Request, private
from foxtrot_kraken.dialect.tokens import LIFE_S
from foxtrot_kraken.dialect.words import fixed

_MONTH_NS = 30 * 86_400 * NS_PER_S
_CASH = frozenset({"USD", "USDT", "USDC"})


@exactly
def balance(desk: Desk, request: Request) -> Any:
    held = desk.venue.balances(request.account)
    return {asset_code(asset): fixed(free + locked, 4) for asset, (free, locked) in held.items()}


@exactly
def extended_balance(desk: Desk, request: Request) -> Any:
    held = desk.venue.balances(request.account)
    return {
        asset_code(asset): {"balance": fixed(free + locked, 4), "hold_trade": fixed(locked, 4)}
        for asset, (free, locked) in held.items()
    }


@exactly
def trade_balance(desk: Desk, request: Request) -> Any:
    """Sum up in dollars; nothing is borrowed and no position is open."""
    asked = request.params.text("asset") or "ZUSD"
    if desk.pairs.asset(asked) is None and asked not in ("ZUSD", "USD"):
        raise WireError("EQuery:Unknown asset")
    held = desk.venue.balances(request.account)
    total = sum(((free + locked) * _worth(desk, asset) for asset, (free, locked) in held.items()), ZERO)
    none = f"{ZERO:.4f}"
    amount = f"{total:.4f}"
    return {
        "eb": amount,
        "tb": amount,
        "m": none,
        "uv": none,
        "n": none,
        "c": none,
        "v": none,
        "e": amount,
        "mf": amount,
    }


@exactly
def trade_volume(desk: Desk, request: Request) -> Any:
    params, venue = request.params, desk.venue
    since = desk.now_ns() - _MONTH_NS
    done = (e for symbol in venue.contracts for e in venue.executions(request.account, symbol) if e.time_ns >= since)
    names = (params.text("pair") or "").split(",")
    pairs = [desk.pairs.by_name(name) for name in names if name]
    if None in pairs:
        raise WireError("EQuery:Unknown asset pair")
    keys = [pair.key for pair in pairs if pair is not None]
    volume = sum((e.quote_quantity for e in done), ZERO)
    reply = {"currency": "ZUSD", "volume": f"{volume:.4f}"}
    if not keys:
        return reply
    return reply | {
        "fees": {key: _fee(venue.taker_fee) for key in keys},
        "fees_maker": {key: _fee(venue.maker_fee) for key in keys},
    }


def web_sockets_token(desk: Desk, request: Request) -> Any:
    return {"token": desk.tokens.make(request.account), "expires": LIFE_S}


def _fee(rate: Decimal) -> Any:
    percent = f"{rate * 100:.4f}"
    fee = {"fee": percent, "minfee": percent, "maxfee": percent}
    return fee | {"nextfee": None, "nextvolume": None, "tiervolume": f"{ZERO:.4f}"}


def _worth(desk: Desk, asset: str) -> Decimal:
    """Return what one of an asset is worth in dollars, 0 where no pair tells."""
    if asset in _CASH:
        return Decimal(1)
    symbols = [f"{asset}/{cash}" for cash in sorted(_CASH) if f"{asset}/{cash}" in desk.venue.contracts]
    return desk.venue.last_price(symbols[0]) if symbols else ZERO


OPERATIONS = (
    private("Balance", balance),
    private("BalanceEx", extended_balance),
    private("TradeBalance", trade_balance),
    private("TradeVolume", trade_volume),
    private("GetWebSocketsToken", web_sockets_token),
)
