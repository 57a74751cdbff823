"""Signatures over request payloads."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable

from foxtrot.config import Credentials
from foxtrot.errors import ConfigError, CredentialsError
from foxtrot.keys.kinds import KeyKind, kind_of

Signer = Callable[[bytes], str]


def signer(credentials: Credentials) -> Signer:
    """Return the function that signs a payload: HMAC-SHA256 as hex, RSA PKCS#1 v1.5 SHA-256 and Ed25519 as base64.

    Raises CredentialsError for a private key that cannot be read, ConfigError where cryptography is missing.
    """
    secret = credentials.api_secret.get_secret_value()
    if kind_of(secret) is not KeyKind.HMAC:
        return _private_signer(secret)
    return _hmac_signer(secret.encode())


def _hmac_signer(key: bytes) -> Signer:
    keyed = hmac.new(key, digestmod="sha256")  # the key is worked in once; looking up the digest costs as much again

    def sign(payload: bytes) -> str:
        mine = keyed.copy()
        mine.update(payload)
        return mine.hexdigest()

    return sign


def _private_signer(pem: str) -> Signer:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    except ModuleNotFoundError as error:
        raise ConfigError("Private keys need the cryptography package: pip install cryptography.") from error
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause is not chained: nothing of the key may reach a traceback.
        raise CredentialsError("The API secret is a damaged private key; give the whole unencrypted PEM.") from None
    if isinstance(key, Ed25519PrivateKey):
        return lambda payload: base64.b64encode(key.sign(payload)).decode()
    if isinstance(key, RSAPrivateKey):
        scheme, digest = padding.PKCS1v15(), hashes.SHA256()
        return lambda payload: base64.b64encode(key.sign(payload, scheme, digest)).decode()
    raise CredentialsError("The API secret is a private key, but neither Ed25519 nor RSA.")
