"""The venue's clock as seen from here: the offset by the midpoint of a round trip."""

from __future__ import annotations

from foxtrot.model.times import NS_PER_MS


class ClockSync:
    """Estimate how far the venue's clock is ahead; of the last samples the one with the shortest round trip counts."""

    KEPT = 8
    TOLERANCE_NS = 5_000_000  # venues tell whole ms, and clocks drift between samples

    def __init__(self) -> None:
        self._samples: list[tuple[int, int, int]] = []  # round trip ns, offset ns, local time ns
        self.offset_ns = 0  # how far the venue's clock is ahead of ours, 0 before the first sample

    def add(self, sent_ns: int, server_ns: int, received_ns: int) -> None:
        """Take a sample: our time when asked, the venue's answer, our time when answered."""
        if received_ns < sent_ns:
            # Our clock was set back meanwhile: neither this sample nor an earlier one says anything about it now.
            self.reset()
            return
        middle = (sent_ns + received_ns) // 2
        trip, offset = received_ns - sent_ns, server_ns - middle
        # Each sample is right to half its round trip; one that no common offset reconciles with the newest is history:
        # a clock has jumped since.
        self._samples = [s for s in self._samples if abs(s[1] - offset) <= (s[0] + trip) / 2 + self.TOLERANCE_NS]
        self._samples.append((trip, offset, middle))
        del self._samples[: -self.KEPT]
        self.offset_ns = min(self._samples)[1]

    @property
    def drift_ppm(self) -> float:
        """Return how fast the offset grows in us per s over the kept samples, 0 before the second; the further apart
        they are, the less their noise counts."""
        if len(self._samples) < 2:
            return 0.0
        (_, first, began), (_, last, ended) = self._samples[0], self._samples[-1]
        return (last - first) / (ended - began) * 1e6 if ended > began else 0.0

    def reset(self) -> None:
        """Forget all samples, as after a clock jump."""
        self._samples.clear()
        self.offset_ns = 0

    def venue_ms(self, local_ns: int) -> int:
        """Return the venue's time in ms at a local time."""
        return (local_ns + self.offset_ns) // NS_PER_MS
