"""The exchange on which operations run: a given one, one by name, or a dry run of either."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foxtrot.errors import InvalidRequest
from foxtrot.exchange import BaseExchange
from foxtrot.factory import get_exchange
from foxtrot.model.decimals import Number
from foxtrot.operations.connection import ExchangeConnection


def open_exchange(
    exchange: BaseExchange | ExchangeConnection | str,
    symbol: str,
    *,
    dry_run: bool,
    balances: Mapping[str, Number] | None,
    journal: Path | str | None,
    config: Mapping[str, Any] | None,
) -> BaseExchange:
    """Return the exchange, not connected unless it was. Raises InvalidRequest, ConfigError and its kin."""
    source = exchange.exchange if isinstance(exchange, ExchangeConnection) else exchange
    if not isinstance(source, BaseExchange | str):
        raise InvalidRequest(
            f"exchange must be an exchange, an ExchangeConnection or a venue's name, not {exchange!r}.",
            field="exchange",
        )
    if not isinstance(source, str) and config is not None:
        raise InvalidRequest("config goes with a venue's name; an exchange that is given has its own.", field="config")
    if dry_run:
        from foxtrot.sandbox.paper import open_paper

        return open_paper(source, [symbol], balances=balances, journal=journal, config=config)
    if balances is not None:
        raise InvalidRequest("balances are those of a dry run; the venue keeps the real ones.", field="balances")
    if isinstance(source, BaseExchange):
        if journal is not None:
            raise InvalidRequest(
                "journal goes with a venue's name or a dry run; an exchange that is given has its own "
                '(config "orders.journal").',
                field="journal",
            )
        return source
    return get_exchange(source, _with_journal(config or {}, journal))


def _with_journal(config: Mapping[str, Any], journal: Path | str | None) -> dict[str, Any]:
    settings = dict(config)
    if journal is not None:
        settings["orders"] = {**dict(settings.get("orders", {})), "journal": Path(journal)}
    return settings
