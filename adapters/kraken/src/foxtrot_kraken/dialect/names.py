"""The venue's names of assets and pairs: legacy codes for the oldest ones, plain ones for the others.

Source: https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from foxtrot.model.contract import Contract

_LEGACY = {
    "BTC": "XXBT", "DOGE": "XXDG", "ETC": "XETC", "ETH": "XETH", "LTC": "XLTC", "MLN": "XMLN", "REP": "XREP",
    "XLM": "XXLM", "XMR": "XXMR", "XRP": "XXRP", "ZEC": "XZEC",
    "AUD": "ZAUD", "CAD": "ZCAD", "EUR": "ZEUR", "GBP": "ZGBP", "JPY": "ZJPY", "USD": "ZUSD",
}  # fmt: skip
_ALTERNATIVE = {"BTC": "XBT", "DOGE": "XDG"}
_PLAIN_KEYS = frozenset({"DOGE"})  # legacy assets whose pairs came later: their keys are plain
LOT_DECIMALS = 8


def asset_code(asset: str) -> str:
    """Return the code of an asset in REST replies: XXBT for BTC."""
    return _LEGACY.get(asset, asset)


def alternative(asset: str) -> str:
    """Return the short name of an asset: XBT for BTC."""
    return _ALTERNATIVE.get(asset, asset)


def pair_key(base: str, quote: str) -> str:
    """Return the key of a pair in REST replies."""
    if base in _LEGACY and quote in _LEGACY and not {base, quote} & _PLAIN_KEYS:
        return asset_code(base) + asset_code(quote)
    return alternative(base) + alternative(quote)


class Pair(msgspec.Struct, frozen=True):
    """Name one pair and its fixed numbers of decimals. `symbol` is also its name on WebSocket v2."""

    symbol: str
    base: str
    quote: str
    key: str
    altname: str
    wsname: str
    decimals: int
    cost_decimals: int


def make_pair(contract: Contract) -> Pair:
    """Return the names of a contract made by this dialect."""
    base, quote = contract.base, contract.quote
    return Pair(
        symbol=contract.symbol,
        base=base,
        quote=quote,
        key=pair_key(base, quote),
        altname=alternative(base) + alternative(quote),
        wsname=f"{alternative(base)}/{alternative(quote)}",
        decimals=int(-contract.price_tick.adjusted()) if contract.price_tick else contract.quote_precision,
        cost_decimals=contract.quote_precision,
    )


class Pairs:
    """Find pairs by any of their names."""

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self._by_symbol = {c.symbol: make_pair(c) for c in contracts.values()}
        self._by_name = {n: p for p in self for n in (p.key, p.altname, p.wsname)}
        self.assets = list(dict.fromkeys(a for p in self for a in (p.base, p.quote)))

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._by_symbol.values())

    def of(self, symbol: str) -> Pair:
        """Return the pair of a unified symbol that is listed."""
        return self._by_symbol[symbol]

    def by_symbol(self, symbol: object) -> Pair | None:
        """Return a pair by its WebSocket name."""
        return self._by_symbol.get(symbol) if isinstance(symbol, str) else None

    def by_name(self, name: str) -> Pair | None:
        """Return a pair by its REST key, altname or wsname."""
        return self._by_name.get(name)

    def asset(self, name: str) -> str | None:
        """Return an asset by its code, its short name or its plain name."""
        return next((a for a in self.assets if name in (asset_code(a), alternative(a), a)), None)
