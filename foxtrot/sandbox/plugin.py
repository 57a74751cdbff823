"""The hook by which "sandbox" means the embedded venue, started in process and ended with the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foxtrot.errors import ConfigError
from foxtrot.hookspecs import hookimpl

if TYPE_CHECKING:
    from foxtrot.config import ExchangeConfig
    from foxtrot.ports import Environment, VenueAccess
    from foxtrot.sandbox.embedded import Sandbox
    from foxtrot.spec import AdapterSpec


class EmbeddedEnvironment:
    """Start the embedded venue at `open`, stop it at `close`."""

    def __init__(self, spec: AdapterSpec, config: ExchangeConfig) -> None:
        self._spec = spec
        self._config = config
        self._sandbox: Sandbox | None = None

    async def open(self) -> VenueAccess:
        """Start the venue. Raises ConfigError, also where the server's library is not installed."""
        try:
            from foxtrot.sandbox.embedded import Sandbox, make_options
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"The embedded venue needs {error.name}; install it with: pip install 'foxtrot[sandbox]'."
            ) from error
        options = make_options(dict(self._config.sandbox), self._spec.name)
        self._sandbox = await Sandbox.start(options, self._spec)
        return self._sandbox.access

    async def close(self) -> None:
        """Stop the venue; does nothing when it was not started."""
        if self._sandbox is not None:
            await self._sandbox.stop()
            self._sandbox = None


@hookimpl
def foxtrot_environment(spec: AdapterSpec, config: ExchangeConfig) -> Environment | None:
    """Offer the embedded venue for "sandbox" without a URL."""
    if config.environment != "sandbox" or config.rest_url is not None:
        return None
    return EmbeddedEnvironment(spec, config)
