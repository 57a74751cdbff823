"""Calls as HTTP requests: paths, key header, signature over the query or the form.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#general-api-information
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from foxtrot.errors import CredentialsError
from foxtrot.protocol.calls import Call, HttpRequest
from foxtrot.protocol.codec import Endpoints
from foxtrot_binance.servers import Server

Sign = Callable[[bytes], str]
_OPEN, _KEYED, _SIGNED = range(3)
_V3, _SAPI = "/api/v3/", "/sapi/v1/"
# endpoint: what it needs, method, path
_TABLE = {
    "publicGetExchangeInfo": (_OPEN, "GET", _V3 + "exchangeInfo"),
    "publicGetTime": (_OPEN, "GET", _V3 + "time"),
    "publicGetDepth": (_OPEN, "GET", _V3 + "depth"),
    "publicGetTrades": (_OPEN, "GET", _V3 + "trades"),
    "publicGetHistoricalTrades": (_KEYED, "GET", _V3 + "historicalTrades"),
    "publicGetKlines": (_OPEN, "GET", _V3 + "klines"),
    "publicGetTicker24hr": (_OPEN, "GET", _V3 + "ticker/24hr"),
    "publicGetAvgPrice": (_OPEN, "GET", _V3 + "avgPrice"),
    "publicPostUserDataStream": (_KEYED, "POST", _V3 + "userDataStream"),
    "publicPutUserDataStream": (_KEYED, "PUT", _V3 + "userDataStream"),
    "publicDeleteUserDataStream": (_KEYED, "DELETE", _V3 + "userDataStream"),
    "privateGetAccount": (_SIGNED, "GET", _V3 + "account"),
    "privateGetMyTrades": (_SIGNED, "GET", _V3 + "myTrades"),
    "privatePostOrder": (_SIGNED, "POST", _V3 + "order"),
    "privatePostOrderTest": (_SIGNED, "POST", _V3 + "order/test"),
    "privatePostOrderCancelReplace": (_SIGNED, "POST", _V3 + "order/cancelReplace"),
    "privateDeleteOrder": (_SIGNED, "DELETE", _V3 + "order"),
    "privateDeleteOpenOrders": (_SIGNED, "DELETE", _V3 + "openOrders"),
    "privateGetOrder": (_SIGNED, "GET", _V3 + "order"),
    "privateGetOpenOrders": (_SIGNED, "GET", _V3 + "openOrders"),
    "privateGetAllOrders": (_SIGNED, "GET", _V3 + "allOrders"),
    "sapiGetAssetQueryTradingFee": (_SIGNED, "GET", _SAPI + "asset/query/trading-fee"),
    "sapiGetAssetTradeFee": (_SIGNED, "GET", _SAPI + "asset/tradeFee"),
}
ENDPOINTS = frozenset(_TABLE)
_FORM = "application/x-www-form-urlencoded"
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")  # what goes into a query as it is


class BinanceHttpCodec:
    """Write requests under the live host's name where they go to a sandbox, under the configured host otherwise."""

    def __init__(
        self,
        server: Server,
        endpoints: Endpoints,
        api_key: str | None,
        make_sign: Callable[[], Sign],
        allowed: frozenset[str],
    ) -> None:
        rest = urlsplit(endpoints.rest)
        base = f"{rest.scheme}://{rest.netloc}"
        self._base = f"{base}/{urlsplit(server.live.rest).netloc}" if endpoints.redirect else base
        self._api_key = api_key
        self._make_sign = make_sign
        self._sign: Sign | None = None
        self._allowed = allowed & ENDPOINTS

    def supports(self, endpoint: str) -> bool:
        """Tell whether the endpoint is one that may be called."""
        return endpoint in self._allowed

    def encode(self, call: Call[Any], now_ms: int) -> HttpRequest:
        """Write and sign a request. Raises CredentialsError when it cannot be signed."""
        needs, method, path = _TABLE[call.endpoint]
        if needs == _SIGNED:
            query = f"timestamp={now_ms}&{_query(call.params)}" if call.params else f"timestamp={now_ms}"
            signature = self._signature(path, query)
            query += f"&signature={signature if _PLAIN.fullmatch(signature) else quote(signature, safe='')}"
        else:
            query = _query(call.params)
        headers = {} if needs == _OPEN else {"X-MBX-APIKEY": self._key(path)}
        in_body = method in ("POST", "PUT") or (needs == _KEYED and method != "GET")
        if in_body:
            headers["Content-Type"] = _FORM
            return HttpRequest(method, self._base + path, headers, query.encode())
        return HttpRequest(method, f"{self._base}{path}?{query}" if query else self._base + path, headers)

    def _key(self, path: str) -> str:
        if self._api_key is None:
            raise _unsigned(path, "no key")
        return self._api_key

    def _signature(self, path: str, query: str) -> str:
        self._key(path)
        try:
            if self._sign is None:
                self._sign = self._make_sign()
            return self._sign(query.encode())
        except Exception as error:  # noqa: BLE001 - of any kind; its text may hold the secret
            raise _unsigned(path, type(error).__name__) from None


def _query(params: Mapping[str, str]) -> str:
    if _PLAIN.fullmatch("".join(params.values())):
        return "&".join(map("=".join, params.items()))
    return urlencode(params, quote_via=quote, safe="")


def _unsigned(path: str, why: str) -> CredentialsError:
    name = path.removeprefix(_V3).removeprefix(_SAPI)
    return CredentialsError(f"The request {name} could not be signed ({why}); check the API key and its secret.")
