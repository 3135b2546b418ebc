"""Memories: read-only words, and byte-wide banks that are read side by side."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .arithmetic import delay


class Rom(wiring.Component):
    """Read-only memory with a registered output.

    Parameters
    ----------
    width : int
        Bits of a word.
    words : sequence of int
        Contents, unsigned, at least one word.
    output_register : bool
        Whether a second register follows the memory's own: block RAMs have one, and are slow
        without it.

    Members
    -------
    address : In
        Word to read.
    data : Out(width)
        The word, `latency` cycles later.

    Attributes
    ----------
    latency : int
    """

    def __init__(self, *, width: int, words: Sequence[int], output_register: bool = False):
        self.width = width
        self.words = words
        self.output_register = output_register
        self.latency = 2 if output_register else 1
        super().__init__({"address": In(range(max(2, len(words)))), "data": Out(width)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = memory = Memory(
            shape=unsigned(self.width), depth=len(self.words), init=self.words
        )
        port = memory.read_port()
        m.d.comb += port.addr.eq(self.address)
        if self.output_register:
            register = Signal(self.width, reset_less=True)
            m.d.sync += register.eq(port.data)
            m.d.comb += self.data.eq(register)
        else:
            m.d.comb += self.data.eq(port.data)
        return m


class BankedMemory(wiring.Component):
    """Banks of one element each, with an address of its own for each bank and direction.

    Parameters
    ----------
    banks : int
    depth : int
        Elements of a bank.
    width : int
        Bits of an element.
    output_register : bool
        Whether a second register follows the memory's own, as in `Rom`.

    Members
    -------
    read_rows : In(banks of range(depth))
        Element to read of each bank.
    read_data : Out(banks of width)
        The elements, `latency` cycles later.
    write_enable : In(banks)
    write_rows : In(banks of range(depth))
    write_data : In(banks of width)
        Written at the end of the cycle. What a read of the same element in that cycle gives is
        not to be relied on.

    Attributes
    ----------
    latency : int
    """

    def __init__(self, *, banks: int, depth: int, width: int, output_register: bool = False):
        self.banks = banks
        self.depth = depth
        self.width = width
        self.output_register = output_register
        self.latency = 2 if output_register else 1
        row = (max(2, depth) - 1).bit_length()
        super().__init__(
            {
                "read_rows": In(data.ArrayLayout(row, banks)),
                "read_data": Out(data.ArrayLayout(width, banks)),
                "write_enable": In(banks),
                "write_rows": In(data.ArrayLayout(row, banks)),
                "write_data": In(data.ArrayLayout(width, banks)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        for bank in range(self.banks):
            memory = Memory(shape=unsigned(self.width), depth=max(2, self.depth), init=[])
            m.submodules[f"bank_{bank}"] = memory
            read, write = memory.read_port(), memory.write_port()
            m.d.comb += [
                read.addr.eq(self.read_rows[bank]),
                self.read_data[bank].eq(
                    delay(m, read.data, int(self.output_register), name=f"read_{bank}")
                ),
                write.en.eq(self.write_enable[bank]),
                write.addr.eq(self.write_rows[bank]),
                write.data.eq(self.write_data[bank]),
            ]
        return m
