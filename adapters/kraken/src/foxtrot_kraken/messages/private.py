"""What an account reads by REST.

Source: https://docs.kraken.com/api/docs/category/rest-api/account-data
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from foxtrot.protocol.amounts import Money


class BalanceInfo(Money, frozen=True):
    """{"balance":"25435.21","hold_trade":"8249.76"}"""

    balance: Decimal
    hold_trade: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)
    credit_used: Decimal = Decimal(0)


class FeeInfo(Money, frozen=True):
    """{"fee":"0.4000","minfee":"0.0500","maxfee":"0.4000","nextfee":"0.3500","nextvolume":"10000.0000"}"""

    fee: Decimal


class Fees(msgspec.Struct, frozen=True):
    """{"currency":"ZUSD","volume":"0.0000","fees":{"XXBTZUSD":{"fee":"0.4000"}},"fees_maker":{"XXBTZUSD":{"fee":
    "0.2500"}}}"""

    fees: dict[str, FeeInfo] = {}
    fees_maker: dict[str, FeeInfo] = {}


class TradeInfo(Money, frozen=True):
    """{"ordertxid":"OQCLML-BW3P3-BUCMWZ","pair":"XXBTZUSD","time":1688667796.8802,"type":"buy","ordertype":"limit",
    "price":"30010.00000","cost":"600.20000","fee":"0.00000","vol":"0.02000000","margin":"0.00000","misc":"","trade_id":
    40274859,"maker":true}"""

    ordertxid: str
    pair: str
    time: Decimal
    type: str
    price: Decimal
    cost: Decimal
    fee: Decimal
    vol: Decimal
    maker: bool = False


class TradesHistory(msgspec.Struct, frozen=True):
    """{"trades":{},"count":0}"""

    trades: dict[str, TradeInfo]


class Token(msgspec.Struct, frozen=True):
    """{"token":"1Dwc4lzSwNWOAwkMdqhssNNFhs1ed606d1WcF3XfEMw","expires":900}"""

    token: str
