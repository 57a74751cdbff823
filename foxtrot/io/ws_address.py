"""Checks of WebSocket addresses and proxies before any I/O, so that both transports refuse alike and leak nothing."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from foxtrot.errors import ConnectFailed, UnsupportedError

_PROXIES = ("http", "https", "socks4", "socks5")
_USER = re.compile("//[^/]*@")


def checked_host(url: str) -> str:
    """Return the host (and port) of a ws:// or wss:// URL. Raises ConnectFailed for anything else.

    Only what stands before the path is ever shown: a path may hold a stream's token.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in ("ws", "wss"):
        shown = _USER.sub("//", "/".join(url.split("/", 3)[:3]))
        raise ConnectFailed(f"{shown!r} is no WebSocket address; write ws://host:port/path or wss://host/path.")
    return parts.netloc.rpartition("@")[2]


def check_proxy(proxy: str | None) -> None:
    """Raise UnsupportedError for a proxy that no transport can use; the text holds neither user nor password."""
    if proxy is None:
        return
    parts = _split(proxy)
    if parts is None or parts.scheme not in _PROXIES:
        shown = "" if parts is None else f" of the kind {parts.scheme!r}"
        raise UnsupportedError(
            f"transport.proxy is no usable address{shown}; write <kind>://host:port with {', '.join(_PROXIES)} as kind."
        )


def _split(url: str) -> SplitResult | None:
    """Cut an address in parts; None without a host or with a port that is no number."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None
