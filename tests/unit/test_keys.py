"""Keys are found in a fixed order, wholly or not at all, and never shown."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from pydantic import SecretStr

from foxtrot.config import Credentials
from foxtrot.errors import CredentialsError
from foxtrot.keys import KeyKind, KeyManager, fingerprint, signer

CANARY = "canary-4f7a"


def credentials(key: str = "key", secret: str = CANARY) -> Credentials:
    return Credentials(api_key=SecretStr(key), api_secret=SecretStr(secret))


def pem(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_the_argument_wins_then_the_long_names_then_files_then_the_short_names(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("file-key\n")
    (tmp_path / "secret").write_text("file-secret\n")
    short = {"TOY_API_KEY": "short-key", "TOY_SECRET": "short-secret"}
    files = {
        "FOXTROT_TOY_MAIN_API_KEY_FILE": str(tmp_path / "key"),
        "FOXTROT_TOY_MAIN_API_SECRET_FILE": str(tmp_path / "secret"),
    }
    long = {"FOXTROT_TOY_MAIN_API_KEY": "long-key", "FOXTROT_TOY_MAIN_API_SECRET": "long-secret"}
    found = []
    for environ in (short | files | long, short | files, short):
        resolved = KeyManager(environ).resolve("toy")
        assert resolved is not None
        found.append(resolved.credentials.api_key.get_secret_value())
    assert found == ["long-key", "file-key", "short-key"]
    given = KeyManager(long).resolve("toy", given=credentials("argument"))
    assert given is not None
    assert (given.source, given.credentials.api_key.get_secret_value()) == ("argument", "argument")
    assert KeyManager({}).resolve("toy") is None
    assert KeyManager(long).resolve("toy", account="other") is None


def test_half_a_pair_is_an_error_not_a_reason_to_look_further() -> None:
    environ = {"FOXTROT_TOY_MAIN_API_KEY": "k", "TOY_API_KEY": "k", "TOY_SECRET": "s"}
    with pytest.raises(CredentialsError, match="API_KEY is there but not FOXTROT_TOY_MAIN_API_SECRET"):
        KeyManager(environ).resolve("toy")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is empty"),
        (f" {CANARY}", "white space"),
        (f'"{CANARY}"', "quotes"),
        (f"{CANARY}é", "ASCII"),
        (f"your-{CANARY}", "placeholder"),
    ],
)
def test_a_malformed_key_is_named_but_not_shown(value: str, problem: str) -> None:
    with pytest.raises(CredentialsError, match=problem) as caught:
        KeyManager({}).resolve("toy", given=credentials(secret=value))
    assert "api_secret" in str(caught.value)
    assert CANARY not in str(caught.value) + repr(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "nothing")
    with pytest.raises(CredentialsError, match="nothing, which cannot be read: No such file"):
        KeyManager({"FOXTROT_TOY_MAIN_API_KEY_FILE": missing}).resolve("toy")


def test_what_is_shown_of_keys_is_source_and_fingerprint() -> None:
    resolved = KeyManager({}).resolve("toy", given=credentials(CANARY))
    assert resolved is not None
    assert CANARY not in repr(resolved) + str(resolved.credentials) + resolved.credentials.model_dump_json()
    assert resolved.fingerprint == fingerprint(CANARY)
    assert len(resolved.fingerprint) == 12


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        (
            b"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
        (
            (
                b"apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A&newOrderRespType=ACK"
                b"&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&timeInForce=GTC"
                b"&timestamp=1645423376532&type=LIMIT"
            ),
            "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a",
        ),
    ],
)
def test_hmac_signatures_equal_the_published_ones(payload: bytes, signature: str) -> None:
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    assert signer(credentials(secret=secret))(payload) == signature


def test_private_keys_are_recognised_and_their_signatures_verify() -> None:
    edwards, big = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)
    payload = b"a=1&b=2"
    edwards.public_key().verify(base64.b64decode(signer(credentials(secret=pem(edwards)))(payload)), payload)
    signature = base64.b64decode(signer(credentials(secret=pem(big)))(payload))
    big.public_key().verify(signature, payload, padding.PKCS1v15(), hashes.SHA256())
    for key, kind in ((edwards, KeyKind.ED25519), (big, KeyKind.RSA)):
        resolved = KeyManager({}).resolve("toy", given=credentials(secret=pem(key)))
        assert resolved is not None
        assert resolved.kind is kind


@pytest.mark.parametrize("bad", ["garbage", "curve"])
def test_a_private_key_that_cannot_be_used_is_refused_without_showing_it(bad: str) -> None:
    curve = pem(ec.generate_private_key(ec.SECP256R1()))
    text = curve if bad == "curve" else f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----"
    with pytest.raises(CredentialsError) as caught:
        KeyManager({}).resolve("toy", given=credentials(secret=text))
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_keyring_is_the_last_source_and_one_without_a_backend_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for the keyring package on the import path: it keeps what a user stored, or has no backend."""
    package = tmp_path / "keyring"
    package.mkdir()
    (package / "errors.py").write_text("class KeyringError(Exception): ...\n")
    stored = {"toy/main/api_key": "ring-key", "toy/main/api_secret": "ring-secret"}
    lines = [
        "from keyring.errors import KeyringError",
        f"KEPT = {stored!r}",
        "def get_password(service, name):",
        "    if 'locked' in name: raise KeyringError('no backend')",
        "    return KEPT.get(name) if service == 'foxtrot' else None",
    ]
    (package / "__init__.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [m for m in sys.modules if m.split(".")[0] == "keyring"]:
        monkeypatch.delitem(sys.modules, name)
    found = KeyManager({}).resolve("toy")
    assert found is not None
    assert (found.source, found.credentials.api_key.get_secret_value()) == ("keyring toy/main/api_key", "ring-key")
    environ = {"TOY_API_KEY": "short-key", "TOY_SECRET": "short-secret"}
    first = KeyManager(environ).resolve("toy")
    assert first is not None
    assert first.source == "environment TOY_API_KEY"
    assert KeyManager({}).resolve("toy", account="locked") is None
