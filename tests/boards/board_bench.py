"""cocotb tests of a whole board top, through its serial pins and with the host's own client.

What is to be sent and to be answered is in session.npz, see `board_simulation`.
"""

from __future__ import annotations

import os
from itertools import groupby

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge
from cocotb.triggers import RisingEdge
from serial_line import Noise, SerialLine, SimulatedPort

from nnhw.link import Kind, Link, LinkStatistics, encode_frame

PERIOD_NS = 10
DIVISOR = int(os.environ["BOARD_DIVISOR"])
SESSION = np.load(os.environ["BOARD_SESSION"])
FRAMES = [frame.tobytes() for frame in SESSION["frames"]]
ANSWERS = [answer.tobytes() for answer in SESSION["answers"]]
DIGEST = SESSION["digest"].tobytes()
TIMEOUT = float(SESSION["timeout_cycles"]) * PERIOD_NS * 1e-9


class Watch:
    """Records the frames that the accelerator gets."""

    def __init__(self, dut):
        self._beats = bytearray()
        self._accelerator = dut.accelerator
        cocotb.start_soon(self._run())

    @property
    def frames(self) -> list[bytes]:
        """All frames so far; the last may be incomplete."""
        size = len(FRAMES[0])
        return [bytes(self._beats[at : at + size]) for at in range(0, len(self._beats), size)]

    async def _run(self) -> None:
        # the bridge takes some cycles to read each beat: the valid signal rises for each
        port = self._accelerator
        width = len(port.s_axis_tdata) // 8
        while True:
            await RisingEdge(port.s_axis_tvalid)
            self._beats += int(port.s_axis_tdata.value).to_bytes(width, "little")


async def start(dut) -> SerialLine:
    """Start the clock, and let the board come out of its reset."""
    cocotb.start_soon(Clock(dut.clk_in, PERIOD_NS, unit="ns").start())
    line = SerialLine(dut, bit_ns=DIVISOR * PERIOD_NS)
    await line.wait(1200 / DIVISOR)
    return line


@bridge
def converse(port: SimulatedPort, attempts: int) -> LinkStatistics:
    """Identify the design, send all frames and check the answers."""
    link = Link(port, timeout=TIMEOUT, attempts=attempts, clock=port.clock)
    assert link.identify() == DIGEST
    for frame, answer in zip(FRAMES, ANSWERS, strict=True):
        assert link.infer(frame, len(answer)) == answer
    return link.statistics


@cocotb.test()
async def clean_session(dut):
    """Every frame is answered at once, exactly as the golden model says."""
    watch, line = Watch(dut), await start(dut)
    dark = int(dut.led.value)
    statistics = await converse(SimulatedPort(line), 1)
    assert statistics == LinkStatistics(requests=1 + len(FRAMES))
    assert watch.frames == FRAMES
    assert int(dut.led.value) == 1 - dark


@cocotb.test()
async def noisy_session(dut):
    """On a bad line everything is answered in the end, and nothing damaged gets through."""
    watch, line = Watch(dut), await start(dut)
    noise = Noise(line, interval=max(20, 2 * len(FRAMES[0])), seed=1)
    statistics = await converse(SimulatedPort(line, send=noise.send, back=noise.back), 50)
    dut._log.info("%s", statistics)
    assert statistics.requests == 1 + len(FRAMES)
    assert statistics.repeats > 3
    assert statistics.refused > 0
    # where only the answer was damaged, a frame came again
    assert [frame for frame, _ in groupby(watch.frames)] == FRAMES


@cocotb.test()
async def damaged_frames(dut):
    """A frame with a dropped octet, wherever it is, is refused, and the next one is answered."""
    watch, line = Watch(dut), await start(dut)
    octets = encode_frame(bytes([Kind.INFER, 1]) + FRAMES[0])
    step = max(1, len(octets) // 8)
    for dropped in range(1, len(octets) - 1, step):
        for position, octet in enumerate(octets):
            if position != dropped:
                await line.send(octet)
    await line.wait(400)
    assert watch.frames == []
    await line.receive(1e-9)
    port = SimulatedPort(line)
    assert (await bridge(ask)(port)) == ANSWERS[0]
    assert watch.frames == FRAMES[:1]


def ask(port: SimulatedPort) -> bytes:
    """The answer to the first frame."""
    link = Link(port, timeout=TIMEOUT, attempts=1, clock=port.clock)
    return link.infer(FRAMES[0], len(ANSWERS[0]))
