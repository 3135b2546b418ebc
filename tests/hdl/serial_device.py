"""A packet bridge with a pretended accelerator behind it, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from bench import simulate

from nnhw.hdl.serial import PacketBridge
from nnhw.link import DIGEST_BYTES, FrameDecoder, Kind, encode_frame

DIGEST = bytes(range(0x70, 0x70 + DIGEST_BYTES))  # the octets that need stuffing are among them


def request(kind: int, sequence: int, payload: bytes = b"") -> list[int]:
    """The octets of a request, from flag to flag."""
    return list(encode_frame(bytes([kind, sequence]) + payload))


def infer(sequence: int, frame: bytes) -> list[int]:
    """The octets of an INFER request."""
    return request(Kind.INFER, sequence, frame)


@dataclass
class Device:
    """Bridge and pretended accelerator; its answer is `answer(frame)`.

    Parameters
    ----------
    input_bytes, input_beat, output_beat
        Sizes in bytes.
    answer
        From input frame to output frame, in whole beats.
    work
        Cycles until the answer begins.
    hold
        Cycles, from the beginning, in which the accelerator takes nothing.
    ready
        Probability that a stream's receiver is ready.
    """

    input_bytes: int = 6
    input_beat: int = 2
    output_beat: int = 2
    answer: Callable[[bytes], bytes] = lambda frame: frame[::-1]
    work: int = 5
    hold: int = 0
    ready: float = 1.0
    frames: list[bytes] = field(default_factory=list)
    replies: list[bytes | None] = field(default_factory=list)

    def run(self, octets: Iterable[int | None], *, rest: int = 200) -> None:
        """Send octets, one every third cycle; None is one that the receiver lost.

        Fills `frames`, what the accelerator got, and `replies`, the packets that came back.

        Parameters
        ----------
        rest
            Cycles to wait in the end.
        """
        bridge = PacketBridge(
            digest=DIGEST,
            input_bytes=self.input_bytes,
            input_beat_bytes=self.input_beat,
            output_beat_bytes=self.output_beat,
        )
        rng = np.random.default_rng(0)
        decoder = FrameDecoder()
        schedule = [item for octet in octets for item in ((octet,), (), ())] + [()] * rest
        got = bytearray()
        beats: list[tuple[bytes, bool]] = []
        due = 0

        async def testbench(ctx):
            nonlocal due
            for cycle, event in enumerate(schedule):
                ctx.set(bridge.received_valid, event not in ((), (None,)))
                ctx.set(bridge.received_error, event == (None,))
                ctx.set(bridge.received, event[0] if event and event[0] is not None else 0xA5)
                ctx.set(bridge.frames.ready, cycle >= self.hold and rng.random() < self.ready)
                ctx.set(bridge.sent.ready, rng.random() < self.ready)
                offered = bool(beats) and cycle >= due
                ctx.set(bridge.results.valid, offered)
                if offered:
                    beat, last = beats[0]
                    ctx.set(bridge.results.payload.data, int.from_bytes(beat, "little"))
                    ctx.set(bridge.results.payload.last, last)
                frames, sent, results = bridge.frames, bridge.sent, bridge.results
                _, _, take, beat_in, back, octet, taken = await ctx.tick().sample(
                    frames.valid & frames.ready,
                    frames.payload,
                    sent.valid & sent.ready,
                    sent.payload,
                    results.ready & results.valid,
                )
                if take:
                    got.extend(int(beat_in.data).to_bytes(self.input_beat, "little"))
                    assert beat_in.last == (len(got) == self.input_bytes)
                if len(got) == self.input_bytes:
                    frame = bytes(got)
                    got.clear()
                    self.frames.append(frame)
                    output = self.answer(frame)
                    step = self.output_beat
                    cut = [output[low : low + step] for low in range(0, len(output), step)]
                    beats.extend(
                        (beat, left == 1)
                        for left, beat in zip(range(len(cut), 0, -1), cut, strict=True)
                    )
                    due = cycle + self.work
                if back:
                    self.replies.extend(decoder.feed(bytes([octet])))
                if taken:
                    beats.pop(0)

        simulate(bridge, testbench)
        assert not got, "an incomplete frame has been delivered"
