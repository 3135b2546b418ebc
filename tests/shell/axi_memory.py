"""A memory on AXI4 that pauses at random, answers with errors, and checks the rules of the bus."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

OKAY, SLVERR, DECERR = 0, 2, 3
BOUNDARY = 4096
CHANNELS = {
    "aw": ("addr", "len"),
    "w": ("data", "strb", "last"),
    "ar": ("addr", "len"),
}
FIXED = ("size", "burst", "cache", "prot", "id")


class AxiMemory:
    """Memory behind the ports of a component, such as `MemoryMover`.

    Parameters
    ----------
    ports
        What has the ports; those of either direction may be missing.
    word_bytes
        Bytes of a beat.
    rng
        Of pauses.
    pace
        Share of cycles in which each channel goes on.
    answer
        What a burst is answered with: a function of "read" or "write", and its first address.
    """

    def __init__(
        self,
        ports,
        *,
        word_bytes: int,
        rng: random.Random,
        pace: float = 1.0,
        answer: Callable[[str, int], int] = lambda kind, address: OKAY,
    ):
        self.ports = ports
        self.word_bytes = word_bytes
        self.rng = rng
        self.pace = pace
        self.answer = answer
        self.bytes: dict[int, int] = {}
        self.written: set[int] = set()
        self.bursts: list[tuple[str, int, int]] = []
        self.most_outstanding = {"read": 0, "write": 0}
        self.has = {
            channel: hasattr(ports, f"{channel}valid") for channel in ("aw", "w", "b", "ar", "r")
        }

    def load(self, address: int, content: bytes) -> None:
        """Put bytes into memory."""
        self.bytes.update(enumerate(content, address))

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory; what was never written is zero."""
        return bytes(self.bytes.get(address + i, 0) for i in range(size))

    @property
    def is_quiet(self) -> bool:
        """Whether all that was asked for is answered."""
        return not (self._reads or self._writes or self._words or self._answers)

    async def run(self, ctx):
        """Answer for ever."""
        self._reads: deque = deque()
        self._writes: deque = deque()
        self._words: deque = deque()
        self._answers: deque = deque()
        offered: dict[str, tuple | None] = dict.fromkeys(CHANNELS)
        read: tuple | None = None
        sent: int | None = None
        while True:
            ready = {channel: self.rng.random() < self.pace for channel in CHANNELS}
            for channel in CHANNELS:
                if self.has[channel]:
                    ctx.set(getattr(self.ports, f"{channel}ready"), ready[channel])
            if read is None and self._reads and self.rng.random() < self.pace:
                read = self._next_read()
            if self.has["r"]:
                ctx.set(self.ports.rvalid, read is not None)
                noise = (self.rng.getrandbits(8 * self.word_bytes), self.rng.randrange(4), 1)
                for name, value in zip(("data", "resp", "last"), read or noise, strict=True):
                    ctx.set(getattr(self.ports, f"r{name}"), value)
            if sent is None and self._answers and self.rng.random() < self.pace:
                sent = self._answers.popleft()
            if self.has["b"]:
                ctx.set(self.ports.bvalid, sent is not None)
                ctx.set(self.ports.bresp, self.rng.randrange(4) if sent is None else sent)
            sampled = await self._sample(ctx)
            for channel, (valid, payload) in sampled.items():
                if offered[channel] is not None:
                    assert valid, f"{channel}valid was withdrawn"
                    assert payload == offered[channel], f"{channel} has changed while it waited"
                offered[channel] = payload if valid and not ready[channel] else None
                if valid and ready[channel]:
                    getattr(self, f"_take_{channel}")(*payload)
            # both components are always ready for answers
            read = sent = None
            self._finish_writes()

    async def _sample(self, ctx) -> dict[str, tuple[int, tuple]]:
        names = [
            (channel, name)
            for channel, fields in CHANNELS.items()
            if self.has[channel]
            for name in ("valid", *fields)
        ]
        signals = [getattr(self.ports, f"{channel}{name}") for channel, name in names]
        checks = [getattr(self.ports, f"{channel}ready") for channel in "rb" if self.has[channel]]
        _, _, *values = await ctx.tick().sample(*signals, *checks)
        assert all(values[len(names) :]), "answers are always taken"
        found: dict[str, dict[str, int]] = {}
        for (channel, name), value in zip(names, values, strict=False):
            found.setdefault(channel, {})[name] = value
        return {
            channel: (fields["valid"], tuple(fields[name] for name in CHANNELS[channel]))
            for channel, fields in found.items()
        }

    def _check_burst(self, kind: str, address: int, length: int, outstanding: int) -> None:
        size = (length + 1) * self.word_bytes
        assert address % self.word_bytes == 0
        assert address // BOUNDARY == (address + size - 1) // BOUNDARY, "a burst crosses 4 KB"
        assert length < 16
        self.bursts.append((kind, address, length + 1))
        self.most_outstanding[kind] = max(self.most_outstanding[kind], outstanding)

    def _take_ar(self, address: int, length: int) -> None:
        self._reads.append([address, length + 1, self.answer("read", address)])
        self._check_burst("read", address, length, len(self._reads))

    def _take_aw(self, address: int, length: int) -> None:
        self._writes.append((address, length + 1))
        self._check_burst("write", address, length, len(self._writes) + len(self._answers))

    def _take_w(self, data: int, strobe: int, last: int) -> None:
        self._words.append((data, strobe, last))

    def _next_read(self) -> tuple[int, int, int]:
        burst = self._reads[0]
        address, left, response = burst
        word = int.from_bytes(self.read(address, self.word_bytes), "little")
        burst[0], burst[1] = address + self.word_bytes, left - 1
        if left == 1:
            self._reads.popleft()
        if response:
            word = self.rng.getrandbits(8 * self.word_bytes)
        return word, response, int(left == 1)

    def _finish_writes(self) -> None:
        while self._writes and len(self._words) >= self._writes[0][1]:
            address, beats = self._writes.popleft()
            response = self.answer("write", address)
            for index in range(beats):
                data, strobe, last = self._words.popleft()
                assert last == (index == beats - 1), "wlast is in the wrong beat"
                for lane in range(self.word_bytes):
                    if strobe >> lane & 1 and response == OKAY:
                        place = address + index * self.word_bytes + lane
                        self.bytes[place] = data >> 8 * lane & 255
                        self.written.add(place)
            self._answers.append(response)
