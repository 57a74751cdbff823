from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.errors import InvalidRequest
from foxtrot.model.decimals import ceil_to, floor_to, plain, plain_amounts, to_decimal

amounts = st.decimals(min_value=0, max_value=10**9, allow_nan=False, places=10)
steps = st.sampled_from([Decimal("0.00000001"), Decimal("0.001"), Decimal("0.05"), Decimal(1), Decimal(25)])


def test_a_float_means_the_number_one_sees() -> None:
    assert to_decimal(0.1, "price") == Decimal("0.1")
    assert to_decimal(1e-05, "price") == Decimal("0.00001")


@pytest.mark.parametrize(
    "bad", ["", "abc", "1,5", "nan", float("nan"), float("inf"), "Infinity", None, True, [], 1e300]
)
def test_what_is_no_number_is_refused_by_name_and_value(bad: object) -> None:
    with pytest.raises(InvalidRequest, match="price") as caught:
        to_decimal(bad, "price")  # type: ignore[arg-type]
    assert repr(bad) in str(caught.value)
    assert caught.value.field == "price"


@given(amounts, steps)
def test_rounding_has_a_direction_and_stays_within_one_step(value: Decimal, step: Decimal) -> None:
    down, up = floor_to(value, step), ceil_to(value, step)
    assert down <= value <= up
    assert value - down < step
    assert up - value < step
    assert down % step == 0
    assert up % step == 0


def test_a_step_of_zero_leaves_the_value_as_it_is() -> None:
    assert floor_to(Decimal("1.234"), Decimal(0)) == ceil_to(Decimal("1.234"), Decimal(0)) == Decimal("1.234")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_plain_text_has_no_exponent_and_the_same_value(value: Decimal) -> None:
    text = plain(value)
    assert "E" not in text.upper()
    assert Decimal(text) == value


def test_amounts_that_are_not_given_are_left_out() -> None:
    given = {"price": Decimal("1E-8"), "stop": None, "zero": Decimal(0), "volume": Decimal("5.00")}
    assert plain_amounts(given) == {"price": "0.00000001", "zero": "0", "volume": "5"}
