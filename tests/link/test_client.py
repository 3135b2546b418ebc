"""The host's side of the protocol, over a line that is not always good."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from software_board import SoftwareBoard

from nnhw.errors import LinkError
from nnhw.link import (
    DIGEST_BYTES,
    Kind,
    Link,
    LinkStatistics,
    Refusal,
    encode_frame,
)

DIGEST = bytes(range(DIGEST_BYTES))


class FakePort:
    """A port with its own time: a second passes when nothing arrives.

    Parameters
    ----------
    handle
        From octets that are sent to octets that come back.
    """

    name = "/dev/fake"

    def __init__(self, handle: Callable[[bytes], bytes]):
        self._handle = handle
        self._waiting = b""
        self.time = 0.0
        self.sent: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        self._waiting += self._handle(data)

    def read(self, seconds: float) -> bytes:
        octets, self._waiting = self._waiting, b""
        self.time += 0 if octets else seconds
        return octets


def make_link(handle: Callable[[bytes], bytes], attempts: int = 3) -> tuple[Link, FakePort]:
    """A link over a fake port."""
    port = FakePort(handle)
    return Link(port, attempts=attempts, clock=lambda: port.time), port


def board() -> SoftwareBoard:
    """Turns three bytes around."""
    return SoftwareBoard(DIGEST, 3, lambda frame: frame[::-1])


def in_turn(*handlers: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A handler for each request, in order."""
    waiting = list(handlers)
    return lambda octets: waiting.pop(0)(octets)


def silence(octets: bytes) -> bytes:
    """Nothing comes back."""
    return b""


def refuse(reason: int, sequence: int | None = None) -> Callable[[bytes], bytes]:
    """A refusal comes back, with the request's own sequence number or with this."""
    return lambda octets: encode_frame(
        bytes([Kind.REFUSED, octets[2] if sequence is None else sequence, reason])
    )


def test_asks_and_gets_answers():
    device = board()
    link, _ = make_link(device.handle)
    assert link.identify() == DIGEST
    for number in range(300):  # beyond the last sequence number
        frame = number.to_bytes(3, "little")
        assert link.infer(frame, 3) == frame[::-1]
    assert link.statistics == LinkStatistics(requests=301)


@pytest.mark.parametrize(
    ("trouble", "seconds", "counted"),
    [
        (silence, 1, {}),
        (lambda octets: board().handle(octets)[:-3] + b"\x7e", 1, {"damaged": 1}),
        (lambda octets: encode_frame(b""), 1, {"damaged": 1}),
        (refuse(Refusal.DAMAGED, 0), 0, {"refused": 1}),
        (refuse(Refusal.BUSY), 1, {"refused": 1}),
        (refuse(Refusal.LENGTH, 77), 1, {}),  # of some other request
    ],
)
def test_asks_again(trouble, seconds, counted):
    link, port = make_link(in_turn(trouble, board().handle))
    assert link.infer(b"abc", 3) == b"cba"
    assert link.statistics == LinkStatistics(requests=1, repeats=1, **counted)
    assert port.time == seconds
    assert port.sent[0] != port.sent[1], "every attempt has a sequence number of its own"


def test_a_late_answer_is_not_taken_for_the_next():
    device = board()
    late = []
    link, _ = make_link(
        in_turn(
            lambda octets: (late.append(device.handle(octets)), b"")[1],
            lambda octets: late[0] + device.handle(octets),
            lambda octets: late[0] + device.handle(octets),
        )
    )
    assert link.infer(b"abc", 3) == b"cba"
    assert link.infer(b"xyz", 3) == b"zyx"


def test_gives_up():
    link, port = make_link(silence)
    with pytest.raises(LinkError, match=r"/dev/fake did not answer in 3 attempts of 1 s each.*no"):
        link.identify()
    assert len(port.sent) == 3


def test_says_what_went_wrong_last():
    link, _ = make_link(refuse(Refusal.DAMAGED, 0))
    with pytest.raises(LinkError, match=r"the board refused the request \(damaged\)"):
        link.identify()


@pytest.mark.parametrize("reason", [Refusal.LENGTH, Refusal.UNKNOWN, 99])
def test_does_not_insist(reason):
    link, port = make_link(refuse(reason))
    with pytest.raises(LinkError, match="another design or version"):
        link.infer(b"abc", 3)
    assert len(port.sent) == 1


def test_other_version():
    link, _ = make_link(lambda octets: encode_frame(bytes([Kind.IDENTITY, octets[2], 9]) + DIGEST))
    with pytest.raises(LinkError, match="version 9 of the serial protocol, not 1"):
        link.identify()


def test_answer_of_wrong_size():
    link, _ = make_link(board().handle)
    with pytest.raises(LinkError, match="3 bytes, not 4: it has the bitstream of another design"):
        link.infer(b"abc", 4)
