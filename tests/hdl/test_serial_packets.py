"""The packet bridge: requests, replies, and what it refuses."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from serial_device import DIGEST, Device, infer, request

from nnhw.hdl.serial import FrameStore, ReplySender, RequestReceiver
from nnhw.link import ESCAPE, FLAG, VERSION, FrameDecoder, Kind, Refusal

FRAME = bytes([1, 2, 0xFE, FLAG, ESCAPE, 0])
PROBE = infer(9, b"\x10\x11\x12\x13\x14\x15")
"""Sent after damage: the link has to work at once again."""


def refusal(sequence: int, reason: Refusal) -> bytes:
    """The packet that refuses a request."""
    return bytes([Kind.REFUSED, sequence, reason])


def result(sequence: int, frame: bytes) -> bytes:
    """The answer of the pretended accelerator to a frame."""
    return bytes([Kind.RESULT, sequence]) + frame[::-1]


def damaged(octets: list[int | None]) -> None:
    """Send damaged octets, then the probe: only the probe arrives, and only it is answered."""
    device = Device()
    device.run([*octets, *[FLAG] * 30, *PROBE])
    probe = bytes(PROBE[3:9])
    assert device.frames == [probe]
    *others, last = device.replies
    assert last == result(9, probe)
    assert set(others) <= {refusal(0, Refusal.DAMAGED)}


def test_tells_its_identity():
    device = Device()
    device.run(request(Kind.HELLO, 5))
    assert device.replies == [bytes([Kind.IDENTITY, 5, VERSION]) + DIGEST]


@pytest.mark.parametrize(
    ("input_bytes", "input_beat", "output_beat"), [(1, 1, 1), (6, 2, 3), (24, 8, 4), (5, 5, 1)]
)
@pytest.mark.parametrize("ready", [1.0, 0.4])
def test_passes_frames_on(input_bytes, input_beat, output_beat, ready):
    rng = np.random.default_rng(input_bytes)
    frames = [bytes(rng.integers(0, 256, input_bytes, np.uint8)) for _ in range(3)]
    frames += [bytes([FLAG] * input_bytes), bytes([ESCAPE] * input_bytes)]
    device = Device(
        input_bytes=input_bytes,
        input_beat=input_beat,
        output_beat=output_beat,
        answer=lambda frame: (frame[:1] * 2 * output_beat) + bytes([ESCAPE]) * output_beat,
        ready=ready,
    )
    pause = [FLAG] * (4 * input_bytes + 20 * output_beat)
    device.run([octet for n, frame in enumerate(frames) for octet in [*infer(n, frame), *pause]])
    assert device.frames == frames
    assert device.replies == [
        bytes([Kind.RESULT, number]) + device.answer(frame) for number, frame in enumerate(frames)
    ]


def test_every_single_bit_error_is_refused():
    octets = infer(3, FRAME)
    sent: list[int] = []
    for position in range(1, len(octets) - 1):
        for bit in range(8):
            wrong = list(octets)
            wrong[position] ^= 1 << bit
            sent += wrong
    damaged(sent)


@pytest.mark.parametrize(
    "change", ["dropped", "doubled", "lost", "replaced by a flag", "inverted in bit 5"]
)
def test_every_damaged_octet_is_refused(change):
    octets = infer(3, FRAME)
    sent: list[int | None] = []
    for position in range(1, len(octets) - 1):
        before, octet, after = octets[:position], octets[position], octets[position + 1 :]
        sent += {
            "dropped": [*before, *after],
            "doubled": [*before, octet, octet, *after],
            "lost": [*before, None, *after],
            "replaced by a flag": [*before, FLAG, *after],
            "inverted in bit 5": [*before, 0x20 ^ octet, *after],
        }[change]
        sent.append(FLAG)
    damaged(sent)


def test_a_lost_flag_costs_two_frames_and_no_more():
    damaged([*infer(3, FRAME)[:-1], *infer(4, FRAME)[1:]])


def test_a_frame_with_an_octet_lost_beside_it_is_refused():
    """All octets of the frame arrive, and the receiver reports that there was one more."""
    octets = infer(3, FRAME)
    damaged([*octets[:5], None, *octets[5:]])


def test_an_aborted_frame_is_refused():
    body = infer(3, FRAME)
    damaged([*body[:-1], ESCAPE, FLAG])


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_refused(seed):
    """Random octets, flags and escapes more often than by chance, and good frames between."""
    rng = np.random.default_rng(seed)
    sent: list[int] = []
    wanted = []
    for number in range(1, 9):
        noise = rng.integers(0, 256, rng.integers(0, 60)).tolist()
        special = rng.choice([FLAG, ESCAPE, Kind.INFER], len(noise)).tolist()
        noise = [s if rng.random() < 0.2 else n for n, s in zip(noise, special, strict=True)]
        frame = bytes(rng.integers(0, 256, 6, np.uint8))
        # noise ends in flags, and a pause lets the answer out
        sent += [*noise, *[FLAG] * 30, *infer(number, frame), *[FLAG] * 30]
        wanted.append((number, frame))
    decoder = FrameDecoder()
    readable = [packet for packet in decoder.feed(bytes(sent)) if packet is not None]
    assert len(readable) == len(wanted), "the noise happens to have a valid frame in it"
    device = Device()
    device.run(sent)
    assert device.frames == [frame for _, frame in wanted]
    answers = [reply for reply in device.replies if reply != refusal(0, Refusal.DAMAGED)]
    assert answers == [result(number, frame) for number, frame in wanted]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (request(Kind.INFER, 7, FRAME[:-1]), Refusal.LENGTH),
        (request(Kind.INFER, 7, FRAME + b"\0"), Refusal.LENGTH),
        (request(Kind.INFER, 7, FRAME * 40), Refusal.LENGTH),
        (request(Kind.INFER, 7), Refusal.LENGTH),
        (request(Kind.HELLO, 7, b"\0"), Refusal.LENGTH),
        (request(Kind.RESULT, 7, FRAME), Refusal.UNKNOWN),
        (request(0, 7), Refusal.UNKNOWN),
    ],
)
def test_says_why_it_refuses(sent, reason):
    device = Device()
    device.run(sent)
    assert device.frames == []
    assert device.replies == [refusal(7, reason)]


def test_short_frames_are_damaged():
    device = Device()
    # an empty packet and a packet of one octet, both with a correct check sequence
    device.run([FLAG, 0, 0, 0, 0, FLAG, *[FLAG] * 30, *request(Kind.HELLO, 1)[:1], FLAG])
    assert device.replies == [refusal(0, Refusal.DAMAGED)]


@pytest.mark.parametrize("second", [bytes([0x22] * 6), bytes([FLAG] * 6)])
@pytest.mark.parametrize(("work", "hold"), [(0, 0), (30, 0), (50, 0), (60, 0), (0, 120)])
def test_one_frame_at_a_time(second, work, hold):
    """A frame that arrives, even in part, while another is in work is refused and not stored.

    The first one ends before, amid or after the second; at last it is still in the memory.
    """
    first, third = bytes([0x11] * 6), bytes([0x33] * 6)
    device = Device(work=work, hold=hold)
    pause = [FLAG] * 60
    device.run([*infer(1, first), *infer(2, second), *pause, *infer(3, third)])
    assert device.frames == [first, third]
    assert sorted(device.replies, key=lambda reply: reply[1]) == [
        result(1, first),
        refusal(2, Refusal.BUSY),
        result(3, third),
    ]


def test_identity_while_a_frame_is_in_work():
    device = Device(work=200)
    device.run([*infer(1, FRAME), *request(Kind.HELLO, 2)], rest=400)
    assert device.replies == [
        bytes([Kind.IDENTITY, 2, VERSION]) + DIGEST,
        result(1, FRAME),
    ]


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_checks_parameters():
    with pytest.raises(ValueError, match="6 bytes are not whole beats of 4"):
        FrameStore(frame_bytes=6, beat_bytes=4)
    with pytest.raises(ValueError, match="at least 1 byte"):
        RequestReceiver(frame_bytes=0)
    with pytest.raises(ValueError, match="16 bytes, not 3"):
        ReplySender(digest=b"abc", beat_bytes=1)
    gc.collect()  # here, where Amaranth's warning about what is made and not used is ignored
