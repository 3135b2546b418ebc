"""Frames of the host's side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnhw.link import ESCAPE, FLAG, FrameDecoder, encode_frame

PACKETS = st.lists(st.sampled_from([0, 1, 0x5D, 0x5E, 0xFF, ESCAPE, FLAG]), max_size=20).map(bytes)


def decode(octets: bytes) -> list[bytes | None]:
    """All that a decoder finds."""
    return list(FrameDecoder().feed(octets))


def test_frame_of_the_standard():
    """The check value of CRC-32 is 0xCBF43926; it goes out least significant octet first."""
    assert encode_frame(b"123456789") == b"\x7e123456789\x26\x39\xf4\xcb\x7e"


def test_stuffing():
    assert encode_frame(b"\x7e\x7d\x5e")[:6] == b"\x7e\x7d\x5e\x7d\x5d\x5e"


@given(st.lists(PACKETS, min_size=1, max_size=4), st.integers(1, 7))
def test_finds_what_was_sent(packets, size):
    octets = b"\x7e\x7e" + b"".join(map(encode_frame, packets))
    decoder = FrameDecoder()
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    assert [found for piece in pieces for found in decoder.feed(piece)] == packets


def test_one_flag_between_frames_is_enough():
    assert decode(encode_frame(b"ab")[:-1] + encode_frame(b"cd")) == [b"ab", b"cd"]


@given(PACKETS, st.data())
def test_single_bit_errors_are_found(packet, data):
    octets = bytearray(encode_frame(packet))
    octets[data.draw(st.integers(1, len(octets) - 2))] ^= 1 << data.draw(st.integers(0, 7))
    found = decode(bytes(octets))
    assert found
    assert set(found) == {None}


@pytest.mark.parametrize("octets", [b"\x7e\x01\x7e", b"\x7eabc\x7d\x7e", b"\x7e1234567\x7e"])
def test_damage(octets):
    assert decode(octets) == [None]
