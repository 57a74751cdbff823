"""Which source wins, what half a source means, and what is refused: always by name, never by value."""

import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from foxtrot.config import Credentials
from foxtrot.errors import CredentialsError
from foxtrot.keys import KeyKind, KeyManager, fingerprint

LONG = "FOXTROT_TOY_MAIN_"
CANARY = "c4n4ryc4n4ryc4n4ry"


class Ring:
    """A keyring in memory that remembers what it was asked."""

    def __init__(self, **secrets: str) -> None:
        self.secrets = secrets
        self.asked: list[tuple[str, str]] = []

    def get_password(self, service: str, name: str) -> str | None:
        self.asked.append((service, name))
        return self.secrets.get(name.rpartition("/")[2])


def given(key: str = "argkey", secret: str = "argsecret", passphrase: str | None = None) -> Credentials:
    return Credentials(
        api_key=SecretStr(key),
        api_secret=SecretStr(secret),
        passphrase=None if passphrase is None else SecretStr(passphrase),
    )


def resolved_key(manager: KeyManager, argument: Credentials | None = None) -> str:
    found = manager.resolve("toy", "main", argument)
    assert found is not None
    return found.credentials.api_key.get_secret_value()


def refusal(environ: dict[str, str], ring: Ring | None = None) -> CredentialsError:
    with pytest.raises(CredentialsError) as caught:
        KeyManager(environ, ring or Ring()).resolve("toy")
    return caught.value


@pytest.fixture
def everywhere(tmp_path: Path) -> dict[str, str]:
    for field in ("key", "secret"):
        (tmp_path / field).write_text(f"file{field}\n")
        (tmp_path / field).chmod(0o600)
    return {
        f"{LONG}API_KEY": "longkey",
        f"{LONG}API_SECRET": "longsecret",
        f"{LONG}API_KEY_FILE": str(tmp_path / "key"),
        f"{LONG}API_SECRET_FILE": str(tmp_path / "secret"),
        "TOY_API_KEY": "shortkey",
        "TOY_API_SECRET": "shortsecret",
    }


def test_the_keyring_is_the_last_source_and_is_not_asked_before_its_turn(everywhere: dict[str, str]) -> None:
    ring = Ring(api_key="ringkey", api_secret="ringsecret")
    manager = KeyManager(everywhere, ring)
    assert resolved_key(manager, given()) == "argkey"
    for source in ("long", "file", "short"):
        assert resolved_key(manager) == f"{source}key"
        names = {"long": [LONG + "API_KEY", LONG + "API_SECRET"], "short": ["TOY_API_KEY", "TOY_API_SECRET"]}
        for name in names.get(source, [LONG + "API_KEY_FILE", LONG + "API_SECRET_FILE"]):
            del everywhere[name]
    assert ring.asked == []
    assert resolved_key(manager) == "ringkey"
    assert ring.asked[0] == ("foxtrot", "toy/main/api_key")
    ring.secrets.clear()
    assert manager.resolve("toy") is None


def test_a_stale_file_does_not_disturb_keys_that_stand_in_the_environment(everywhere: dict[str, str]) -> None:
    everywhere[f"{LONG}API_KEY_FILE"] = everywhere[f"{LONG}API_SECRET_FILE"] = "/nowhere/at/all"
    assert resolved_key(KeyManager(everywhere, Ring())) == "longkey"


def test_the_source_names_the_variable_and_the_fingerprint_tells_keys_apart(everywhere: dict[str, str]) -> None:
    manager = KeyManager(everywhere, Ring())
    found = manager.resolve("toy")
    assert found is not None
    assert (found.source, found.kind) == ("environment FOXTROT_TOY_MAIN_API_KEY", KeyKind.HMAC)
    assert found.fingerprint == fingerprint("longkey") != fingerprint("longkez")
    del everywhere[f"{LONG}API_KEY"], everywhere[f"{LONG}API_SECRET"]
    assert (filed := manager.resolve("toy")) is not None
    assert filed.source == "file named by FOXTROT_TOY_MAIN_API_KEY_FILE"


def test_names_are_upper_case_with_underscores_for_every_other_sign() -> None:
    environ = {"FOXTROT_TOY_USDM_ALGO_2_API_KEY": "k1", "FOXTROT_TOY_USDM_ALGO_2_API_SECRET": "s1"}
    assert KeyManager(environ, Ring()).resolve("toy-usdm", "algo-2") is not None


def test_the_short_secret_may_be_called_secret_and_a_passphrase_comes_along() -> None:
    environ = {"TOY_API_KEY": "k1", "TOY_SECRET": "s1", "TOY_PASSPHRASE": "open sesame"}
    found = KeyManager(environ, Ring()).resolve("toy")
    assert found is not None
    assert found.credentials.api_secret.get_secret_value() == "s1"
    assert found.credentials.passphrase is not None
    assert found.credentials.passphrase.get_secret_value() == "open sesame"


