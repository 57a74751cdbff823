"""The whole exception tree of foxtrot.

Every error carries two separate axes: `retryable` (is the same request worth repeating later?) and `outcome`
(did the venue act?). Policies read these attributes, never the text::

    FoxtrotError
    ├── ConfigError                 settings are wrong; `problems` lists all of them at once
    │   └── CredentialsError        keys are missing or malformed
    │       └── InvalidCredentials  the caller's own; also a ValueError, `field` names the argument
    ├── AdapterError                a plug-in cannot be used
    │   ├── AdapterNotFound
    │   ├── AdapterBroken
    │   └── AdapterIncompatible
    ├── UnsupportedError            the venue or the symbol has no such thing; raised before any I/O
    ├── StateError                  not connected, already closed, connected twice
    ├── JournalError                the journal cannot be opened or written; nothing was sent
    │   ├── JournalBusy             another process has it open
    │   └── JournalCorrupt          it is damaged
    ├── InvalidRequest              bad input of the caller's
    │   └── UnknownSymbol           carries close names
    ├── OrderDenied                 refused locally, nothing was sent (rule, value, nearest legal value)
    ├── OrderInDoubt                the venue may or may not have acted
    ├── NetworkError
    │   ├── ConnectFailed           nothing was sent
    │   ├── ConnectionLost          outcome unknown
    │   └── RequestTimeout          outcome unknown
    ├── ProtocolError               an answer that cannot be read
    └── VenueError                  the venue answered with an error (status, code, venue_message)
        ├── OrderRejected
        │   ├── InsufficientFunds
        │   └── DuplicateOrder
        ├── OrderNotFound
        ├── CancelRejected
        ├── AuthenticationError
        ├── ClockSkew
        ├── RateLimited             retry_after_s
        │   └── Banned
        └── VenueUnavailable        5xx, overload, maintenance
"""

from __future__ import annotations

import difflib
import enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from foxtrot.model.order import Order


class Outcome(enum.Enum):
    """Say what is known about a command after an error."""

    NOT_SENT = "not_sent"  # it never left this machine
    REFUSED = "refused"  # the venue definitely did not do it
    DONE = "done"  # the venue definitely did it
    UNKNOWN = "unknown"  # it may have been done: find out, never guess


class ErrorKind(enum.Enum):
    """Group errors by what a caller can do about them."""

    CONFIG = "config"
    ADAPTER = "adapter"
    UNSUPPORTED = "unsupported"
    STATE = "state"
    REQUEST = "request"
    ORDER = "order"
    NETWORK = "network"
    PROTOCOL = "protocol"
    AUTH = "auth"
    CLOCK = "clock"
    LIMIT = "limit"
    VENUE = "venue"


