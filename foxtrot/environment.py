"""Places to trade that are there already, and how the addresses of a running sandbox are derived."""

from __future__ import annotations

from urllib.parse import urlsplit

from foxtrot.config import ExchangeConfig
from foxtrot.errors import ConfigError
from foxtrot.ports import VenueAccess
from foxtrot.protocol.codec import Endpoints


class StaticEnvironment:
    """A place that is there already: the venue's own hosts, or a sandbox that somebody else runs."""

    def __init__(self, access: VenueAccess) -> None:
        self._access = access

    async def open(self) -> VenueAccess:
        """Return the endpoints."""
        return self._access

    async def close(self) -> None:
        """Do nothing: it is not ours."""


def running_sandbox(rest_url: str, config: ExchangeConfig, real: list[Endpoints]) -> Endpoints:
    """Return the endpoints of a sandbox that runs at `rest_url`; `real` are the venue's own, live first.

    What the configuration does not give keeps the path that the venue uses itself. Raises ConfigError when an address
    belongs to the venue's own domain: orders meant for a sandbox must not reach it.
    """
    rest = rest_url.rstrip("/")
    stream = config.stream_url or _moved(real[0].stream if real else "", _websocket(rest))
    ws_api = config.ws_api_url or (_moved(real[0].ws_api, _websocket(stream)) if real and real[0].ws_api else "")
    found = Endpoints(rest=rest, stream=stream.rstrip("/"), ws_api=ws_api, redirect=True)
    _refuse_real_domains(found, real)
    return found


def _websocket(url: str) -> str:
    """Return scheme and host of a URL as a WebSocket base."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return f"{scheme}://{parts.netloc}"


def _moved(url: str, base: str) -> str:
    return base + urlsplit(url).path


def _refuse_real_domains(found: Endpoints, real: list[Endpoints]) -> None:
    owned = {_domain(url) for place in real for url in _urls(place)}
    wrong = [url for url in _urls(found) if _domain(url) in owned]
    if wrong:
        problems = [f"{urlsplit(url).hostname}: is the venue's own" for url in wrong]
        raise ConfigError(
            f"The environment is sandbox, but {urlsplit(wrong[0]).hostname} is the venue's own; set environment to "
            "live or testnet without rest_url, or give the address of a sandbox.",
            problems=problems,
        )


def _urls(endpoints: Endpoints) -> list[str]:
    return [url for url in (endpoints.rest, endpoints.stream, endpoints.ws_api) if url]


def _domain(url: str) -> str:
    """Return the last two labels of a URL's host; a venue has more hosts than a manifest lists."""
    return ".".join((urlsplit(url).hostname or "").rstrip(".").split(".")[-2:])
