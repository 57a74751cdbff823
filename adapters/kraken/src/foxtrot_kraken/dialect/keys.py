"""Keys, nonces and signatures of private requests.

Source: https://docs.kraken.com/api/docs/guides/spot-rest-auth
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

import msgspec

from foxtrot.errors import ConfigError
from foxtrot.model.times import NS_PER_S
from foxtrot.sandbox.options import SandboxOptions
from foxtrot_kraken.dialect.errors import WireError
from foxtrot_kraken.dialect.profile import DialectOptions

_TOKEN_PATH = "/GetWebSocketsToken"  # what a key for streams is good for
_NONCE = re.compile(r"[0-9]{1,20}")
_LARGEST = 2**64 - 1


class _Key(msgspec.Struct):
    secret: bytes
    newest: int = 0
    used: set[int] = msgspec.field(default_factory=set)
    failures: int = 0
    locked_until_ns: int = 0


def decode_secret(secret: str) -> bytes:
    """Return the bytes of a secret. Raises ConfigError for one that is not base64."""
    try:
        return base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError(
            "sandbox.api_secret is not base64, as the venue's secrets are; leave it out for one that works.",
            problems=["sandbox.api_secret"],
        ) from None


def signature(secret: bytes, path: str, nonce: str, payload: bytes) -> str:
    """Return what a request must carry as API-Sign."""
    digest = hashlib.sha256(nonce.encode() + payload).digest()
    return base64.b64encode(hmac.new(secret, path.encode() + digest, hashlib.sha512).digest()).decode()


class Keys:
    """Know the keys and whose they are, and check what is signed with them."""

    def __init__(self, sandbox: SandboxOptions, options: DialectOptions) -> None:
        self._options = options
        requests, streams = sandbox.secrets("requests"), sandbox.secrets("streams")
        self._keys = {key: _Key(decode_secret(secret)) for key, secret in (streams | requests).items()}
        self._requests, self._streams = frozenset(requests), frozenset(streams)

    def revoke(self) -> None:
        """Know no key any more."""
        self._keys.clear()

    def check(self, name: str, sign: str, path: str, nonce: str, payload: bytes, now_ns: int) -> None:
        """Check key, signature and nonce, in this order. Raises WireError."""
        key = self._keys.get(name)
        good_for = self._streams if path.endswith(_TOKEN_PATH) else self._requests
        if key is None or name not in good_for:
            raise WireError("EAPI:Invalid key")
        if now_ns < key.locked_until_ns:
            raise WireError("EGeneral:Temporary lockout")
        expected = signature(key.secret, path, nonce, payload)
        if not hmac.compare_digest(expected.encode(), sign.encode("utf-8", "replace")):
            self.failed(name, now_ns)
            raise WireError("EAPI:Invalid signature")
        if not _NONCE.fullmatch(nonce) or not self._is_new(key, int(nonce)):
            self.failed(name, now_ns)
            raise WireError("EAPI:Invalid nonce")

    def failed(self, name: str, now_ns: int) -> None:
        """Count a bad call; too many without a good one between lock the key out for a while."""
        key = self._keys[name]
        key.failures += 1
        if self._options.lockout_after and key.failures >= self._options.lockout_after:
            key.failures = 0
            key.locked_until_ns = now_ns + round(self._options.lockout_s * NS_PER_S)

    def succeeded(self, name: str) -> None:
        """Forget the bad calls before a good one."""
        self._keys[name].failures = 0

    def _is_new(self, key: _Key, nonce: int) -> bool:
        floor = key.newest - self._options.nonce_window
        if nonce > _LARGEST or nonce in key.used or (nonce < floor if self._options.nonce_window else nonce <= floor):
            return False
        key.newest = max(key.newest, nonce)
        key.used = {used for used in key.used if used >= key.newest - self._options.nonce_window} | {nonce}
        return True
