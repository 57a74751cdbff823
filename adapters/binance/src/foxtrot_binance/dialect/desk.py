"""What every handler works with: the venue, its names on the wire, the counters, the keys."""

from __future__ import annotations

import hashlib
import hmac

from foxtrot.model.contract import Contract
from foxtrot.model.times import NS_PER_MS
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.venue import Venue
from foxtrot_binance.dialect.errors import WireError, missing
from foxtrot_binance.dialect.limits import Limits
from foxtrot_binance.dialect.params import Params
from foxtrot_binance.dialect.profile import Profile

ACCOUNT = "client"
_DEFAULT_WINDOW_MS, _LARGEST_WINDOW_MS, _AHEAD_MS = 5_000, 60_000, 1_000


class Desk:
    """Look up contracts by their wire names, check keys and signatures, and count."""

    def __init__(self, venue: Venue, options: SandboxOptions, profile: Profile) -> None:
        self.venue = venue
        self.profile = profile
        self.limits = Limits(profile)
        self._symbols = {c.venue_symbol: c.symbol for c in venue.contracts.values()}
        # By whether it is for streams: a key is good for one, the other, or both.
        self._secrets = {False: options.secrets("requests"), True: options.secrets("streams")}
        self._generated = 0

    def now_ms(self) -> int:
        """Return the venue's time."""
        return self.venue.clock() // NS_PER_MS

    def named(self, wire: str) -> Contract:
        """Return a contract by its wire name. Raises WireError -1121."""
        try:
            return self.venue.contracts[self._symbols[wire]]
        except KeyError:
            raise WireError(-1121, "Invalid symbol.") from None

    def contract(self, params: Params) -> Contract:
        """Return the contract that the parameter `symbol` names. Raises WireError."""
        return self.named(params.need("symbol"))

    def wire(self, symbol: str) -> str:
        """Return the wire name of a unified symbol."""
        return self.venue.contracts[symbol].venue_symbol

    def new_id(self) -> str:
        """Return a generated client id: 22 alphanumerics, the same at every run."""
        self._generated += 1
        return hashlib.sha256(str(self._generated).encode()).hexdigest()[:22]

    def account_of(self, key: str | None, *, streams: bool) -> str:
        """Return whose key that is, good for private streams or for the rest. Raises WireError -2014, -2015."""
        if not key:
            raise WireError(-2014, "API-key format invalid.", status=401)
        if key not in self._secrets[streams]:
            raise WireError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
        return ACCOUNT

    def revoke_keys(self) -> None:
        """Know no key any more."""
        self._secrets = {False: {}, True: {}}

    def check_signature(self, key: str, payload: str, params: Params, now_ms: int, *, streams: bool) -> None:
        """Check the time window and the HMAC of a signed request. Raises WireError -1102, -1021, -1022."""
        timestamp = params.integer("timestamp")
        if timestamp is None:
            raise missing("timestamp")
        window = params.integer("recvWindow", _DEFAULT_WINDOW_MS) or _DEFAULT_WINDOW_MS
        if window > _LARGEST_WINDOW_MS:
            raise WireError(-1131, "recvWindow must be less than 60000")
        given = params.text("signature")
        if given is None:
            raise missing("signature")
        if timestamp >= now_ms + _AHEAD_MS:
            raise WireError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if now_ms - timestamp > window:
            raise WireError(-1021, "Timestamp for this request is outside of the recvWindow.")
        expected = hmac.new(self._secrets[streams][key].encode(), payload.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, given.lower()):
            raise WireError(-1022, "Signature for this request is not valid.")


def rest_payload(query: str, body: str) -> str:
    """Return what a REST signature covers: query and body glued, without the signature itself."""

    def unsigned(text: str) -> str:
        return "&".join(part for part in text.split("&") if not part.startswith("signature="))

    return unsigned(query) + unsigned(body)


def ws_payload(values: dict[str, str]) -> str:
    """Return what a WS API signature covers: all parameters but the signature, sorted by name."""
    return "&".join(f"{name}={values[name]}" for name in sorted(values) if name != "signature")
