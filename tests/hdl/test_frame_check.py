"""The frame buffer drops frames whose mark of the last beat is not where they end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bench import simulate
from damaged_frames import DAMAGES, DamagedStream

from nnhw.hdl.frame_buffer import FrameBuffer

FRAMES = 20


def random_stream(rng, frames: np.ndarray, beat_bytes: int, order: str) -> DamagedStream:
    """Frames as they are, and damaged ones before, between and behind them."""
    padded = np.pad(frames, ((0, 0), (0, -frames.shape[1] % beat_bytes)), constant_values=0xAA)
    beats = [
        [int.from_bytes(beat.tobytes(), "little") for beat in frame.reshape(-1, beat_bytes)]
        for frame in padded
    ]
    stream = DamagedStream(rng, len(beats[0]))
    for number, payloads in enumerate(beats):
        damaged = {"random": rng.random() < 0.5, "every other": True, "none": False}[order]
        if damaged:
            for _ in range(int(rng.integers(1, 3)) if order == "random" else 1):
                stream.add_damaged(str(rng.choice(DAMAGES)), beats[rng.integers(len(beats))])
        stream.add(number, payloads)
    if order == "random":
        stream.add_damaged("without tlast", beats[0])
    return stream


@pytest.mark.parametrize(
    ("order", "buffers", "eager", "read_delay"),
    [
        ("random", 1, 1.0, 1),
        ("random", 1, 0.5, 2),
        ("random", 2, 1.0, 2),
        ("random", 2, 0.5, 1),
        ("every other", 2, 1.0, 1),
        ("none", 2, 1.0, 1),
    ],
)
@pytest.mark.parametrize(
    ("banks", "beat_bytes", "frame_bytes"),
    [(1, 1, 1), (1, 1, 5), (4, 2, 3), (4, 4, 3), (4, 4, 24), (8, 2, 33), (8, 8, 64), (16, 8, 23)],
)
def test_frame_check(banks, beat_bytes, frame_bytes, order, buffers, eager, read_delay):
    rng = np.random.default_rng([banks, frame_bytes, buffers, read_delay])
    rows = math.ceil(frame_bytes / banks)
    buffer = FrameBuffer(
        banks=banks,
        width=8,
        frame_rows=rows,
        frame_bytes=frame_bytes,
        beat_bytes=beat_bytes,
        buffers=buffers,
        read_delay=read_delay,
        checked=True,
    )
    frames = rng.integers(0, 256, (FRAMES, frame_bytes), np.uint8)
    stream = random_stream(rng, frames, beat_bytes, order)
    received: list[np.ndarray] = []
    errors: list[int] = []

    async def testbench(ctx):
        sent, row, offered = 0, 0, False
        latest = -1  # the beat that was taken in the cycle before
        reads: list[int | None] = [None] * (read_delay + buffer.latency)
        frame = np.zeros((rows, banks), np.uint8)
        available = idle = 0
        while idle < 20:
            more = sent < len(stream.beats)
            offered = more and (offered or rng.random() < eager)
            payload, last = stream.beats[sent] if offered else (0xA5, rng.random() < 0.5)
            ctx.set(buffer.beats.valid, offered)
            ctx.set(buffer.beats.payload.data, payload)
            ctx.set(buffer.beats.payload.last, last)
            read = None
            if available and rng.random() < eager:
                read, row = row, (row + 1) % rows
            ctx.set(buffer.consumed, read == rows - 1)
            if (addressed := reads[read_delay - 1]) is not None:
                ctx.set(buffer.read_rows, [addressed] * banks)
            _, _, ready, available, error, data = await ctx.tick().sample(
                buffer.beats.ready, buffer.available_next, buffer.frame_error, buffer.read_data
            )
            if error:
                errors.append(latest)
            latest = -1
            if offered and ready:
                latest, sent, offered = sent, sent + 1, False
            if (answered := reads[-1]) is not None:
                frame[answered] = list(data)
                if answered == rows - 1:
                    received.append(frame.ravel()[:frame_bytes].copy())
            reads = [read, *reads[:-1]]
            idle = 0 if more or read is not None or any(r is not None for r in reads) else idle + 1

    simulate(buffer, testbench)
    assert errors == stream.errors
    assert (np.array(received) == frames[stream.good]).all()
    assert (len(stream.good) == FRAMES) == (order == "none" or not stream.errors)
    assert bool(stream.errors) == (order != "none")
