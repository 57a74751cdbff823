"""The adapter's own settings (`ExchangeConfig.options`)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class BinanceOptions(BaseModel):
    """Choose how to talk to the venue.

    `recv_window_ms`: how old a signed request may be when it arrives. `user_stream`: the private stream's scheme;
    "auto" tries the venue's schemes in order of preference and takes the first one that it knows. `orders_over`: "ws"
    sends orders over the WebSocket API, "rest" over REST; a lost answer is never sent again by the other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recv_window_ms: int = Field(5_000, ge=1, le=60_000)
    user_stream: Literal["auto", "signature", "listen_key"] = "auto"
    orders_over: Literal["rest", "ws"] = "rest"
