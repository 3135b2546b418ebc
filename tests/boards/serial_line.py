"""A serial line to a simulated board, bit by bit, and the damage that can happen to it."""

from __future__ import annotations

import random
from collections.abc import Callable

import cocotb
from cocotb.handle import Immediate
from cocotb.task import resume
from cocotb.triggers import Event, FallingEdge, First, Timer
from cocotb.utils import get_sim_time


class SerialLine:
    """The host's end of a line.

    Parameters
    ----------
    dut
        With the signals rx and tx.
    bit_ns
        Duration of a bit.
    """

    def __init__(self, dut, *, bit_ns: float):
        self._dut = dut
        self._bit_ns = bit_ns
        self._received = bytearray()
        self._arrival = Event()
        dut.rx.value = Immediate(1)
        cocotb.start_soon(self._listen())

    async def wait(self, bits: float) -> None:
        """Let some time pass."""
        await Timer(round(self._bit_ns * bits * 1000), "ps")

    async def send(self, octet: int, *, stop: int = 1) -> None:
        """Send an octet; with `stop` 0 its stop bit is none."""
        for bit in (0, *(octet >> place & 1 for place in range(8)), stop):
            self._dut.rx.value = Immediate(bit)
            await self.wait(1)
        self._dut.rx.value = Immediate(1)

    async def spike(self, bits: float) -> None:
        """Pull the line low for a short time."""
        self._dut.rx.value = Immediate(0)
        await self.wait(bits)
        self._dut.rx.value = Immediate(1)
        await self.wait(1)

    async def receive(self, seconds: float) -> bytes:
        """What has arrived, at least one octet, or none after so many seconds."""
        if not self._received:
            self._arrival.clear()
            await First(self._arrival.wait(), Timer(max(1, round(seconds * 1e12)), "ps"))
        received, self._received = bytes(self._received), bytearray()
        return received

    async def _listen(self) -> None:
        while True:
            await FallingEdge(self._dut.tx)
            await self.wait(0.5)
            octet = 0
            for place in range(8):
                await self.wait(1)
                octet |= int(self._dut.tx.value) << place
            await self.wait(1)
            assert int(self._dut.tx.value) == 1, "no stop bit"
            self._received.append(octet)
            self._arrival.set()


class SimulatedPort:
    """The port that `nnhw.link.Link` takes, for a simulated line; used from a bridged thread.

    Parameters
    ----------
    line : SerialLine
    send
        What happens to each octet on its way to the board.
    back
        What happens to the octets on their way from the board.
    """

    name = "simulation"

    def __init__(
        self,
        line: SerialLine,
        *,
        send: Callable | None = None,
        back: Callable[[bytes], bytes] | None = None,
    ):
        self._line = line
        self._send = send or line.send
        self._back = back or (lambda octets: octets)

    def write(self, data: bytes) -> None:
        """Send octets."""
        resume(self._write)(data)

    def read(self, seconds: float) -> bytes:
        """Octets that have arrived, at least one, or none after so many seconds."""
        return self._back(resume(self._line.receive)(seconds))

    @staticmethod
    def clock() -> float:
        """Simulated time in seconds."""
        return get_sim_time("ns") * 1e-9

    async def _write(self, data: bytes) -> None:
        for octet in data:
            await self._send(octet)


class Noise:
    """Damages one octet in `interval`, in a way that is drawn at random."""

    def __init__(self, line: SerialLine, *, interval: int, seed: int):
        self._line = line
        self._interval = interval
        self._random = random.Random(seed)

    async def send(self, octet: int) -> None:
        """Send an octet, or something else."""
        if self._random.random() * self._interval >= 1:
            await self._line.send(octet)
            return
        match self._random.randrange(5):
            case 0:  # dropped
                pass
            case 1:
                await self._line.send(octet)
                await self._line.send(octet)
            case 2:
                await self._line.send(octet ^ 1 << self._random.randrange(8))
            case 3:
                await self._line.send(octet, stop=0)
            case 4:
                await self._line.spike(self._random.uniform(0.1, 3))
                await self._line.send(octet)

    def back(self, octets: bytes) -> bytes:
        """Octets from the board, of which one in twice the interval is wrong or missing."""
        kept = bytearray()
        for octet in octets:
            if self._random.random() * 2 * self._interval >= 1:
                kept.append(octet)
            elif self._random.random() < 0.5:
                kept.append(octet ^ 1 << self._random.randrange(8))
        return bytes(kept)
