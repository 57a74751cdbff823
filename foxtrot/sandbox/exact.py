"""Arithmetic in which no digit of money is ever rounded away."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, localcontext
from functools import wraps
from typing import ParamSpec, TypeVar

# A price and a quantity have up to 20 digits before and 20 after the point; products and sums of them fit with room.
EXACT = Context(prec=120)
MAX_EXPONENT = 20

_P = ParamSpec("_P")
_R = TypeVar("_R")


def exactly(operation: Callable[_P, _R]) -> Callable[_P, _R]:
    """Run an operation with enough digits for every product and sum that it makes, whatever the caller's context."""

    @wraps(operation)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with localcontext(EXACT):
            return operation(*args, **kwargs)

    return run
