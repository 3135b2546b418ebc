"""The frame buffer between a stream that writes and an engine that reads."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bench import simulate

from nnhw.hdl.frame_buffer import FrameBuffer

FRAMES = 7


class Source:
    """Offers the beats of all frames, with pauses or without."""

    def __init__(self, rng: np.random.Generator, frames: np.ndarray, beat_bytes: int, eager: float):
        self._rng, self._eager = rng, eager
        size = frames.shape[1]
        padded = np.zeros((len(frames), -(-size // beat_bytes) * beat_bytes), np.uint8)
        padded[:, :size] = frames
        padded[:, size:] = 0xAA  # not part of the frame
        self.beats_per_frame = padded.shape[1] // beat_bytes
        self._beats = [
            int.from_bytes(beat.tobytes(), "little") for beat in padded.reshape(-1, beat_bytes)
        ]
        self.sent = 0
        self.valid = False

    @property
    def frames_sent(self) -> int:
        """Frames of which every beat was taken."""
        return self.sent // self.beats_per_frame

    def offer(self) -> tuple[bool, int]:
        """Valid and payload; what has been offered stays until it is taken."""
        more = self.sent < len(self._beats)
        self.valid = more and (self.valid or self._rng.random() < self._eager)
        return self.valid, self._beats[self.sent] if self.valid else 0

    def taken(self) -> None:
        """The offer was accepted."""
        self.sent += 1
        self.valid = False


class Reader:
    """Issues a random number of reads of each frame, the last one often of row 0."""

    def __init__(self, rng: np.random.Generator, buffer: FrameBuffer, eager: float):
        self._rng, self._buffer, self._eager = rng, buffer, eager
        self.frame = 0
        self._left = 0

    def issue(self, available: bool) -> tuple[int, np.ndarray, bool] | None:
        """(frame, row of each bank, whether this consumes the frame), or None."""
        if not self._left:
            if not available or self._rng.random() > self._eager:
                return None
            self._left = int(self._rng.integers(1, 6))
        self._left -= 1
        last = not self._left
        rows = self._rng.integers(0, self._buffer.frame_rows, self._buffer.banks)
        if last and self._rng.random() < 0.5:
            rows[:] = 0
        frame = self.frame
        self.frame += last
        return frame, rows, last


@pytest.mark.parametrize("loaded", [False, True], ids=["constant", "loaded"])
@pytest.mark.parametrize("read_delay", [1, 2])
@pytest.mark.parametrize("buffers", [1, 2])
@pytest.mark.parametrize("eager", [1.0, 0.5])
@pytest.mark.parametrize(
    ("banks", "beat_bytes", "frame_bytes", "width"),
    [
        (1, 1, 1, 8),
        (1, 1, 5, 4),
        (4, 1, 11, 8),
        (4, 4, 3, 8),
        (4, 4, 24, 6),
        (8, 2, 33, 8),
        (8, 8, 64, 8),
        (16, 16, 40, 8),
        (32, 16, 70, 5),
    ],
)
def test_frame_buffer(banks, beat_bytes, frame_bytes, width, buffers, eager, read_delay, loaded):
    """`loaded`: there could be larger frames."""
    rng = np.random.default_rng([banks, frame_bytes, buffers])
    frame_rows = math.ceil(frame_bytes / banks) + 1  # reads may touch a row beyond the frame
    buffer = FrameBuffer(
        banks=banks,
        width=width,
        frame_rows=frame_rows,
        frame_bytes=frame_bytes + 9 * loaded,
        beat_bytes=beat_bytes,
        buffers=buffers,
        read_delay=read_delay,
        loaded=loaded,
    )
    assert (buffer.latency, buffer.release_latency) == (2, 1)
    frames = rng.integers(0, 256, (FRAMES, frame_bytes), np.uint8)
    source, reader = Source(rng, frames, beat_bytes, eager), Reader(rng, buffer, eager)
    compared = 0

    def check(read: tuple, data: list[int]) -> int:
        frame, rows, _ = read
        wanted = np.full(frame_rows * banks, -1)
        wanted[:frame_bytes] = frames[frame] & ((1 << width) - 1)
        wanted = wanted[rows * banks + np.arange(banks)]
        assert (wanted == data)[wanted >= 0].all()
        return int((wanted >= 0).sum())

    async def testbench(ctx):
        nonlocal compared
        # reads by age, from the latest whose address comes next to the one that is answered
        reads: list[tuple | None] = [None] * (read_delay + buffer.latency)
        consumed = 0
        if loaded:
            ctx.set(buffer.last_beat, source.beats_per_frame - 1)
        for _ in range(40 * FRAMES + 4 * FRAMES * source.beats_per_frame):
            valid, payload = source.offer()
            ctx.set(buffer.beats.valid, valid)
            ctx.set(buffer.beats.payload, payload)
            addressed, answered = reads[read_delay - 1], reads[-1]
            if addressed is not None:
                ctx.set(buffer.read_rows, addressed[1].tolist())
            held = source.frames_sent - consumed
            assert ctx.get(buffer.beats.ready) == (held < buffers)
            read = reader.issue(held > 0)
            ctx.set(buffer.consumed, read is not None and read[2])
            memory = buffer._memory
            _, _, ready, available, data, enable, written, read_rows = await ctx.tick().sample(
                buffer.beats.ready,
                buffer.available_next,
                buffer.read_data,
                memory.write_enable,
                memory.write_rows,
                memory.read_rows,
            )
            if addressed is not None:  # what such a read gives is undefined
                for bank in range(banks):
                    assert not (enable >> bank & 1 and written[bank] == read_rows[bank])
            if valid and ready:
                source.taken()
            if answered is not None:
                compared += check(answered, list(data))
            consumed = reader.frame
            assert available == (source.frames_sent > consumed)
            reads = [read, *reads[:-1]]
            if consumed == FRAMES and not any(reads):
                return
        raise AssertionError(f"only {consumed} frames went through")

    simulate(buffer, testbench)
    assert compared >= FRAMES
