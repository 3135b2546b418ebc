"""The bus between a front end and the registers: one access a cycle, never a wait."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..registers.description import WORD_BITS, WORD_BYTES

READ_LATENCY = 1
"""Cycles from an access to its answer."""


class RegisterBus(wiring.Signature):
    """Accesses to registers, as the front end sees them.

    Parameters
    ----------
    address_bits : int
        Of an address in bytes; accesses are to whole words.

    Members
    -------
    valid : Out(1)
        There is an access in this cycle. It cannot be held back.
    write : Out(1)
        Whether it writes.
    address : Out(address_bits - 2)
        Of the word.
    write_data : Out(32)
    strobe : Out(4)
        Bytes that are written, the lowest one first.
    read_data : In(32)
        `READ_LATENCY` cycles after a read; zero where there is no register.
    error : In(1)
        `READ_LATENCY` cycles after an access: there is no register, and the registers were asked to
        say so.
    """

    def __init__(self, address_bits: int):
        self.address_bits = address_bits
        super().__init__(
            {
                "valid": Out(1),
                "write": Out(1),
                "address": Out(address_bits - 2),
                "write_data": Out(WORD_BITS),
                "strobe": Out(WORD_BYTES),
                "read_data": In(WORD_BITS),
                "error": In(1),
            }
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegisterBus) and self.address_bits == other.address_bits
