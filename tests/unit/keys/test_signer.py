"""Signatures against published vectors, and every PEM that cannot sign."""

import base64
import sys
import traceback

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from pydantic import SecretStr

from foxtrot.config import Credentials
from foxtrot.errors import ConfigError, CredentialsError
from foxtrot.keys import KeyKind, KeyManager, kind_of, signer

# https://www.rfc-editor.org/rfc/rfc8032#section-7.1, TEST 2
ED_SEED = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
ED_SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
RSA_KEY = rsa.generate_private_key(65537, 2048)
# The example key of the venue's documents, https://docs.binance.us
EXAMPLE_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
GLUED = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
Private = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def pem(key: Private, form: str = "PKCS8", password: bytes | None = None) -> str:
    closing = serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    shape = getattr(serialization.PrivateFormat, form)
    return key.private_bytes(serialization.Encoding.PEM, shape, closing).decode()


def public_pem() -> str:
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, shape).decode()


ED_PEM = pem(ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(ED_SEED)))


def credentials(secret: str) -> Credentials:
    return Credentials(api_key=SecretStr("key"), api_secret=SecretStr(secret))


def test_query_and_body_glued_together_are_signed_as_published() -> None:
    signature = signer(credentials(EXAMPLE_SECRET))(GLUED.encode())
    assert signature == "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"


def test_an_ed25519_signature_equals_the_published_one_in_base64() -> None:
    assert base64.b64decode(signer(credentials(ED_PEM))(b"\x72")).hex() == ED_SIGNATURE


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_an_rsa_signature_is_verified_by_the_public_key(form: str) -> None:
    signature = base64.b64decode(signer(credentials(pem(RSA_KEY, form)))(b"payload"))
    RSA_KEY.public_key().verify(signature, b"payload", padding.PKCS1v15(), hashes.SHA256())


def test_the_kind_is_told_without_the_cryptography_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    assert kind_of("an hmac secret") is KeyKind.HMAC
    assert kind_of(ED_PEM) is KeyKind.ED25519
    assert kind_of(ED_PEM.replace("\n", "\r\n")) is KeyKind.ED25519
    assert kind_of(pem(RSA_KEY)) is KeyKind.RSA
    assert kind_of(pem(RSA_KEY, "TraditionalOpenSSL")) is KeyKind.RSA
    with pytest.raises(ConfigError, match="pip install cryptography"):
        signer(credentials(ED_PEM))


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (public_pem(), "'PUBLIC KEY'"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither Ed25519 nor RSA"),
        (pem(ec.generate_private_key(ec.SECP256R1()), "TraditionalOpenSSL"), "'EC PRIVATE KEY'"),
        (pem(RSA_KEY, password=b"open"), "encrypted"),
        (pem(RSA_KEY, "TraditionalOpenSSL", password=b"open"), "encrypted"),
        (ED_PEM.replace("\n", "\\n"), "line breaks"),
        (ED_PEM.replace("END", "ED"), "END line is missing"),
    ],
)
def test_a_pem_that_cannot_sign_is_refused_when_keys_are_resolved_and_never_used_as_an_hmac_secret(
    secret: str, reason: str
) -> None:
    with pytest.raises(CredentialsError, match=reason) as caught:
        KeyManager({"TOY_API_KEY": "k1", "TOY_API_SECRET": secret}).resolve("toy")
    assert "TOY_API_SECRET" in str(caught.value)
    with pytest.raises(CredentialsError, match=reason):
        signer(credentials(secret))
    shown = "".join(traceback.format_exception(caught.value))
    assert not any(line in shown for line in secret.splitlines() if len(line) > 30 and "KEY" not in line)


def test_a_damaged_private_key_is_refused_without_showing_it() -> None:
    lines = pem(RSA_KEY).splitlines()
    damaged = "\n".join([*lines[:5], *lines[9:]])
    with pytest.raises(CredentialsError, match="damaged") as caught:
        signer(credentials(damaged))
    assert lines[3] not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
