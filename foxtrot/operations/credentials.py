"""Two pairs of keys as the caller wrote them: judged before anything is made of them, never shown."""

from __future__ import annotations

from pydantic import SecretStr

from foxtrot.config import Credentials
from foxtrot.errors import CredentialsError, InvalidCredentials
from foxtrot.keys import complaint, kind_of


def credentials_of(arguments: dict[str, object]) -> tuple[Credentials, Credentials]:
    """Return the credentials of api_key_rest, secret_rest, api_key_ws and secret_ws.

    Raises InvalidCredentials (a ValueError) that names each argument that is absent or malformed.
    """
    problems = {name: wrong for name, value in arguments.items() if (wrong := _wrong(name, value))}
    if problems:
        listed = [f"{name} {wrong}" for name, wrong in problems.items()]
        raise InvalidCredentials(f"{'; '.join(listed)}.", field=next(iter(problems)), problems=listed)
    key_rest, secret_rest, key_ws, secret_ws = (SecretStr(str(value)) for value in arguments.values())
    return Credentials(api_key=key_rest, api_secret=secret_rest), Credentials(api_key=key_ws, api_secret=secret_ws)


def _wrong(name: str, value: object) -> str:
    if value is None:
        return "is missing"
    if not isinstance(value, str):
        return f"is a {type(value).__name__}, not text"
    is_secret = name.startswith("secret")
    if found := complaint("api_secret" if is_secret else "api_key", value):
        return found
    try:
        if is_secret:
            kind_of(value)
    except CredentialsError as error:
        return f"cannot be read: {error.message.rstrip('.')}"
    return ""
