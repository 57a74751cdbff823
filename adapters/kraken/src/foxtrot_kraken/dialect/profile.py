"""Which facts of the venue the sandbox plays; those that its documents leave open are options here.

Sources: https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits and
https://docs.kraken.com/api/docs/guides/spot-ratelimits
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from foxtrot.sandbox.options import parse_dialect_options


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what an account's verification tier allows; decays are per second."""

    calls: float
    calls_decay: float
    trading: int
    trading_decay: float
    open_orders: int


TIERS = {
    "starter": Tier(calls=15, calls_decay=0.33, trading=60, trading_decay=1, open_orders=60),
    "intermediate": Tier(calls=20, calls_decay=0.5, trading=125, trading_decay=2.34, open_orders=80),
    "pro": Tier(calls=20, calls_decay=1, trading=180, trading_decay=3.75, open_orders=225),
}


class DialectOptions(BaseModel):
    """Settle what the venue's documents leave open, and what the sandbox begins with.

    `tier` is that of the account; `calls_decay`, `trading_decay` (per second) and `open_orders` (of a pair) replace
    what it allows. `system` is the state of the whole venue. `connections` may be attempted in ten minutes (0: any).
    `nonce_window`: an unused nonce may be so much below the largest one. `lockout_after`: so many refused keys, nonces,
    signatures or calls beyond the rate, with no good call between, end in a lockout of `lockout_s` (0: never).
    `public_per_second`: public calls of one address for one pair (for none, or several: of that operation; 0: any), of
    which `public_at_once` may come together, and `public_text`: how more are refused. `cancels_limited`: whether
    cancels are refused beyond the trading rate. `batch_cost`: what one order of a batch counts. `post_only`: an order
    that would take is accepted and canceled, or refused. `fill_or_kill`: whether FOK exists. `unknown_in_query`:
    whether QueryOrders refuses an unknown id or leaves it out. `edit_unknown`, `duplicate_text`, `would_trigger_text`,
    `would_take_text`, `bad_token_text`: the venue's words.
    `history_fees`: fees in TradesHistory, which come without their asset, are in quote currency, or as charged (which a
    client cannot tell apart). `timeout_text`: what it says when it does not know whether it has acted.
    `repeated_subscription`: what is subscribed to already is refused, or acknowledged and begun anew.
    `private_after_reply`: private messages wait for the next tick, behind the reply. `empty_snapshot`: a snapshot is
    sent when no order is open. `last_fill_status`: what a trade message says of an order that it fills. `heartbeat`:
    every second, or only when nothing else was sent. `idle_close_s`: a connection that subscribes to nothing and says
    nothing is closed (0: never). `messages_per_second`: of one connection (0: any). `weeks`: on which day weekly
    candles open.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tier: Literal["starter", "intermediate", "pro"] = "pro"
    calls_decay: float | None = Field(None, gt=0)
    trading_decay: float | None = Field(None, gt=0)
    open_orders: int | None = Field(None, ge=1)
    system: Literal["online", "maintenance", "cancel_only", "post_only", "limit_only"] = "online"
    connections: int = Field(150, ge=0)
    nonce_window: int = Field(0, ge=0)
    lockout_after: int = Field(50, ge=0)
    lockout_s: float = Field(900.0, gt=0)
    public_per_second: float = Field(1.0, ge=0)
    public_at_once: float = Field(5.0, ge=1)
    public_text: Literal["EAPI:Rate limit exceeded", "EGeneral:Too many requests"] = "EAPI:Rate limit exceeded"
    cancels_limited: bool = False
    batch_cost: Literal["half", "full"] = "half"
    post_only: Literal["cancel", "refuse"] = "cancel"
    fill_or_kill: bool = True
    unknown_in_query: Literal["refuse", "omit"] = "refuse"
    edit_unknown: str = "EOrder:Invalid order"
    duplicate_text: str = "EOrder:Duplicate cl_ord_id"
    would_trigger_text: str = "EOrder:Invalid price"
    would_take_text: str = "EOrder:Post only order"
    bad_token_text: str = "ESession:Invalid session"
    history_fees: Literal["quote", "charged"] = "quote"
    timeout_text: Literal["EService:Timeout", "EGeneral:Internal error", "EGeneral:Unknown error"] = "EService:Timeout"
    repeated_subscription: Literal["refuse", "renew"] = "refuse"
    private_after_reply: bool = False
    empty_snapshot: bool = True
    last_fill_status: Literal["partially_filled", "filled"] = "partially_filled"
    heartbeat: Literal["always", "idle"] = "always"
    idle_close_s: float = Field(60.0, ge=0)
    messages_per_second: int = Field(0, ge=0)
    weeks: Literal["monday", "thursday"] = "monday"

    @property
    def limits(self) -> Tier:
        """Return what the tier allows, but for what is replaced."""
        given = {name: getattr(self, name) for name in ("calls_decay", "trading_decay", "open_orders")}
        return msgspec.structs.replace(
            TIERS[self.tier], **{n: value for n, value in given.items() if value is not None}
        )


def make_options(options: Mapping[str, Any]) -> DialectOptions:
    """Return checked options. Raises ConfigError that names every problem."""
    return parse_dialect_options(DialectOptions, options)
