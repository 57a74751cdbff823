"""Record the public frames of an exchange while it runs."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import msgspec

from foxtrot.clock import SystemClock
from foxtrot.data.frames import FrameRecorder
from foxtrot.errors import StateError
from foxtrot.model.contract import Contract
from foxtrot.ports import Clock, OnClose, OnFrame, WsConnection, WsConnector
from foxtrot.protocol.calls import Call
from foxtrot.protocol.messages import BookSnapshot
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.spec import AdapterSpec


class FrameTap:
    """Record one exchange's public streams and book snapshots to `folder`: pass it as `tap` to `get_exchange`.

    Only public traffic passes here: no key, no signature and no private message is ever written. `symbols` narrows
    down the contracts that each file's header names (by default all that the venue lists). Close it after the exchange.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        symbols: Sequence[str] = (),
        clock: Clock | None = None,
        max_bytes: int = 256 * 1024 * 1024,
        max_age_s: float = 3_600.0,
    ) -> None:
        self._folder = Path(folder)
        self._wanted = tuple(symbols)
        self._clock: Clock = clock or SystemClock()
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._recorder: FrameRecorder | None = None

    @property
    def recorder(self) -> FrameRecorder:
        """Return what writes. Raises StateError until the exchange has connected."""
        if self._recorder is None:
            raise StateError("Nothing is being recorded: the exchange that this tap was given to is not connected.")
        return self._recorder

    def streams(self, connector: WsConnector, spec: AdapterSpec, symbols: SymbolTable) -> WsConnector:
        """Return a connector that records. Raises StateError when the tap serves another exchange already."""
        if self._recorder is None:
            self._recorder = FrameRecorder(
                self._folder,
                spec.name,
                self._contracts_of(symbols),
                adapter=_version(spec.distribution),
                max_bytes=self._max_bytes,
                max_age_s=self._max_age_s,
            )
        elif spec.name != self._recorder.venue:
            raise StateError(f"This tap records {self._recorder.venue}; make another one for {spec.name}.")
        return RecordingConnector(connector, self._recorder, self._clock)

    def snapshot(self, contract: Contract, call: Call[BookSnapshot]) -> Call[BookSnapshot]:
        """Return a call whose answer is recorded before it is read."""
        query, decode = urlencode(call.params), call.decode

        def recorded(body: bytes) -> BookSnapshot:
            self.recorder.snapshot(contract.symbol, query, self._clock.time_ns(), body)
            return decode(body)

        return msgspec.structs.replace(call, decode=recorded)

    def close(self) -> None:
        """Write what is left. Raises ConfigError when anything could not be written; repeating is harmless."""
        if self._recorder is not None:
            self._recorder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _contracts_of(self, symbols: SymbolTable) -> Callable[[], Sequence[Contract]]:
        return lambda: [c for c in symbols.contracts() if not self._wanted or c.symbol in self._wanted]


class RecordingConnector:
    """Implement the WsConnector port over another one and record every frame that passes, before it is read."""

    def __init__(self, connector: WsConnector, recorder: FrameRecorder, clock: Clock) -> None:
        self._connector = connector
        self._recorder = recorder
        self._clock = clock

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> WsConnection:
        """Open a connection. Raises ConnectFailed as the connector below does."""
        recorder, time_ns = self._recorder, self._clock.time_ns
        # Before it is open: the first frame may come before `connect` returns.
        number = recorder.opened(time_ns())
        ended = False

        def frame(data: bytes) -> None:
            recorder.frame(number, time_ns(), data)
            on_frame(data)

        def lost(reason: str) -> None:
            nonlocal ended
            if not ended:
                ended = True
                recorder.lost(number, time_ns(), reason)

        def closed(reason: str) -> None:
            lost(reason)
            on_close(reason)

        try:
            return _Recorded(await self._connector.connect(url, frame, closed), lost)
        except BaseException as error:
            lost(f"not opened: {type(error).__name__}")
            raise


class _Recorded:
    """A connection whose end by us is recorded too."""

    def __init__(self, connection: WsConnection, lost: Callable[[str], None]) -> None:
        self._connection = connection
        self._lost = lost

    def send(self, data: bytes) -> None:
        self._connection.send(data)

    async def close(self) -> None:
        self._lost("closed by us")
        await self._connection.close()


def _version(distribution: str) -> str:
    if not distribution:
        return ""
    try:
        return f"{distribution} {importlib.metadata.version(distribution)}"
    except importlib.metadata.PackageNotFoundError:
        return distribution
