"""A memory of constants that are loaded: a read-only one for the datapath."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..machine import LOAD_BITS, MEMORY_LATENCY, Section
from .arithmetic import delay, named
from .load_port import SectionWrite, read_row, written_row
from .parameters import check_integers
from .parity import parity_port
from .technology import PORTABLE, Technology

_COLUMNS_AN_ADDRESS = 2
"""Columns of `LOAD_BITS` that share a copy of the address."""


def loaded_columns(
    m: Module,
    write: Value,
    addresses: Sequence[Value],
    section: Section,
    *,
    bits: Sequence[int],
    output_register: bool,
    technology: Technology,
    name: str,
) -> tuple[Value, Value]:
    """Some bits of the words of a section, as memories of a column each, one behind the other; and
    whether the parity of a column is wrong.

    Parameters
    ----------
    write
        `SectionWrite` of the section.
    addresses
        Equal ones, which are shared out among the columns; see `read_row`.
    bits
        Those that are read, ascending.
    """
    words, errors = [], []
    for column in range(section.columns):
        low = column * LOAD_BITS
        own = [bit - low for bit in bits if low <= bit < low + LOAD_BITS]
        if not own:
            continue
        written = Cat(write.data[bit] for bit in own)
        word = technology.ram(
            m,
            read_row=addresses[column * len(addresses) // section.columns],
            write_enable=write.valid & (write.column == column),
            write_row=written_row(section, write),
            write_data=Cat(written, written.xor()) if section.parity else written,
            depth=max(2, section.depth),
            output_register=output_register,
            name=f"{name}_{column}",
        )
        words.append(word[: len(own)] if section.parity else word)
        errors.append(word.xor())
    return Cat(words), Cat(errors).any()


class LoadedMemory(wiring.Component):
    """Like `Rom`, with contents that are written through the load port.

    It consists of memories of a column each, as wide as a write.

    Parameters
    ----------
    section : Section
        Of what it holds.
    address_stages, output_register, technology
        See `Rom`.

    Members
    -------
    write : In(SectionWrite(section))
        Written at the end of the cycle.
    address : In(range(rows))
        Word to read.
    data : Out(width)
        The word, `latency` cycles later.
    parity_error : Out(1)
        Of a section with parity: the word is not what was written.

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        section: Section,
        *,
        address_stages: int = 0,
        output_register: bool = False,
        technology: Technology = PORTABLE,
    ):
        check_integers(self, rows=section.rows, width=section.width)
        check_integers(self, least=0, address_stages=address_stages)
        self.section = section
        self.address_stages = address_stages
        self.output_register = output_register
        self.technology = technology
        self.latency = address_stages + (MEMORY_LATENCY if output_register else 1)
        super().__init__(
            {
                "write": In(SectionWrite(section)),
                "address": In(range(max(2, section.rows))),
                "data": Out(section.width),
                **parity_port(section),
            }
        )

    def elaborate(self, platform):
        m = Module()
        addresses = self.technology.fan_out(
            m,
            read_row(self.section, self.write, self.address),
            stages=self.address_stages,
            leaves=-(-self.section.columns // _COLUMNS_AN_ADDRESS) if self.address_stages else 1,
            name="address",
        )
        word, error = loaded_columns(
            m,
            self.write,
            addresses,
            self.section,
            bits=range(self.section.width),
            output_register=self.output_register,
            technology=self.technology,
            name="words",
        )
        m.d.comb += self.data.eq(word)
        if self.section.parity:
            is_wrong = named(m, error, "is_wrong")
            if self.section.rows < 1 << len(self.address):  # nothing was written behind the last
                is_there = Signal()
                m.d.comb += is_there.eq(self.address < self.section.rows)
                is_wrong &= delay(m, is_there, self.latency, name="is_there")
            m.d.comb += self.parity_error.eq(is_wrong)
        return m
