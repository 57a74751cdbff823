"""The requests about what an account holds, pays and has used up.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#account-endpoints and
https://docs.binance.us
"""

from __future__ import annotations

from typing import Any

from foxtrot.model.decimals import ZERO
from foxtrot.model.times import NS_PER_S
from foxtrot_binance.dialect import render
from foxtrot_binance.dialect.desk import Desk
from foxtrot_binance.dialect.request import Operation, Request, Security

_MONTH_NS = 30 * 86_400 * NS_PER_S
_NO_FEE = "0.00000000"


def account(desk: Desk, request: Request) -> Any:
    held = desk.venue.balances(request.account)
    hide = request.params.text("omitZeroBalances") == "true"
    return {
        "makerCommission": int(desk.venue.maker_fee * 10_000),
        "takerCommission": int(desk.venue.taker_fee * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": _rates(desk),
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "updateTime": request.now_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": render.number(free), "locked": render.number(locked)}
            for asset, (free, locked) in held.items()
            if not hide or free or locked
        ],
        "permissions": ["SPOT"],
        "tradeGroupId": -1,
    }


def order_limits(desk: Desk, request: Request) -> Any:
    return desk.limits.order_counts(request.account, request.now_ms)


def fees(desk: Desk, request: Request) -> Any:
    contracts = [desk.contract(request.params)] if "symbol" in request.params else list(desk.venue.contracts.values())
    return [
        {
            "symbol": contract.venue_symbol,
            "makerCommission": f"{desk.venue.maker_fee.normalize():f}",
            "takerCommission": f"{desk.venue.taker_fee.normalize():f}",
        }
        for contract in contracts
    ]


def commission(desk: Desk, request: Request) -> Any:
    return {"symbol": desk.contract(request.params).venue_symbol} | commission_rates(desk, "")


def commission_rates(desk: Desk, suffix: str) -> dict[str, Any]:
    """Return the standard, special and tax rates; order/test names them with `suffix` "ForOrder"."""
    none = dict.fromkeys(_rates(desk), _NO_FEE)
    return {
        f"standardCommission{suffix}": _rates(desk),
        f"specialCommission{suffix}": none,
        f"taxCommission{suffix}": none,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": _NO_FEE,
        },
    }


def trading_volume(desk: Desk, request: Request) -> Any:
    """Add up the quote amounts of 30 days; the documents do not say in which asset the venue counts."""
    since = desk.venue.clock() - _MONTH_NS
    done = (e for s in desk.venue.contracts for e in desk.venue.executions(request.account, s) if e.time_ns >= since)
    return {"past30DaysTradingVolume": float(sum((e.quote_quantity for e in done), ZERO))}


def _rates(desk: Desk) -> dict[str, str]:
    venue = desk.venue
    return {"maker": f"{venue.maker_fee:.8f}", "taker": f"{venue.taker_fee:.8f}", "buyer": _NO_FEE, "seller": _NO_FEE}


def _signed(path: str, ws: str, handler: Any, *names: str, us: int = 1, com: int = 1, only: str = "") -> Operation:
    return Operation(
        method="GET",
        path=path,
        ws=ws,
        security=Security.SIGNED,
        handler=handler,
        names=frozenset(names),
        us=us,
        com=com,
        only=only,
    )


OPERATIONS = (
    _signed("/api/v3/account", "account.status", account, "omitZeroBalances", us=10, com=20),
    _signed("/api/v3/rateLimit/order", "account.rateLimits.orders", order_limits, us=20, com=40),
    _signed("/api/v3/account/commission", "account.commission", commission, "symbol", com=20, only="binance"),
    _signed("/sapi/v1/asset/tradeFee", "", fees, "symbol", only="binance"),
    _signed("/sapi/v1/asset/query/trading-fee", "", fees, "symbol", only="binanceus"),
    _signed("/sapi/v1/asset/query/trading-volume", "", trading_volume, only="binanceus"),
)
