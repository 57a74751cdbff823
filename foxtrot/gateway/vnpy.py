"""`FoxtrotGateway`: a VeighNa installation trades through foxtrot's adapters.

    main_engine.add_gateway(FoxtrotGateway, "DESK")

The gateway trades where its name says when an adapter is installed under that name, else on the preferred exchange; a
subclass with `venue = "..."` trades there whatever its name. Needs the package `vnpy` (`pip install 'foxtrot[vnpy]'`).
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from foxtrot import gateway as ours
from foxtrot.config import ExchangeConfig
from foxtrot.errors import FoxtrotError, InvalidRequest
from foxtrot.gateway import engine as topics
from foxtrot.gateway.constants import OpenEnum
from foxtrot.gateway.objects import ERROR, BaseData
from foxtrot.gateway.settings import DEFAULT_SETTINGS

try:
    from vnpy.trader import constant as words
    from vnpy.trader import object as objects
    from vnpy.trader.gateway import BaseGateway
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"FoxtrotGateway is for a VeighNa installation, of which {missing.name} is missing here; install it with: "
        "pip install 'foxtrot[vnpy]'.",
        name=missing.name,
    ) from missing

T = TypeVar("T")


class FoxtrotGateway(BaseGateway):  # type: ignore[misc]  # vnpy is not there where this is checked
    """A VeighNa gateway over one exchange of foxtrot's.

    VeighNa's list of exchanges is closed. Where it has none of the gateway's name, contracts are of Exchange.GLOBAL and
    carry that name in their symbol: "BTCUSDT_DESK.GLOBAL", so that two venues do not mix.
    """

    venue: ClassVar[str] = ""
    config: ClassVar[ExchangeConfig | Mapping[str, Any] | None] = None
    default_name = "FOXTROT"
    # A choice: VeighNa's dialog would read a typed "False" as true.
    default_setting: ClassVar[dict[str, Any]] = {**DEFAULT_SETTINGS, "Sandbox": ["True", "False"]}
    exchanges: list[Any] = [words.Exchange.GLOBAL]  # noqa: RUF012 - VeighNa's own shape

    def __init__(self, event_engine: Any, gateway_name: str) -> None:
        super().__init__(event_engine, gateway_name)
        self._market = words.Exchange.__members__.get(gateway_name, words.Exchange.GLOBAL)
        self.exchanges = [self._market]
        self._suffix = f"_{gateway_name}" if self._market is words.Exchange.GLOBAL else ""
        self._adapter = ours.ThreadedAdapter(self, gateway_name, exchange=self.venue or None, config=self.config)
        self._receivers: dict[str, tuple[type, Callable[[Any], None]]] = {
            topics.EVENT_TICK: (objects.TickData, self.on_tick),
            topics.EVENT_TRADE: (objects.TradeData, self.on_trade),
            topics.EVENT_ORDER: (objects.OrderData, self.on_order),
            topics.EVENT_POSITION: (objects.PositionData, self.on_position),
            topics.EVENT_ACCOUNT: (objects.AccountData, self.on_account),
            topics.EVENT_CONTRACT: (objects.ContractData, self.on_contract),
            topics.EVENT_LOG: (objects.LogData, self.on_log),
        }

    def put(self, event: ours.Event) -> None:
        """Take what the adapter tells; topics of a single id are VeighNa's own business."""
        receiver = self._receivers.get(event.type)
        if receiver is not None:
            kind, tell = receiver
            tell(self._outward(kind, event.data))

    def connect(self, setting: Mapping[str, Any]) -> None:
        """Connect; returns when that has succeeded or failed, which the log tells."""
        chosen = {key: value[0] if isinstance(value, list) else value for key, value in setting.items()}
        try:
            self._adapter.connect(chosen)
        except FoxtrotError as error:
            self._tell(error)

    def close(self) -> None:
        """Disconnect; open orders stay open."""
        self._adapter.close()

    def subscribe(self, req: Any) -> None:
        """Have the ticks of a symbol told."""
        self._try(lambda: self._adapter.subscribe(self._inward(ours.SubscribeRequest, req)), None)

    def send_order(self, req: Any) -> str:
        """Begin to place an order and return its vt_orderid; "" when it could not even be begun (see the log)."""
        return self._try(lambda: self._adapter.send_order(self._inward(ours.OrderRequest, req)), "")

    def cancel_order(self, req: Any) -> None:
        """Begin to cancel an order."""
        self._try(lambda: self._adapter.cancel_order(self._inward(ours.CancelRequest, req)), None)

    def query_account(self) -> None:
        """Have all balances told."""
        self._adapter.query_account()

    def query_position(self) -> None:
        """Have all positions told; spot venues have none."""
        self._adapter.query_position()

    def query_history(self, req: Any) -> list[Any]:
        """Return candles, oldest first; none when that fails, which the log tells."""
        none: list[ours.BarData] = []
        bars = self._try(lambda: self._adapter.query_history(self._inward(ours.HistoryRequest, req)), none)
        return [self._outward(objects.BarData, bar) for bar in bars]

    # inside

    def _try(self, call: Callable[[], T], otherwise: T) -> T:
        try:
            return call()
        except FoxtrotError as error:
            self._tell(error)
            return otherwise

    def _tell(self, error: FoxtrotError) -> None:
        log = objects.LogData(msg=error.message, gateway_name=self.gateway_name)
        log.level = ERROR
        self.on_log(log)

    def _inward(self, kind: type[T], req: Any) -> T:
        """Return a request of VeighNa's as one of ours. Raises InvalidRequest for another gateway's symbol."""
        values = {f.name: _ours(getattr(req, f.name)) for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
        if req.exchange is not self._market or not req.symbol.endswith(self._suffix):
            raise InvalidRequest(
                f"{req.vt_symbol} is no symbol of {self.gateway_name}, whose symbols are written as "
                f"BTCUSDT{self._suffix}.{self._market.value}.",
                field="symbol",
            )
        values["symbol"] = req.symbol.removesuffix(self._suffix)
        values["exchange"] = ours.Exchange(self.gateway_name)
        return kind(**values)

    def _outward(self, kind: type, data: BaseData) -> Any:
        """Return a data object of ours as VeighNa's of the same name."""
        names = [f.name for f in dataclasses.fields(kind) if f.init]
        values = {name: _theirs(getattr(data, name)) for name in names if hasattr(data, name)}
        if "exchange" in values:
            values["exchange"], values["symbol"] = self._market, f"{values['symbol']}{self._suffix}"
        made = kind(**values)
        made.extra = data.extra
        if isinstance(data, ours.AccountData):
            made.available = data.available
        return made


_OURS = {kind.__name__: kind for kind in (ours.Direction, ours.Offset, ours.OrderType)}


def _ours(value: object) -> object:
    """Return a word of VeighNa's as ours, by its name: its value depends on the language."""
    if isinstance(value, words.Interval):
        return ours.Interval(value.value)
    if isinstance(value, enum.Enum) and type(value).__name__ in _OURS:
        kind = _OURS[type(value).__name__]
        return kind.__members__.get(value.name) or kind(value.name)
    return value


def _theirs(value: object) -> object:
    """Return a word of ours as VeighNa's. Raises InvalidRequest for one that it does not have."""
    if not isinstance(value, OpenEnum) or isinstance(value, ours.Exchange):
        return value
    kind = getattr(words, type(value).__name__)
    known = kind.__members__.get(value.name)
    if known is None:
        raise InvalidRequest(f"VeighNa has no {type(value).__name__} {value.name}.", field="data")
    return known
