"""Memories, each in a module of its own, so that a macro can take its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Member, Out

from ..parameters import check_integers, check_words

_NO_COLLISION = {"no_rw_check": 1}
"""Attributes of a memory in which no read of a row matters that is written in the same cycle: Yosys
builds no bypass for it. To other synthesizers they say nothing."""


class MemoryModule(wiring.Component):
    """A memory with a read port and, unless it is read-only, a write port.

    This is the base of all that holds words, whatever it is built of.

    Parameters
    ----------
    depth : int
        Words, at least 1.
    width : int
        Bits of a word.
    words : sequence of int or None
        Contents of a read-only memory, at most `depth`, the others being zero; None: it is written
        and has no contents at first.
    more : mapping of str to Member
        Further members, which those that derive from it have.

    Members
    -------
    read_row : In
        Word to read.
    read_data : Out(width)
        The word, `latency` cycles later.
    write_enable, write_row, write_data : In
        Unless it is read-only. What a read of the same row in that cycle gives is open.

    Attributes
    ----------
    latency : int
    """

    latency: int

    def __init__(
        self,
        *,
        depth: int,
        width: int,
        words: Sequence[int] | None,
        more: Mapping[str, Member] = MappingProxyType({}),
    ):
        check_integers(self, depth=depth, width=width)
        if words is not None:
            check_words(self, words, width)
        self.depth = depth
        self.width = width
        self.words = words
        row = (max(2, depth) - 1).bit_length()
        write = {"write_enable": In(1), "write_row": In(row), "write_data": In(width)}
        super().__init__(
            {
                "read_row": In(row),
                "read_data": Out(width),
                **(write if words is None else {}),
                **more,
            }
        )


class PortableMemory(MemoryModule):
    """A memory as an array of words. A macro with these ports can take its place.

    Parameters
    ----------
    holds : bool
        Whether what was read stays until something else is to be read.

    Members
    -------
    read_enable : In(1)
        If it holds: read.

    The others are those of `MemoryModule`.
    """

    latency = 1

    def __init__(self, *, depth: int, width: int, words: Sequence[int] | None, holds: bool = False):
        self.holds = holds
        more = {"read_enable": In(1)} if holds else {}
        super().__init__(depth=depth, width=width, words=words, more=more)

    def elaborate(self, platform):
        m = Module()
        m.submodules.contents = memory = Memory(
            shape=unsigned(self.width),
            depth=self.depth,
            init=self.words or [],
            attrs=_NO_COLLISION if self.words is None else {},
        )
        read = memory.read_port()
        m.d.comb += [read.addr.eq(self.read_row), self.read_data.eq(read.data)]
        if self.holds:
            m.d.comb += read.en.eq(self.read_enable)
        if self.words is None:
            write = memory.write_port()
            m.d.comb += [
                write.en.eq(self.write_enable),
                write.addr.eq(self.write_row),
                write.data.eq(self.write_data),
            ]
        return m
