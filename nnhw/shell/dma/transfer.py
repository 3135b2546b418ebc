"""What is to be moved between memory and a stream, as a whole and in bursts."""

from __future__ import annotations

from amaranth.hdl import unsigned
from amaranth.lib import data

from ...hdl.parameters import check_powers_of_two
from ...registers import BURST_BEATS, TRANSFER_BITS


class Transfer(data.StructLayout):
    """A piece of memory.

    Fields
    ------
    address : address_bits
        In bytes, of a whole word.
    bytes : 24
        Not zero.
    last : 1
        It is the last one of its kind: the last tensor of a frame.
    """

    def __init__(self, address_bits: int):
        fields = {"address": address_bits, "bytes": TRANSFER_BITS, "last": 1}
        super().__init__({name: unsigned(width) for name, width in fields.items()})


class Burst(data.StructLayout):
    """A part of a transfer.

    Fields
    ------
    address : address_bits
    beats : range(BURST_BEATS + 1)
        From 1 on.
    ends : 1
        It is the transfer's last one.
    tail : range(word_bytes)
        Bytes of the transfer's last word, if it ends; 0 stands for all.
    last : 1
        It ends, and so does all of the transfer's kind.
    """

    def __init__(self, address_bits: int, word_bytes: int):
        check_powers_of_two(self, word_bytes=word_bytes)
        super().__init__(
            {
                "address": unsigned(address_bits),
                "beats": range(BURST_BEATS + 1),
                "ends": unsigned(1),
                "tail": range(word_bytes),
                "last": unsigned(1),
            }
        )
