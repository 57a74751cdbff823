"""The checksum of a book has the digits of the wire, be the quantities as large as they may."""

from __future__ import annotations

import zlib
from decimal import Decimal

import msgspec
import pytest

from foxtrot_kraken.checksums import BookChecksum, to_levels
from foxtrot_kraken.messages.streams import LevelInfo


@pytest.mark.parametrize("quantity", ["0.10000000", "999999.12345678", "70000000.12345677", "9000000000.00000001"])
def test_a_level_counts_with_every_digit_that_the_venue_wrote(quantity: str) -> None:
    checksum = BookChecksum(1, 8)
    told = msgspec.json.decode(f'[{{"price":5.0,"qty":{quantity}}}]', type=list[LevelInfo])
    checksum.keep(told)
    levels = to_levels(told)
    assert levels == [(5.0, float(quantity))]
    assert all(type(number) is float for number in levels[0])
    assert checksum(levels, []) == zlib.crc32(("50" + quantity.replace(".", "").lstrip("0")).encode())


def test_a_later_quantity_of_the_same_price_counts() -> None:
    checksum = BookChecksum(1, 8)
    for quantity in ("70000000.12345677", "80000000.12345677"):
        checksum.keep([LevelInfo(5.0, Decimal(quantity))])
    assert checksum([(5.0, float("80000000.12345677"))], []) == zlib.crc32(b"508000000012345677")


def test_what_is_kept_of_large_quantities_is_bounded() -> None:
    checksum = BookChecksum(1, 8)
    for price in range(30_000):
        checksum.keep([LevelInfo(float(price), Decimal("70000000.12345677"))])
    assert len(checksum._long) <= 10_001
