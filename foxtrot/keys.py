"""Where API keys come from, and how requests are signed with them; values are never shown."""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import importlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from pydantic import SecretStr

from foxtrot.config import Credentials
from foxtrot.errors import ConfigError, CredentialsError

_FIELDS = {"api_key": "API_KEY", "api_secret": "API_SECRET", "passphrase": "PASSPHRASE"}
_PLACEHOLDERS = ("your", "changeme", "xxx", "<", "...")
_KEYRING_SERVICE = "foxtrot"


class KeyKind(enum.Enum):
    """Name the kinds of secrets."""

    HMAC = "hmac"
    ED25519 = "ed25519"
    RSA = "rsa"


class ResolvedCredentials(msgspec.Struct, frozen=True):
    """Hold credentials and where they came from; `fingerprint` tells keys apart without showing them."""

    credentials: Credentials
    source: str
    fingerprint: str
    kind: KeyKind


class KeyManager:
    """Find the keys of an account.

    In order: the argument, FOXTROT_<VENUE>_<ACCOUNT>_API_KEY / _API_SECRET / _PASSPHRASE, the same with _FILE,
    <VENUE>_API_KEY and <VENUE>_API_SECRET or <VENUE>_SECRET, and the system's keyring where the `keyring` package
    works. The first source that has any part must have the whole: a key without its secret is an error, never a reason
    to look further.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def resolve(
        self, exchange: str, account: str = "main", given: Credentials | None = None
    ) -> ResolvedCredentials | None:
        """Return the credentials of an account, None when no source has any. Raises CredentialsError."""
        if given is not None:
            return _resolved(given, "argument", exchange)
        prefix = f"FOXTROT_{_name(exchange)}_{_name(account)}_"
        sources = (
            (f"environment {prefix}*", {f: self._environ.get(prefix + n) for f, n in _FIELDS.items()}),
            (f"files named by {prefix}*_FILE", self._from_files(prefix)),
            (f"environment {_name(exchange)}_*", self._from_short_names(exchange)),
            ("keyring", _from_keyring(exchange, account)),
        )
        for source, values in sources:
            found = {field: value for field, value in values.items() if value is not None}
            if found:
                return _resolved(_complete(found, source, exchange), source, exchange)
        return None

    def _from_files(self, prefix: str) -> dict[str, str | None]:
        paths = {field: self._environ.get(f"{prefix}{name}_FILE") for field, name in _FIELDS.items()}
        return {
            field: None if path is None else _read(path, f"{prefix}{_FIELDS[field]}_FILE")
            for field, path in paths.items()
        }

    def _from_short_names(self, exchange: str) -> dict[str, str | None]:
        venue = _name(exchange)
        secret = self._environ.get(f"{venue}_API_SECRET", self._environ.get(f"{venue}_SECRET"))
        return {
            "api_key": self._environ.get(f"{venue}_API_KEY"),
            "api_secret": secret,
            "passphrase": self._environ.get(f"{venue}_PASSPHRASE"),
        }


def signer(credentials: Credentials) -> Callable[[bytes], str]:
    """Return the function that signs a payload: HMAC-SHA256 as hex, RSA PKCS#1 v1.5 SHA-256 and Ed25519 as base64.

    Raises CredentialsError for a private key that cannot be read.
    """
    secret = credentials.api_secret.get_secret_value()
    kind = kind_of(secret)
    if kind is KeyKind.HMAC:
        key = secret.encode()
        return lambda payload: hmac.new(key, payload, hashlib.sha256).hexdigest()
    private = _private_key(secret)
    if kind is KeyKind.ED25519:
        return lambda payload: base64.b64encode(private.sign(payload)).decode()
    padding = importlib.import_module("cryptography.hazmat.primitives.asymmetric.padding")
    hashes = importlib.import_module("cryptography.hazmat.primitives.hashes")
    return lambda payload: base64.b64encode(private.sign(payload, padding.PKCS1v15(), hashes.SHA256())).decode()


def kind_of(secret: str) -> KeyKind:
    """Tell an HMAC secret from private keys in PEM. Raises CredentialsError for a PEM of another kind."""
    if "PRIVATE KEY" not in secret:
        return KeyKind.HMAC
    name = type(_private_key(secret)).__name__
    if "Ed25519" in name:
        return KeyKind.ED25519
    if "RSA" in name:
        return KeyKind.RSA
    raise CredentialsError("The API secret is a private key, but neither Ed25519 nor RSA.")


def fingerprint(api_key: str) -> str:
    """Return a short name of a key from which it cannot be guessed."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:12]


def _resolved(credentials: Credentials, source: str, exchange: str) -> ResolvedCredentials:
    for field in _FIELDS:
        secret = getattr(credentials, field)
        if secret is not None:
            _check(field, secret.get_secret_value(), source, exchange)
    key = credentials.api_key.get_secret_value()
    return ResolvedCredentials(
        credentials, source, fingerprint(key), kind_of(credentials.api_secret.get_secret_value())
    )


def _complete(found: Mapping[str, str], source: str, exchange: str) -> Credentials:
    missing = [field for field in ("api_key", "api_secret") if field not in found]
    if missing:
        raise CredentialsError(
            f"The {source} for {exchange} has {' and '.join(found)} but no {missing[0]}; give both or none.",
            problems=[f"{missing[0]}: missing in {source}"],
            exchange=exchange,
        )
    passphrase = found.get("passphrase")
    return Credentials(
        api_key=SecretStr(found["api_key"]),
        api_secret=SecretStr(found["api_secret"]),
        passphrase=None if passphrase is None else SecretStr(passphrase),
    )


def _check(field: str, value: str, source: str, exchange: str) -> None:
    pem = "PRIVATE KEY" in value
    problem = ""
    if not value.strip():
        problem = "is empty"
    elif not value.isascii():
        problem = "has characters outside ASCII"
    elif value != value.strip() and not pem:
        problem = "begins or ends with white space"
    elif value[0] in "\"'" and value[-1] == value[0]:
        problem = "is wrapped in quotes"
    elif not pem and any(word in value.lower() for word in _PLACEHOLDERS) and not value.isalnum():
        problem = "looks like a placeholder"
    if problem:
        raise CredentialsError(
            f"The {field} of {exchange} from {source} {problem}.",
            problems=[f"{field}: {problem}"],
            exchange=exchange,
        )


def _read(path: str, variable: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise CredentialsError(f"{variable} names {path}, which cannot be read: {reason}.") from error


def _from_keyring(exchange: str, account: str) -> dict[str, str | None]:
    try:
        keyring = importlib.import_module("keyring")
        failures = importlib.import_module("keyring.errors").KeyringError
    except ModuleNotFoundError:
        return {}
    try:
        return {f: keyring.get_password(_KEYRING_SERVICE, f"{exchange}/{account}/{f}") for f in _FIELDS}
    except failures:
        return {}  # no usable backend on this machine: the last source has nothing


def _private_key(pem: str) -> Any:
    try:
        serialization = importlib.import_module("cryptography.hazmat.primitives.serialization")
    except ModuleNotFoundError as error:
        raise ConfigError("Private keys need the cryptography package: pip install cryptography.") from error
    try:
        return serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        # The cause is not chained: its text may quote the key.
        raise CredentialsError(
            "The API secret looks like a private key but cannot be read; give an unencrypted PEM."
        ) from None


def _name(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text).upper()
