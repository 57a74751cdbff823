"""The pluggy hooks, for cold paths only (a hook call costs about as much as a whole decode).

`foxtrot_configure`, `foxtrot_environment` and `foxtrot_before_place` decide: what they raise stops the operation,
because a decision that failed must not be taken for a yes. The others only hear; `notify` tells them so that one that
fails is logged, and the others and the exchange go on.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:  # plug-ins are looked at before every command: nothing heavy may come with this
    from foxtrot.config import ExchangeConfig
    from foxtrot.exchange import BaseExchange
    from foxtrot.model.contract import Contract
    from foxtrot.model.order import Order
    from foxtrot.ports import Environment
    from foxtrot.spec import AdapterSpec

PROJECT = "foxtrot"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
_LOG = logging.getLogger("foxtrot.hooks")


@hookspec(firstresult=True)
def foxtrot_configure(exchange: str, config: ExchangeConfig) -> ExchangeConfig | None:
    """Offer a changed configuration before an exchange is made; the first answer counts.

    It is validated like the user's own. Changing `environment` is refused: only the user says what is live.
    """


@hookspec(firstresult=True)
def foxtrot_environment(spec: AdapterSpec, config: ExchangeConfig) -> Environment | None:
    """Offer a place to trade for a configuration; the first answer counts."""


@hookspec
def foxtrot_exchange_created(exchange: BaseExchange) -> None:
    """Hear of an exchange instance before it connects."""


@hookspec
def foxtrot_exchange_closed(exchange: str) -> None:
    """Hear that an exchange instance has disconnected."""


@hookspec
def foxtrot_before_place(exchange: str, order: Order) -> None:
    """Look at an order before it is sent; raise errors.OrderDenied to veto it."""


@hookspec
def foxtrot_contract_loaded(exchange: str, contract: Contract) -> None:
    """Hear of a contract that is new or has changed."""


@hookspec
def foxtrot_cli_commands(app: Any) -> None:
    """Add commands to the typer app of the command line."""


def new_manager() -> pluggy.PluginManager:
    """Return a plugin manager that knows these hooks and no plug-in yet."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(sys.modules[__name__])
    return manager


def notify(manager: pluggy.PluginManager, hook: str, **facts: object) -> None:
    """Call an observer hook in every plug-in; one that fails is logged with its traceback and the others go on."""
    for implementation in reversed(getattr(manager.hook, hook).get_hookimpls()):
        try:
            implementation.function(*(facts[name] for name in implementation.argnames))
        except Exception:  # noqa: BLE001 - foreign code: reported, and nobody else suffers
            _LOG.exception("the plug-in %s failed in %s", implementation.plugin_name, hook)
