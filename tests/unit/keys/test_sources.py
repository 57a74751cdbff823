"""Files and the system's keyring as sources of keys."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foxtrot.errors import CredentialsError
from foxtrot.keys import KeyManager
from foxtrot.keys.sources import SystemKeyring

P = "FOXTROT_TOY_MAIN_"
ERRORS = """
class KeyringError(Exception): pass
class NoKeyringError(KeyringError): pass
class Locked(KeyringError): pass
"""


class NoRing:
    def get_password(self, service: str, name: str) -> str | None:
        return None


def files(tmp_path: Path, *, secret: bytes = b"filesecret\r\n", mode: int = 0o600) -> dict[str, str]:
    for name, data in (("key", b"filekey\n"), ("secret", secret)):
        (tmp_path / name).write_bytes(data)
        (tmp_path / name).chmod(mode)
    return {f"{P}API_KEY_FILE": str(tmp_path / "key"), f"{P}API_SECRET_FILE": str(tmp_path / "secret")}


def secret_of(environ: dict[str, str]) -> str:
    found = KeyManager(environ, NoRing()).resolve("toy")
    assert found is not None
    return found.credentials.api_secret.get_secret_value()


def test_a_file_may_end_in_a_line_break(tmp_path: Path) -> None:
    assert secret_of(files(tmp_path)) == "filesecret"


@pytest.mark.parametrize(("path", "reason"), [("nowhere", "No such file"), (".", "Is a directory"), ("", "is empty")])
def test_a_file_that_cannot_be_read_is_named_with_its_variable(tmp_path: Path, path: str, reason: str) -> None:
    environ = files(tmp_path) | {f"{P}API_SECRET_FILE": str(tmp_path / path) if path else ""}
    with pytest.raises(CredentialsError, match=reason) as caught:
        secret_of(environ)
    assert f"{P}API_SECRET_FILE" in str(caught.value)


def test_a_file_without_its_partner_is_an_error(tmp_path: Path) -> None:
    environ = files(tmp_path)
    del environ[f"{P}API_SECRET_FILE"]
    with pytest.raises(CredentialsError, match=f"{P}API_SECRET_FILE"):
        secret_of(environ)


def test_a_binary_or_a_huge_file_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="not text") as caught:
        secret_of(files(tmp_path, secret=b"\xff\xfec4n4ry"))
    assert caught.value.__cause__ is None
    with pytest.raises(CredentialsError, match="too large"):
        secret_of(files(tmp_path, secret=b"a" * 70_000))


@pytest.mark.skipif(sys.platform == "win32", reason="file modes mean nothing on Windows")
def test_a_secret_file_that_everybody_can_read_is_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "foxtrot.keys"):
        secret_of(files(tmp_path, mode=0o600))
        assert caplog.records == []
        secret_of(files(tmp_path, mode=0o604))
    (warning,) = caplog.messages
    assert f"{P}API_SECRET_FILE" in warning
    assert "chmod 600" in warning
    assert "filesecret" not in warning


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that installs a package `keyring` with the given code, in the place of a real one."""
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "keyring"}

    def put(code: str) -> None:
        package = tmp_path / "keyring"
        package.mkdir()
        (package / "__init__.py").write_text(code)
        (package / "errors.py").write_text(ERRORS)
        for name in before:
            del sys.modules[name]
        monkeypatch.syspath_prepend(tmp_path)

    yield put
    for name in [name for name in sys.modules if name.split(".")[0] == "keyring"]:
        del sys.modules[name]
    sys.modules.update(before)


def test_a_keyring_that_works_is_asked(install: Callable[[str], None]) -> None:
    install("def get_password(service, name): return f'{service}:{name}'")
    found = KeyManager({}).resolve("toy", "second")
    assert found is not None
    assert found.credentials.api_secret.get_secret_value() == "foxtrot:toy/second/api_secret"
    assert found.source == "keyring toy/second/api_key"


def test_without_the_keyring_package_there_is_just_nothing_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert KeyManager({}).resolve("toy") is None


def test_a_machine_without_a_keyring_is_no_matter(
    install: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    install("from keyring.errors import *\ndef get_password(service, name): raise NoKeyringError('none')")
    assert SystemKeyring().get_password("foxtrot", "x") is None
    assert caplog.records == []


def test_a_locked_keyring_is_passed_over_with_a_warning(
    install: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    install("from keyring.errors import *\ndef get_password(service, name): raise Locked('c4n4ry')")
    assert SystemKeyring().get_password("foxtrot", "x") is None
    assert "Locked" in caplog.text
    assert "c4n4ry" not in caplog.text
