"""A venue with its dialect and its market, before anything is served: over sockets or in memory."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import SecretStr

from foxtrot.config import Credentials
from foxtrot.errors import UnsupportedError
from foxtrot.model.decimals import floor_to
from foxtrot.plugins import import_string
from foxtrot.sandbox.dialect import Dialect, DialectFactory, Traits
from foxtrot.sandbox.flow import MarketFlow, starting_price
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.venue import Venue
from foxtrot.spec import AdapterSpec


class Stage:
    """Hold the truth of one venue, the dialect that speaks for it, and the agents that move its market.

    `time_ns` is the venue's clock, `steady_ns` one that nobody sets. Raises UnsupportedError for an adapter without a
    dialect, ConfigError.
    """

    def __init__(
        self, options: SandboxOptions, spec: AdapterSpec, time_ns: Callable[[], int], steady_ns: Callable[[], int]
    ) -> None:
        factory = _factory(spec)
        contracts = factory.contracts(options)
        prices = {c.symbol: floor_to(starting_price(c.base, c.quote), c.price_tick) for c in contracts}
        self.options = options
        self.venue = Venue(
            contracts,
            time_ns,
            steady=steady_ns,
            maker_fee=options.maker_fee,
            taker_fee=options.taker_fee,
            prices=prices,
            seed=options.seed,
            history_days=options.history_days,
        )
        self.dialect: Dialect = factory.open(self.venue, options)
        self.flow = MarketFlow(self.venue, [c.symbol for c in contracts], options.seed, options.rate)

    @property
    def credentials(self) -> Credentials:
        """Return the key that the venue accepts."""
        return Credentials(api_key=SecretStr(self.options.api_key), api_secret=SecretStr(self.options.api_secret))


def traits_of(spec: AdapterSpec) -> Traits:
    """Return what an adapter's dialect says of its venue. Raises UnsupportedError for an adapter without a dialect."""
    return _factory(spec).traits


def _factory(spec: AdapterSpec) -> DialectFactory:
    if not spec.dialect:
        raise UnsupportedError(f"{spec.name} brings no sandbox dialect.", exchange=spec.name)
    factory: DialectFactory = import_string(spec.dialect)
    return factory


def local_path(path: str, hosts: frozenset[str]) -> str | None:
    """Strip the venue's host, where a path begins with one; None for a host that is another company's."""
    first, _, rest = path.removeprefix("/").partition("/")
    if "." not in first:
        return path
    return f"/{rest}" if first.partition(":")[0] in hosts else None
