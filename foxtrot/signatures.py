"""Comparing what a class overrides with what its base promises: who calls one must be able to call the other."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@functools.cache
def mismatches(cls: type, base: type) -> tuple[str, ...]:
    """Return how a class breaks the promises of its base, in words: what it does not implement, and what it overrides
    so that it cannot be called as the base's own can. Empty for one that keeps them."""
    missing = [f"it does not implement {name}" for name in sorted(getattr(cls, "__abstractmethods__", ()))]
    return (*missing, *(text for name in _overridden(cls, base) for text in _differences(name, cls, base)))


def _overridden(cls: type, base: type) -> list[str]:
    made = {name for one in cls.__mro__[: cls.__mro__.index(base)] for name in vars(one)}
    return sorted(name for name in made & set(dir(base)) if name == "__init__" or not name.startswith("_"))


def _differences(name: str, cls: type, base: type) -> Iterator[str]:
    mine, theirs = inspect.getattr_static(cls, name), inspect.getattr_static(base, name)
    if _kind(mine) != _kind(theirs):
        yield f"{name} is a {_kind(mine)}, not a {_kind(theirs)}"
    elif _kind(theirs) not in ("property", "value"):
        yield from _unlike(name, _function(mine), _function(theirs))


def _unlike(name: str, mine: Any, theirs: Any) -> Iterator[str]:
    if inspect.iscoroutinefunction(mine) != inspect.iscoroutinefunction(theirs):
        yield f"{name} is {'' if inspect.iscoroutinefunction(mine) else 'not '}async"
    wanted, given = inspect.signature(theirs).parameters, inspect.signature(mine).parameters
    kinds = {parameter.kind for parameter in given.values()}
    for parameter in wanted.values():
        if not _accepts(given.get(parameter.name), parameter, kinds):
            yield f"{name} does not take {parameter.name}"
    for parameter in given.values():
        if parameter.name not in wanted and parameter.kind not in _MANY and parameter.default is parameter.empty:
            yield f"{name} asks for {parameter.name}, which nobody gives it"


def _accepts(mine: inspect.Parameter | None, wanted: inspect.Parameter, kinds: set[Any]) -> bool:
    if wanted.kind in _MANY:
        return wanted.kind in kinds
    if mine is None or mine.kind in _MANY:
        return inspect.Parameter.VAR_KEYWORD in kinds
    if wanted.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and mine.kind is inspect.Parameter.KEYWORD_ONLY:
        return False
    optional = mine.default is not mine.empty or wanted.default is wanted.empty
    return mine.kind in _NAMED and optional


def _kind(value: Any) -> str:
    for kind, name in ((classmethod, "class method"), (staticmethod, "static method"), (property, "property")):
        if isinstance(value, kind):
            return name
    return "method" if inspect.isfunction(value) else "value"


def _function(value: Any) -> Any:
    return value.__func__ if isinstance(value, classmethod | staticmethod) else value
