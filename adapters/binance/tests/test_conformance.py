from foxtrot.testkit.conformance import check_adapter, check_manifest_is_light
from foxtrot_binance.plugin import BINANCE, BINANCEUS


def test_both_venues_keep_every_rule_for_adapters() -> None:
    assert check_adapter(BINANCEUS) == []
    assert check_adapter(BINANCE) == []
    assert check_manifest_is_light("foxtrot_binance.plugin") == []
