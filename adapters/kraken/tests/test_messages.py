"""Each wire struct reads the payload that its docstring shows."""

from __future__ import annotations

import msgspec
import pytest

from foxtrot.testkit.payloads import check_payload, structs_of
from foxtrot_kraken import messages
from foxtrot_kraken.messages.private import BalanceInfo


@pytest.mark.parametrize("struct", structs_of(messages), ids=lambda s: s.__name__)
def test_a_struct_reads_every_value_of_the_payload_in_its_docstring(struct: type[msgspec.Struct]) -> None:
    assert check_payload(struct) == []
    assert '"' in (struct.__doc__ or "")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "sNaN"])
def test_money_that_is_no_number_is_unreadable(amount: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="balance"):
        msgspec.json.decode(f'{{"balance":"{amount}"}}', type=BalanceInfo)
