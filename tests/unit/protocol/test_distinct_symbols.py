"""Every symbol means one contract, however often a venue lists the same assets."""

from foxtrot.protocol.symbols import distinct


def test_the_one_that_trades_is_base_quote_and_the_others_keep_the_venues_names() -> None:
    listed = [("A/B", "ABOLD", False), ("A/B", "AB", True), ("A/B", "AB2", True), ("C/B", "CB", False)]
    assert distinct(listed) == {"ABOLD": "ABOLD", "AB": "A/B", "AB2": "AB2", "CB": "C/B"}


def test_of_several_that_do_not_trade_it_is_the_first() -> None:
    assert distinct([("A/B", "one", False), ("A/B", "two", False)]) == {"one": "A/B", "two": "two"}
    assert distinct([]) == {}
