"""The places where keys are looked for, each read only when it is its turn."""

from __future__ import annotations

import importlib
import logging
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from foxtrot.errors import CredentialsError

FIELDS = {"api_key": "API_KEY", "api_secret": "API_SECRET", "passphrase": "PASSPHRASE"}
MAIN = "main"
_LOG = logging.getLogger("foxtrot.keys")
_SERVICE = "foxtrot"
_LARGEST_FILE = 65_536


class Keyring(Protocol):
    """Hold secrets by service and name."""

    def get_password(self, service: str, name: str) -> str | None:
        """Return a secret, None when there is none of that name."""
        ...


class Source(msgspec.Struct, frozen=True):
    """Say how one source calls each credential (alternatives in order) and how a name is read."""

    title: str
    names: Mapping[str, tuple[str, ...]]
    read: Callable[[str], str | None]

    def find(self) -> dict[str, tuple[str, str]]:
        """Return (name, value) of each field that the source has. Raises CredentialsError for what cannot be read."""
        found: dict[str, tuple[str, str]] = {}
        for field, names in self.names.items():
            for name in names:
                value = self.read(name)
                if value is not None:
                    found[field] = (name, value)
                    break
        return found


class SystemKeyring:
    """The operating system's keyring through the optional `keyring` package; empty where it does not work."""

    def get_password(self, service: str, name: str) -> str | None:
        """Return a secret, None when there is none or no keyring that works."""
        try:
            keyring: Any = importlib.import_module("keyring")
            errors: Any = importlib.import_module("keyring.errors")
        except ImportError:
            return None
        try:
            found: str | None = keyring.get_password(service, name)
        except errors.KeyringError as error:
            kind = type(error).__name__
            if kind != "NoKeyringError":  # that one only says that this machine has none
                _LOG.warning("the system's keyring cannot be read (%s); it is passed over", kind)
            return None
        return found


def sources(environ: Mapping[str, str], keyring: Keyring, exchange: str, account: str) -> list[Source]:
    """Return where the keys of an account may be, in order of precedence.

    The short names carry no account, so only the main one has them: a misspelt account never trades with its keys.
    """
    long = {field: (variable(exchange, account, name),) for field, name in FIELDS.items()}
    files = {field: (f"{names[0]}_FILE",) for field, names in long.items()}
    ring = {field: (f"{exchange}/{account}/{field}",) for field in FIELDS}
    found = [
        Source("environment", long, environ.get),
        Source("file named by", files, lambda name: _read_file(name, environ.get(name))),
    ]
    if account == MAIN:
        found.append(Source("environment", _short_names(exchange), environ.get))
    found.append(Source("keyring", ring, lambda name: keyring.get_password(_SERVICE, name)))
    return found


def variable(exchange: str, account: str, name: str) -> str:
    """Return the environment variable of an account's credential; `name` is API_KEY, API_SECRET or PASSPHRASE."""
    return f"FOXTROT_{_upper(exchange)}_{_upper(account)}_{name}"


def _short_names(exchange: str) -> dict[str, tuple[str, ...]]:
    venue = _upper(exchange)
    return {
        "api_key": (f"{venue}_API_KEY",),
        "api_secret": (f"{venue}_API_SECRET", f"{venue}_SECRET"),
        "passphrase": (f"{venue}_PASSPHRASE",),
    }


def _upper(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text).upper()


def _read_file(name: str, path: str | None) -> str | None:
    if path is None:
        return None
    if not path:
        raise CredentialsError(f"{name} is empty; name a file or unset it.")
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise CredentialsError(f"{name} names {path}, which cannot be read: {error.strerror}.") from error
    if os.name == "posix" and mode & stat.S_IROTH and not name.endswith("_API_KEY_FILE"):
        _LOG.warning("%s names %s, which every user of this machine can read; chmod 600 it", name, path)
    return _text_of(name, path, data)


def _text_of(name: str, path: str, data: bytes) -> str:
    if len(data) > _LARGEST_FILE:
        raise CredentialsError(f"{name} names {path}, which is too large for a key.")
    try:
        return data.decode("utf-8").strip()
    except UnicodeDecodeError:
        # The cause is not chained: it holds the file's bytes.
        raise CredentialsError(f"{name} names {path}, which is not text.") from None
