"""What kind of secret a text is, told without any cryptography library."""

from __future__ import annotations

import base64
import binascii
import enum
import re

from foxtrot.errors import CredentialsError

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
# Object identifiers as they stand in a PKCS#8 header (RFC 8410, RFC 8017), within its first bytes.
_ED25519 = bytes.fromhex("06032b6570")
_RSA = bytes.fromhex("06092a864886f70d010101")
_HEADER = 40


class KeyKind(enum.Enum):
    """Name the kinds of secrets."""

    HMAC = "hmac"
    ED25519 = "ed25519"
    RSA = "rsa"


def is_pem(text: str) -> bool:
    """Tell whether a text means to be PEM."""
    return "-----BEGIN" in text


def kind_of(secret: str) -> KeyKind:
    """Tell an HMAC secret from an Ed25519 or RSA private key in PEM. Raises CredentialsError for any other PEM."""
    if not is_pem(secret):
        return KeyKind.HMAC
    block = _BLOCK.search(secret)
    if block is None:
        raise CredentialsError("The API secret begins like a PEM key but its END line is missing; give the whole file.")
    label, body = block.groups()
    if "ENCRYPTED" in label or "ENCRYPTED" in body:
        raise CredentialsError("The API secret is an encrypted private key; give an unencrypted PEM.")
    if label == "RSA PRIVATE KEY":
        return KeyKind.RSA
    if label != "PRIVATE KEY":
        raise CredentialsError(f"The API secret is a PEM block {label!r}; give an Ed25519 or RSA PRIVATE KEY.")
    return _kind_of_pkcs8(body)


def _kind_of_pkcs8(body: str) -> KeyKind:
    try:
        header = base64.b64decode("".join(body.split()), validate=True)[:_HEADER]
    except binascii.Error:
        # The cause is not chained: nothing of the key may reach a traceback.
        raise CredentialsError(
            r"The API secret looks like a private key but cannot be read; give the PEM with real line breaks, not \n."
        ) from None
    if _ED25519 in header:
        return KeyKind.ED25519
    if _RSA in header:
        return KeyKind.RSA
    raise CredentialsError("The API secret is a private key, but neither Ed25519 nor RSA.")