class FoxtrotError(Exception):
    """Base of every error that foxtrot raises on purpose."""

    kind: ClassVar[ErrorKind] = ErrorKind.VENUE
    retryable: bool = False
    outcome: Outcome = Outcome.NOT_SENT

    def __init__(
        self, message: str, *, exchange: str = "", outcome: Outcome | None = None, retryable: bool | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exchange = exchange
        if outcome is not None:
            self.outcome = outcome
        if retryable is not None:
            self.retryable = retryable


class ConfigError(FoxtrotError):
    """Settings are malformed; `problems` names every one of them as "path: what is wrong"."""

    kind = ErrorKind.CONFIG

    def __init__(self, message: str, *, problems: Sequence[str] = (), exchange: str = "") -> None:
        super().__init__(message, exchange=exchange)
        self.problems = tuple(problems)


class CredentialsError(ConfigError):
    """Keys are missing or malformed; the text never holds a value."""


class InvalidCredentials(CredentialsError, ValueError):
    """A key that the caller gave is absent or malformed; `field` names the first such argument."""

    def __init__(self, message: str, *, field: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message, problems=problems)
        self.field = field


class AdapterError(FoxtrotError):
    """A plug-in cannot be used."""

    kind = ErrorKind.ADAPTER


class AdapterNotFound(AdapterError):
    """No adapter of that name is installed; `close_names` are the nearest ones."""

    def __init__(self, message: str, *, close_names: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.close_names = tuple(close_names)


class AdapterBroken(AdapterError):
    """The adapter is installed but cannot be loaded; the cause is chained."""


class AdapterIncompatible(AdapterError):
    """The adapter was written for another version of the plug-in interface."""


class UnsupportedError(FoxtrotError):
    """The venue or the symbol has no such thing; raised before any I/O."""

    kind = ErrorKind.UNSUPPORTED


class StateError(FoxtrotError):
    """The object is not in a state for this call (not connected, closed, connected twice)."""

    kind = ErrorKind.STATE


class JournalError(FoxtrotError):
    """The journal cannot be opened, read or written; a command that needed it was not sent."""

    kind = ErrorKind.STATE


class JournalBusy(JournalError):
    """Another process has the journal open."""


class JournalCorrupt(JournalError):
    """The journal's file is damaged; it is kept aside and the truth is read from the venue."""


class InvalidRequest(FoxtrotError, ValueError):
    """The caller's input is wrong; `field` names it."""

    kind = ErrorKind.REQUEST

    def __init__(self, message: str, *, field: str = "", exchange: str = "") -> None:
        super().__init__(message, exchange=exchange)
        self.field = field


class UnknownSymbol(InvalidRequest):
    """The venue lists no such symbol; `close_names` are the nearest ones."""

    def __init__(self, message: str, *, close_names: Sequence[str] = (), exchange: str = "") -> None:
        super().__init__(message, field="symbol", exchange=exchange)
        self.close_names = tuple(close_names)


class OrderDenied(FoxtrotError):
    """The order was refused locally and nothing was sent.

    `rule` is the venue's name of the broken rule, `value` the offending value, `nearest` the nearest legal value (None
    where there is none), which is never applied by itself: off the grid it does not enlarge the order or worsen its
    price.
    """

    kind = ErrorKind.ORDER

    def __init__(
        self,
        message: str,
        *,
        rule: str,
        value: Decimal | str | None = None,
        nearest: Decimal | None = None,
        order: Order | None = None,
        exchange: str = "",
    ) -> None:
        super().__init__(message, exchange=exchange)
        self.rule = rule
        self.value = value
        self.nearest = nearest
        self.order = order


class OrderInDoubt(FoxtrotError):
    """The venue may or may not have acted on a command; ask for the order's status, never send it again."""

    kind = ErrorKind.ORDER
    outcome = Outcome.UNKNOWN

    def __init__(self, message: str, *, order: Order | None = None, exchange: str = "") -> None:
        super().__init__(message, exchange=exchange)
        self.order = order


class NetworkError(FoxtrotError):
    """The network failed; `outcome` says whether the request may have arrived."""

    kind = ErrorKind.NETWORK
    retryable = True


class ConnectFailed(NetworkError):
    """No connection could be opened, so nothing was sent."""

    outcome = Outcome.NOT_SENT


class ConnectionLost(NetworkError):
    """The connection broke while a request was under way."""

    outcome = Outcome.UNKNOWN


class RequestTimeout(NetworkError):
    """No answer came in time."""

    outcome = Outcome.UNKNOWN


class ProtocolError(FoxtrotError):
    """The venue sent something that cannot be read; `excerpt` holds its first bytes."""

    kind = ErrorKind.PROTOCOL
    outcome = Outcome.UNKNOWN

    def __init__(
        self, message: str, *, excerpt: bytes = b"", exchange: str = "", outcome: Outcome | None = None
    ) -> None:
        super().__init__(message, exchange=exchange, outcome=outcome)
        self.excerpt = excerpt


class VenueError(FoxtrotError):
    """The venue answered with an error: `status` (HTTP), `code` and `venue_message` are its own.

    `unlisted`: the adapter's table does not know the code, so what it means for a command is open.
    """

    outcome = Outcome.REFUSED
    unlisted: bool = False

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        venue_message: str = "",
        exchange: str = "",
        outcome: Outcome | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message, exchange=exchange, outcome=outcome, retryable=retryable)
        self.status = status
        self.code = code
        self.venue_message = venue_message
        self.order: Order | None = None


class OrderRejected(VenueError):
    """The venue definitely refused the order."""

    kind = ErrorKind.ORDER


class InsufficientFunds(OrderRejected):
    """The account has too little for the order."""


class DuplicateOrder(OrderRejected):
    """An open order carries the same client order id; that earlier order may well be alive."""


class OrderNotFound(VenueError):
    """The venue knows no such order."""

    kind = ErrorKind.ORDER


class CancelRejected(VenueError):
    """The venue refused the cancel, most often because the order is already done."""

    kind = ErrorKind.ORDER


class AuthenticationError(VenueError):
    """The key, its signature or its permission was refused."""

    kind = ErrorKind.AUTH


class ClockSkew(VenueError):
    """The request's time was outside the venue's window; a definite refusal."""

    kind = ErrorKind.CLOCK
    retryable = True


class RateLimited(VenueError):
    """The venue's limit was passed; wait `retry_after_s` seconds. `orders_only`: all but new orders may go on."""

    kind = ErrorKind.LIMIT
    retryable = True
    retry_after_s: float | None = None
    orders_only: bool = False


class Banned(RateLimited):
    """The venue banned this address until `retry_after_s` has passed."""


class VenueUnavailable(VenueError):
    """The venue failed or is in maintenance; whether a command was carried out is unknown unless it says so."""

    outcome = Outcome.UNKNOWN
    retryable = True


def close_names(wrong: str, names: Iterable[str]) -> list[str]:
    """Return up to three names that look like a misspelt one, nearest first."""
    return difflib.get_close_matches(str(wrong), list(names), n=3, cutoff=0.6)
