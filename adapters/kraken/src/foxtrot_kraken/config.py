"""The adapter's own settings (`ExchangeConfig.options`)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class KrakenOptions(BaseModel):
    """Choose how to talk to the venue.

    `tier`: the account's verification level, which sets its request counters. `orders_over`: "ws" sends orders over the
    authenticated WebSocket, "rest" over REST; a lost answer is never sent again by the other, but what surely was not
    sent, for want of a connection, goes by REST. `book_depth`: levels a side that a kept book has unless a subscription
    says otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tier: Literal["starter", "intermediate", "pro"] = "starter"
    orders_over: Literal["ws", "rest"] = "ws"
    book_depth: Literal[10, 25, 100, 500, 1000] = 100
