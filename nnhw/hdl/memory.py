"""Memories: read-only words, and byte-wide banks that are read side by side."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..machine import MEMORY_LATENCY
from .parameters import check_integers, check_words
from .technology import PORTABLE, Technology


class Rom(wiring.Component):
    """Read-only memory with a registered output.

    Parameters
    ----------
    width : int
        Bits of a word.
    words : sequence of int
        Contents, unsigned, at least one word.
    address_stages : int
        Registers that the address goes through first: a wide memory is spread over the device.
    output_register : bool
        Whether a second register follows the memory's own: block RAMs have one, and are slow
        without it.
    technology : Technology
        What it is built of.

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

    def __init__(
        self,
        *,
        width: int,
        words: Sequence[int],
        address_stages: int = 0,
        output_register: bool = False,
        technology: Technology = PORTABLE,
    ):
        check_integers(self, width=width)
        check_integers(self, least=0, address_stages=address_stages)
        check_words(self, words, width)
        self.width = width
        self.words = words
        self.address_stages = address_stages
        self.output_register = output_register
        self.technology = technology
        self.latency = address_stages + (MEMORY_LATENCY if output_register else 1)
        super().__init__({"address": In(range(max(2, len(words)))), "data": Out(width)})

    def elaborate(self, platform):
        m = Module()
        word = self.technology.rom(
            m,
            self.address,
            width=self.width,
            words=self.words,
            address_stages=self.address_stages,
            output_register=self.output_register,
            name="words",
        )
        m.d.comb += self.data.eq(word)
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
    technology : Technology
        What it is built of.

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

    def __init__(
        self,
        *,
        banks: int,
        depth: int,
        width: int,
        output_register: bool = False,
        technology: Technology = PORTABLE,
    ):
        check_integers(self, banks=banks, depth=depth, width=width)
        self.banks = banks
        self.depth = depth
        self.width = width
        self.output_register = output_register
        self.technology = technology
        self.latency = MEMORY_LATENCY if output_register else 1
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
            element = self.technology.ram(
                m,
                read_row=self.read_rows[bank],
                write_enable=self.write_enable[bank],
                write_row=self.write_rows[bank],
                write_data=self.write_data[bank],
                depth=max(2, self.depth),
                output_register=self.output_register,
                name=f"bank_{bank}",
            )
            m.d.comb += self.read_data[bank].eq(element)
        return m
