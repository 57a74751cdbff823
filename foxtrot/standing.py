"""Where in its life the connection to a venue is, and which of its channels are up."""

from __future__ import annotations

from foxtrot.managers.wiring import Wiring
from foxtrot.model.events import AdapterState, ChannelName, ChannelStateChanged, StateChanged
from foxtrot.model.health import ChannelHealth

OPEN_STATES = (AdapterState.READY, AdapterState.DEGRADED, AdapterState.SYNCING)


class Standing:
    """Follow the channels, enter states, and tell of every change.

    READY means that everything is up and compared; DEGRADED that it still works, but not wholly. While `recovering`,
    the account is not compared yet, and nothing becomes READY by itself.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self.channels: dict[ChannelName, ChannelHealth] = {}
        self.recovering = False
        self._watch = wiring.engine.subscribe(ChannelStateChanged, self._on_channel, exchange=wiring.exchange)

    @property
    def state(self) -> AdapterState:
        """Return where in its life the connection is."""
        return self._wiring.state

    @property
    def is_open(self) -> bool:
        """Tell whether the connection can be used, wholly or not."""
        return self.state in OPEN_STATES

    def is_up(self, channel: ChannelName) -> bool:
        """Tell whether a channel that was used is up."""
        health = self.channels.get(channel)
        return health is not None and health.up

    def weaknesses(self) -> list[str]:
        """Return each channel that is down, with the reason."""
        return [f"{name.value}: {health.reason}" for name, health in self.channels.items() if not health.up]

    def enter(self, state: AdapterState, reason: str) -> None:
        """Enter a state and tell of it, unless it is the one of now."""
        wiring, old = self._wiring, self.state
        if state is old:
            return
        wiring.state = state
        if state is AdapterState.SYNCING:
            wiring.synchronised.clear()
        else:
            wiring.synchronised.set()
        now = wiring.clock.time_ns()
        wiring.publish(StateChanged(wiring.exchange, "", 0, now, wiring.next_seq(), old, state, reason))

    def enter_open(self) -> None:
        """Become READY, or DEGRADED where a channel is down."""
        weak = self.weaknesses()
        if weak:
            self.enter(AdapterState.DEGRADED, "; ".join(weak))
        else:
            self.enter(AdapterState.READY, "synchronised")

    def tell(self, channel: ChannelName, *, up: bool, reason: str) -> None:
        """Tell that a channel came or went; the state follows."""
        wiring = self._wiring
        now = wiring.clock.time_ns()
        wiring.publish(ChannelStateChanged(wiring.exchange, "", 0, now, wiring.next_seq(), channel, up, reason))

    def _on_channel(self, event: ChannelStateChanged) -> None:
        self.channels[event.channel] = ChannelHealth(event.up, event.reason, event.ts_recv)
        weak = self.weaknesses()
        if weak and self.state is AdapterState.READY:
            self.enter(AdapterState.DEGRADED, "; ".join(weak))
        elif not weak and self.state is AdapterState.DEGRADED and not self.recovering:
            self.enter(AdapterState.READY, "all channels are up")
