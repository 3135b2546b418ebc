"""The host's side of the protocol: requests, replies, time limits and repetitions."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..errors import LinkError
from .hdlc import FrameDecoder, encode_frame
from .protocol import DIGEST_BYTES, HEADER_BYTES, VERSION, Kind, Refusal


class Port(Protocol):
    """What carries octets to the board and back."""

    name: str

    def write(self, data: bytes) -> None:
        """Send octets; returns when they have been handed over."""

    def read(self, seconds: float) -> bytes:
        """Octets that have arrived, at least one, or none after so many seconds."""


@dataclass(frozen=True)
class LinkStatistics:
    """What a link has been through.

    Parameters
    ----------
    requests
        That were answered.
    repeats
        Attempts beyond the first.
    damaged
        Frames that arrived damaged here.
    refused
        Frames that the board refused.
    """

    requests: int = 0
    repeats: int = 0
    damaged: int = 0
    refused: int = 0


class Link:
    """A conversation with an accelerator over a port.

    Every attempt has a sequence number of its own, so that a late reply to an earlier one is
    recognized and left out. Requests have no side effects and may be repeated.

    Parameters
    ----------
    port
    timeout
        Seconds that an answer may take.
    attempts
        How often a request is sent before the link gives up.
    clock
        Tells the time in seconds.
    """

    def __init__(
        self,
        port: Port,
        *,
        timeout: float = 1.0,
        attempts: int = 5,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._port = port
        self._clock = clock
        self._timeout = timeout
        self._attempts = attempts
        self._decoder = FrameDecoder()
        self._sequence = 0
        self._counts = {"requests": 0, "repeats": 0, "damaged": 0, "refused": 0}

    @property
    def statistics(self) -> LinkStatistics:
        """What the link has been through so far."""
        return LinkStatistics(**self._counts)

    def identify(self) -> bytes:
        """The digest of the design on the board, `DIGEST_BYTES` long.

        Raises
        ------
        LinkError
            If nothing answers, or something that speaks another version of the protocol.
        """
        payload = self._request(Kind.HELLO, b"", Kind.IDENTITY, None)
        if len(payload) != 1 + DIGEST_BYTES or payload[0] != VERSION:
            raise LinkError(
                f"The board at {self._port.name} speaks version {payload[0] if payload else 0} of"
                f" the serial protocol, not {VERSION}: load a bitstream that this nnhw made"
            )
        return payload[1:]

    def infer(self, frame: bytes, output_bytes: int) -> bytes:
        """The output frame for an input frame, both in whole beats.

        Raises
        ------
        LinkError
            If no attempt brings an answer of `output_bytes`.
        """
        return self._request(Kind.INFER, frame, Kind.RESULT, output_bytes)

    def _request(self, kind: Kind, payload: bytes, answer: Kind, size: int | None) -> bytes:
        """The payload of the answer; repeats the request until there is one."""
        problem = "nothing answered"
        for attempt in range(self._attempts):
            self._counts["repeats"] += attempt > 0
            # zero is what the refusal of a damaged frame says
            self._sequence = self._sequence % 255 + 1
            self._port.write(encode_frame(bytes([kind, self._sequence]) + payload))
            reply, problem = self._reply(answer, problem)
            if reply is None:
                continue
            if size is not None and len(reply) != size:
                raise LinkError(
                    f"The board at {self._port.name} answered with {len(reply)} bytes, not {size}:"
                    " it has the bitstream of another design"
                )
            self._counts["requests"] += 1
            return reply
        raise LinkError(
            f"The board at {self._port.name} did not answer in {self._attempts} attempts of"
            f" {self._timeout:g} s each; the last problem was: {problem}. Check the port, the baud"
            " rate, and that the bitstream is loaded"
        )

    def _reply(self, answer: Kind, problem: str) -> tuple[bytes | None, str]:
        """Payload of the answer to the latest attempt, or None and what went wrong."""
        deadline = self._clock() + self._timeout
        while (left := deadline - self._clock()) > 0:
            for packet in self._decoder.feed(self._port.read(left)):
                if packet is None or len(packet) < HEADER_BYTES:
                    self._counts["damaged"] += 1
                    problem = "a damaged answer"
                    continue
                kind, sequence, payload = packet[0], packet[1], packet[HEADER_BYTES:]
                if kind == answer and sequence == self._sequence:
                    return payload, problem
                if kind == Kind.REFUSED and sequence in (0, self._sequence) and payload:
                    self._counts["refused"] += 1
                    refusal = self._refusal(payload[0])
                    problem = f"the board refused the request ({refusal.name.lower()})"
                    if refusal is Refusal.DAMAGED:
                        return None, problem  # there is nothing to wait for
        return None, problem

    def _refusal(self, code: int) -> Refusal:
        """The reason for a refusal, if repeating the request may help.

        Raises
        ------
        LinkError
            If it may not: the board has another design or protocol.
        """
        if code in (Refusal.DAMAGED, Refusal.BUSY):
            return Refusal(code)
        raise LinkError(
            f"The board at {self._port.name} refuses the request (reason {code}): its bitstream is"
            " of another design or version"
        )
