"""The KeyManager: from an account's name to its credentials."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

import msgspec
from pydantic import SecretStr

from foxtrot.config import Credentials
from foxtrot.errors import CredentialsError
from foxtrot.keys.checks import complaint
from foxtrot.keys.kinds import KeyKind, kind_of
from foxtrot.keys.sources import FIELDS, MAIN, Keyring, Source, SystemKeyring, sources

_NEEDED = ("api_key", "api_secret")
_FINGERPRINT = 12


class ResolvedCredentials(msgspec.Struct, frozen=True):
    """Hold credentials and where they came from; `fingerprint` tells keys apart without showing them."""

    credentials: Credentials
    source: str
    fingerprint: str
    kind: KeyKind


class KeyManager:
    """Find the keys of an account.

    In order: the argument; FOXTROT_<VENUE>_<ACCOUNT>_API_KEY, _API_SECRET, _PASSPHRASE; the same with _FILE; for the
    account "main" also <VENUE>_API_KEY and <VENUE>_API_SECRET or <VENUE>_SECRET; the system's keyring where the package
    `keyring` works (service "foxtrot", names "<venue>/<account>/api_key" and so on). The first source that has any part
    must have the whole: a key without its secret is an error, never a reason to look further. Sources after it are not
    touched.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, keyring: Keyring | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._keyring = keyring or SystemKeyring()

    def resolve(
        self, exchange: str, account: str = MAIN, given: Credentials | None = None
    ) -> ResolvedCredentials | None:
        """Return the credentials of an account, None when no source has any.

        Raises CredentialsError that names what is missing or malformed and where, never a value.
        """
        if given is not None:
            return _resolved(given, "argument", exchange, {field: f"The {field} given" for field in FIELDS})
        for source in sources(self._environ, self._keyring, exchange, account):
            found = source.find()
            if found:
                _require_whole(source, found, exchange)
                names = {field: f"{source.title} {name}" for field, (name, _) in found.items()}
                values = {field: SecretStr(value) for field, (_, value) in found.items()}
                return _resolved(Credentials(**values), names["api_key"], exchange, names)
        return None


def fingerprint(api_key: str) -> str:
    """Return a short name of a key from which it cannot be guessed."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:_FINGERPRINT]


def _require_whole(source: Source, found: Mapping[str, tuple[str, str]], exchange: str) -> None:
    missing = [" or ".join(source.names[field]) for field in _NEEDED if field not in found]
    if missing:
        present = " and ".join(name for name, _ in found.values())
        raise CredentialsError(
            f"For {exchange} the {source.title} {present} is there but not {' and '.join(missing)}; give both in "
            "the same way, or neither.",
            problems=[f"{name}: missing" for name in missing],
            exchange=exchange,
        )


def _resolved(credentials: Credentials, source: str, exchange: str, names: Mapping[str, str]) -> ResolvedCredentials:
    key, secret = credentials.api_key.get_secret_value(), credentials.api_secret.get_secret_value()
    _require_sound(credentials, exchange, names)
    try:
        kind = kind_of(secret)
    except CredentialsError as error:
        problem = f"{names['api_secret']}: {error}"
        raise CredentialsError(f"{exchange}: {problem}", problems=[problem], exchange=exchange) from None
    return ResolvedCredentials(credentials, source, fingerprint(key), kind)


def _require_sound(credentials: Credentials, exchange: str, names: Mapping[str, str]) -> None:
    problems = []
    for field in FIELDS:
        value: SecretStr | None = getattr(credentials, field)
        wrong = "" if value is None else complaint(field, value.get_secret_value())
        if wrong:
            problems.append(f"{names[field]} {wrong}")
    if problems:
        raise CredentialsError(
            f"The keys of {exchange} cannot be right: {'; '.join(problems)}.", problems=problems, exchange=exchange
        )
