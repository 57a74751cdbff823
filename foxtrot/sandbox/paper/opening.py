"""From a live exchange, or its name, to one that trades on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from foxtrot.config import ExchangeConfig
from foxtrot.errors import InvalidRequest, OrderDenied, UnsupportedError
from foxtrot.exchange import BaseExchange
from foxtrot.factory import ExchangeFactory
from foxtrot.hookspecs import hookimpl
from foxtrot.keys import KeyManager
from foxtrot.model.decimals import Number, to_decimal
from foxtrot.model.order import Order
from foxtrot.plugins import load_hooks
from foxtrot.sandbox.paper.place import PaperPlace

DEFAULT_BALANCES: Mapping[str, Decimal] = {"USDT": Decimal(1_000)}
PAPER_MARKET = "PAPER_MARKET"  # the rule of OrderDenied while the real market is not known
_FEE = Decimal("0.001")
_NO_KEYS = {"credentials": None, "stream_credentials": None}


def open_paper(
    exchange: BaseExchange | str,
    symbols: Sequence[str],
    *,
    balances: Mapping[str, Number] | None = None,
    maker_fee: Number = _FEE,
    taker_fee: Number = _FEE,
    journal: Path | str | None = None,
    config: ExchangeConfig | Mapping[str, Any] | None = None,
) -> BaseExchange:
    """Return an exchange, to be connected, that runs the adapter against a dry run of the real market; no I/O.

    `exchange` brings the market: a connected one (it stays the caller's, and gets public requests only), or a name,
    for which a connection without keys is made and ended (`config` as of `get_exchange`; by default the live venue).
    `balances` (1000 USDT by default) and fees are the paper account's. With `journal` orders and balances survive the
    process: the file FILE.paper beside it holds what the venue would remember. Orders are denied, with the rule
    PAPER_MARKET, while the real book is not valid or its streams are stale. Raises UnsupportedError where the adapter
    brings no sandbox dialect, InvalidRequest, AdapterNotFound, ConfigError.
    """
    live = _keyless(exchange, config) if isinstance(exchange, str) else exchange
    if not isinstance(live, BaseExchange):
        raise InvalidRequest(f"exchange must be an exchange or its name, not {exchange!r}.", field="exchange")
    if not live.spec.dialect:
        raise UnsupportedError(
            f"{live.name} brings no sandbox dialect, so nothing can play it; use live or a test network.",
            exchange=live.name,
        )
    path = None if journal is None else Path(journal)
    place = PaperPlace(
        live,
        _checked_symbols(symbols),
        balances=_money(DEFAULT_BALANCES if balances is None else balances),
        maker_fee=to_decimal(maker_fee, "maker_fee"),
        taker_fee=to_decimal(taker_fee, "taker_fee"),
        state=None if path is None else path.with_name(f"{path.name}.paper"),
        owns_live=isinstance(exchange, str),
    )
    hooks = load_hooks()
    hooks.register(_Guard(place), name="foxtrot paper guard")
    return type(live)(live.spec, _settings(live.config, path), place, clock=live.clock, hooks=hooks)


class _Guard:
    """Deny orders that could only be filled at prices that are not the market's."""

    def __init__(self, place: PaperPlace) -> None:
        self._place = place

    @hookimpl
    def foxtrot_before_place(self, exchange: str, order: Order) -> None:
        """Veto an order while the real market is not known."""
        trouble = self._place.trouble(order.symbol)
        if trouble:
            raise OrderDenied(
                f"A dry-run order for {order.symbol} cannot be judged: {trouble}. Place it again once that is over.",
                rule=PAPER_MARKET,
                order=order,
                exchange=exchange,
            )


class _NoKeyring:
    def get_password(self, service: str, name: str) -> str | None:
        return None


def _keyless(name: str, config: ExchangeConfig | Mapping[str, Any] | None) -> BaseExchange:
    given: ExchangeConfig | Mapping[str, Any] = {"environment": "live"} if config is None else config
    settings = given if isinstance(given, ExchangeConfig) else ExchangeConfig.parse(given)
    bare = settings.model_copy(update=_NO_KEYS)
    return ExchangeFactory(keys=KeyManager(environ={}, keyring=_NoKeyring())).get_exchange(name, bare)


def _settings(live: ExchangeConfig, journal: Path | None) -> ExchangeConfig:
    """Return the live settings for the paper account: another account's journal rows, another place."""
    return live.model_copy(
        update={
            "environment": "sandbox",
            "account": "paper",
            **_NO_KEYS,
            "rest_url": None,
            "stream_url": None,
            "ws_api_url": None,
            "sandbox": {},
            "orders": live.orders.model_copy(update={"journal": journal}),
        }
    )


def _checked_symbols(symbols: Sequence[str]) -> list[str]:
    if isinstance(symbols, str) or not symbols or not all(isinstance(symbol, str) for symbol in symbols):
        raise InvalidRequest(f"symbols must be a list of symbols such as BTC/USDT, not {symbols!r}.", field="symbols")
    return list(symbols)


def _money(balances: Mapping[str, Number]) -> dict[str, Decimal]:
    exact = {asset: to_decimal(amount, f"balances[{asset}]") for asset, amount in balances.items()}
    negative = [asset for asset, amount in exact.items() if amount < 0]
    if negative:
        raise InvalidRequest(f"balances must not be negative: {', '.join(negative)}.", field="balances")
    return exact
