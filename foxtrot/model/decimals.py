"""Exact numbers: conversion of the caller's input and rounding that has a direction."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

from foxtrot.errors import InvalidRequest

Number = Decimal | str | int | float
ZERO = Decimal(0)
_MAX_EXPONENT = 20  # keeps every quotient by a grid step inside the 28 digits of the decimal context


def to_decimal(value: Number, field: str) -> Decimal:
    """Convert a caller's number exactly; a float means its shortest repr (0.1 is Decimal("0.1")).

    Raises InvalidRequest, naming `field`, for text that is no number, NaN, infinities, bools and sizes beyond 1e20.
    """
    number = value if type(value) is Decimal else _converted(value, field)
    if not number.is_finite():
        raise InvalidRequest(f"{field} must be finite, not {value!r}.", field=field)
    if number and not -_MAX_EXPONENT <= number.adjusted() <= _MAX_EXPONENT:
        raise InvalidRequest(f"{field} must be a sensible size, not {value!r}.", field=field)
    return number


def _converted(value: Number, field: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int | float):
        raise InvalidRequest(f"{field} must be a number, not {value!r}.", field=field)
    try:
        return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        raise InvalidRequest(f"{field} must be a number, not {value!r}.", field=field) from None


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Round down (toward minus infinity) to a multiple of `step`; a step of 0 leaves the value as it is."""
    return value if step == 0 else (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """Round up (toward plus infinity) to a multiple of `step`; a step of 0 leaves the value as it is."""
    return value if step == 0 else (value / step).to_integral_value(ROUND_CEILING) * step


def plain(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros: "0.00001", "12", never "1E-5"."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_amounts(amounts: Mapping[str, Decimal | None]) -> dict[str, str]:
    """Write amounts by name, as `plain` does; those that are None are left out."""
    return {name: plain(value) for name, value in amounts.items() if value is not None}
