"""What exit codes mean, and which error ends with which."""

from __future__ import annotations

from foxtrot.errors import (
    AdapterError,
    AuthenticationError,
    ConfigError,
    FoxtrotError,
    InvalidRequest,
    NetworkError,
    OrderDenied,
    OrderInDoubt,
    StateError,
    UnsupportedError,
    VenueError,
)

FAILED, USAGE, CONFIG, ADAPTER, NETWORK, REFUSED, UNSUPPORTED, INTERRUPTED = 1, 2, 3, 4, 5, 6, 7, 130

EPILOG = (
    "Exit codes: 0 done; 1 something promised did not hold; 2 wrong usage; 3 configuration or keys; 4 adapter; "
    "5 venue cannot be reached or does not answer; 6 denied or refused by rules or venue; 7 not supported; "
    "130 interrupted."
)

_CODES: tuple[tuple[type[FoxtrotError], int], ...] = (
    (InvalidRequest, USAGE),
    (ConfigError, CONFIG),
    (AuthenticationError, CONFIG),
    (AdapterError, ADAPTER),
    (NetworkError, NETWORK),
    (OrderInDoubt, NETWORK),
    (UnsupportedError, UNSUPPORTED),
    (StateError, USAGE),
    (OrderDenied, REFUSED),
    (VenueError, REFUSED),
)


def exit_code(error: FoxtrotError) -> int:
    """Return the exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)
