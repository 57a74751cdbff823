"""What requests cost, in the documented tables of both venues.

Sources: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md (us),
https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md (com)
"""

from __future__ import annotations

# operation: (us, com)
_TABLE = {
    "time": (1, 1),
    "exchangeInfo": (10, 20),
    "depth100": (1, 5),
    "depth500": (5, 25),
    "depth1000": (10, 50),
    "depth5000": (50, 250),
    "trades": (1, 25),
    "historicalTrades": (5, 25),
    "klines": (1, 2),
    "avgPrice": (1, 2),
    "ticker": (1, 2),
    "tickers20": (1, 2),
    "tickers100": (20, 40),
    "tickers": (40, 80),
    "order": (1, 1),
    "queryOrder": (2, 4),
    "openOrders": (3, 6),
    "allOpenOrders": (40, 80),
    "allOrders": (10, 20),
    "account": (10, 20),
    "myTrades": (10, 20),
    "fees": (1, 1),
    "userDataStream": (1, 2),
}


def weight_of(operation: str, *, us: bool) -> int:
    """Return the weight of an operation of the table."""
    return _TABLE[operation][0 if us else 1]


def depth_operation(depth: int) -> str:
    """Return the table's row for a book request of that depth."""
    return next((f"depth{size}" for size in (100, 500, 1_000) if depth <= size), "depth5000")


def tickers_operation(count: int) -> str:
    """Return the table's row for a request of so many tickers."""
    if count == 1:
        return "ticker"
    return "tickers20" if count <= 20 else "tickers100" if count <= 100 else "tickers"
