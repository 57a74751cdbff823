"""What a scenario claims: an AssertionError that tells what was and what should have been, without any test runner."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from foxtrot.errors import FoxtrotError
from foxtrot.testkit.desk import Desk

E = TypeVar("E", bound=FoxtrotError)


def sure(condition: object, text: str) -> None:
    """Claim something. Raises AssertionError with the text."""
    if not condition:
        raise AssertionError(text)


def equal(got: object, wanted: object, what: str) -> None:
    """Claim that two things are equal. Raises AssertionError that names both."""
    if got != wanted:
        raise AssertionError(f"{what} is {got!r}, not {wanted!r}")


async def fails(desk: Desk, work: Coroutine[Any, Any, object], kind: type[E], what: str) -> E:
    """Return the error of that kind that something ends with. Raises AssertionError for another end."""
    try:
        got = await desk.run(work)
    except kind as error:
        return error
    except FoxtrotError as error:
        raise AssertionError(f"{what} ended with {error!r}, not with {kind.__name__}") from error
    raise AssertionError(f"{what} succeeded with {got!r}; {kind.__name__} was due")
