"""Which generation of which venue the sandbox plays; facts that are uncertain are options here.

Source: https://github.com/binance-us/binance-us-api-docs and https://github.com/binance/binance-spot-api-docs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict

from foxtrot.errors import ConfigError
from foxtrot.model.order import OrderType
from foxtrot.sandbox.options import parse_dialect_options
from foxtrot_binance.servers import Server

BASE_TYPES = (
    OrderType.LIMIT,
    OrderType.LIMIT_MAKER,
    OrderType.MARKET,
    OrderType.STOP_LOSS_LIMIT,
    OrderType.TAKE_PROFIT_LIMIT,
)


class DialectOptions(BaseModel):
    """Settle what the venue's documents leave open.

    `weights`: which published table is in force ("auto": us for legacy, com for current). `listen_key`: whether the
    listenKey calls still answer. `market_closed_code`: both codes are seen.
    `inbound_per_second`: messages a client may send on a stream connection before it is cut off.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Literal["auto", "us", "com"] = "auto"
    listen_key: Literal["on", "gone"] = "on"
    listen_key_life_s: float = 3_600.0
    market_closed_code: Literal[-2010, -1013] = -2010
    inbound_per_second: int = 5


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one generation's facts."""

    server: Server
    name: str
    options: DialectOptions
    weight_limit: int
    raw_limit: int
    order_types: tuple[OrderType, ...]
    stp_modes: tuple[str, ...]
    min_notional: str
    usd_precision: int
    percent_filters: tuple[str, ...]
    signature_streams: bool
    us_weights: bool
    order_retry_after: bool

    @property
    def current(self) -> bool:
        """Tell whether this is the newer generation."""
        return self.name == "current"


def make_profile(server: Server, name: str, options: Mapping[str, Any]) -> Profile:
    """Return the facts of a generation. Raises ConfigError for an unknown profile or option."""
    if name not in ("legacy", "current"):
        raise ConfigError(f"There is no profile {name!r}; it is legacy or current.", problems=["sandbox.profile"])
    chosen = parse_dialect_options(DialectOptions, options)
    legacy = name == "legacy"
    return Profile(
        server=server,
        name=name,
        options=chosen,
        weight_limit=1_200 if legacy else 6_000,
        raw_limit=6_100 if legacy else 300_000,
        order_types=BASE_TYPES if legacy else (*BASE_TYPES, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT),
        stp_modes=("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH") + (() if legacy else ("DECREMENT", "TRANSFER")),
        min_notional="10" if legacy else "1",
        usd_precision=4 if legacy else 8,
        percent_filters=("PERCENT_PRICE",) if legacy else server.percent_filters,
        signature_streams=not legacy,
        us_weights=chosen.weights == "us" or (chosen.weights == "auto" and legacy),
        # Only one of the two venues documents a Retry-After beside -1015.
        order_retry_after=server.name == "binance",
    )
