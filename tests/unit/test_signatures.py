"""Who can call the base can call the class, or is told why not."""

from __future__ import annotations

import abc
from typing import Any

import pytest

from foxtrot.signatures import mismatches


class Base(abc.ABC):
    def __init__(self, spec: int, *, clock: int | None = None) -> None:
        self.given = spec, clock

    @abc.abstractmethod
    def link(self, context: int) -> int: ...

    @classmethod
    def hosts(cls, name: str) -> str:
        return name

    @property
    def name(self) -> str:
        return ""

    async def place(self, request: int, limit: int = 500) -> int:
        return request


class Good(Base):
    def __init__(self, *given: Any, **named: Any) -> None: ...

    def link(self, context: int, more: int = 1) -> int:
        return context

    async def place(self, request: int, limit: int = 7, *, hurry: bool = False) -> int:
        return request


def test_a_class_may_take_more_than_its_base_and_nothing_is_said() -> None:
    assert mismatches(Good, Base) == ()


def made(**members: Any) -> type:
    return type("Bad", (Good,), members)


async def _narrow(self: Any, request: int) -> int:
    return request


async def _demanding(self: Any, request: int, limit: int = 1, *, hurry: bool) -> int:
    return request


async def _no_default(self: Any, request: int, limit: int) -> int:
    return request


async def _by_name_only(self: Any, *, request: int, limit: int = 1) -> int:
    return request


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"place": _narrow}, "place does not take limit"),
        ({"place": _demanding}, "place asks for hurry, which nobody gives it"),
        ({"place": _no_default}, "place does not take limit"),
        ({"place": _by_name_only}, "place does not take request"),
        ({"place": lambda self, request, limit=1: request}, "place is not async"),
        ({"name": lambda self: "x"}, "name is a method, not a property"),
        ({"hosts": lambda self, name: name}, "hosts is a method, not a class method"),
        ({"__init__": lambda self, spec: None}, "__init__ does not take clock"),
    ],
)
def test_what_cannot_be_called_as_the_base_is_said_by_name(members: dict[str, Any], said: str) -> None:
    assert said in mismatches(made(**members), Base)


def test_what_is_not_implemented_is_said() -> None:
    assert mismatches(type("Bare", (Base,), {}), Base) == ("it does not implement link",)