def test_another_account_never_gets_the_keys_of_the_main_one() -> None:
    environ = {"TOY_API_KEY": "k1", "TOY_API_SECRET": "s1", f"{LONG}API_KEY": "k2", f"{LONG}API_SECRET": "s2"}
    assert KeyManager(environ, Ring()).resolve("toy", "second") is None


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({f"{LONG}API_KEY": "k1"}, [f"{LONG}API_SECRET"]),
        ({f"{LONG}API_SECRET": "s1"}, [f"{LONG}API_KEY"]),
        ({f"{LONG}PASSPHRASE": "p1"}, [f"{LONG}API_KEY", f"{LONG}API_SECRET"]),
        ({"TOY_API_KEY": "k1"}, ["TOY_API_SECRET or TOY_SECRET"]),
        ({"TOY_SECRET": "s1"}, ["TOY_API_KEY"]),
    ],
)
def test_a_half_given_source_is_an_error_that_names_what_is_missing_and_nothing_else_is_tried(
    environ: dict[str, str], missing: list[str]
) -> None:
    ring = Ring(api_key="ringkey", api_secret="ringsecret")
    error = refusal(environ, ring)
    assert error.problems == tuple(f"{name}: missing" for name in missing)
    assert all(name in str(error) for name in [*missing, *environ])
    assert error.exchange == "toy"
    assert ring.asked == []


def test_a_half_filled_keyring_is_an_error_too() -> None:
    assert "toy/main/api_secret" in str(refusal({}, Ring(api_key="k1")))


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("", "is empty"),
        ("  \t", "is empty"),
        (CANARY + "\n", "white space"),
        (f"'{CANARY}'", "quotes"),
        (f"{CANARY}'", "quote mark"),
        (CANARY + "\u200b", "outside ASCII"),
        (f"{CANARY} {CANARY}", "space"),
        (f"{CANARY}\n{CANARY}", "line break"),
        ("your-api-key", "placeholder"),
        ("YOUR_API_SECRET_HERE", "placeholder"),
        ("yourapikey", "placeholder"),
        ("my-secret-here", "placeholder"),
        ("changeme", "placeholder"),
        ("change-me", "placeholder"),
        ("<api key>", "placeholder"),
        ("${TOY_KEY}", "placeholder"),
        ("xxxxxxxx", "placeholder"),
        ("********", "placeholder"),
        ("...", "placeholder"),
        ("TODO", "placeholder"),
    ],
)
@pytest.mark.parametrize("field", ["API_KEY", "API_SECRET"])
def test_a_malformed_value_is_refused_by_name_and_never_shown(field: str, value: str, complaint: str) -> None:
    environ = {f"{LONG}API_KEY": "goodkey", f"{LONG}API_SECRET": "goodsecret"} | {f"{LONG}{field}": value}
    error = refusal(environ)
    assert complaint in str(error)
    (problem,) = error.problems
    assert f"{LONG}{field} " in problem
    for text in (str(error), repr(error), problem, *traceback.format_exception(error)):
        assert CANARY not in text
        assert len(value.strip()) < 4 or value not in text


@pytest.mark.parametrize(
    "value",
    [
        "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
        "Zk9+yOuRq/xxxAbc==",
        "organizations/7f0e/apiKeys/here-1",
        "sandbox-key",
        "K",
        "test",
        "0f0f-aaaa-0000",
    ],
)
def test_a_value_that_may_be_right_is_never_refused(value: str) -> None:
    assert resolved_key(KeyManager({}, Ring()), given(value, value)) == value


def test_a_passphrase_is_its_owners_business_but_must_not_be_blank() -> None:
    assert KeyManager({}, Ring()).resolve("toy", given=given(passphrase="your own 'odd' <words>")) is not None
    with pytest.raises(CredentialsError, match="The passphrase given is empty"):
        KeyManager({}, Ring()).resolve("toy", given=given(passphrase=" "))


def test_all_malformed_fields_are_named_at_once() -> None:
    with pytest.raises(CredentialsError) as caught:
        KeyManager({}, Ring()).resolve("toy", given=given("", "changeme"))
    assert caught.value.problems == ("The api_key given is empty", "The api_secret given looks like a placeholder")


def test_no_secret_is_in_any_repr() -> None:
    found = KeyManager({}, Ring()).resolve("toy", given=given(CANARY, CANARY, CANARY))
    assert found is not None
    shown = [repr(found), str(found), repr(found.credentials), str(found.credentials), f"{found.credentials.api_key}"]
    assert all(CANARY not in text for text in shown)
    assert CANARY not in found.credentials.model_dump_json()
