"""A memory of constants that are loaded: a read-only one for the datapath."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..machine import LOAD_BITS, MEMORY_LATENCY, Section
from .load_port import SectionWrite
from .parameters import check_integers
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
) -> Value:
    """Some bits of the words of a section, as memories of a column each, one behind the other.

    Parameters
    ----------
    write
        `SectionWrite` of the section.
    addresses
        Equal ones, which are shared out among the columns.
    bits
        Those that are read, ascending.
    """
    words = []
    for column in range(section.columns):
        low = column * LOAD_BITS
        own = [bit - low for bit in bits if low <= bit < low + LOAD_BITS]
        if not own:
            continue
        words.append(
            technology.ram(
                m,
                read_row=addresses[column * len(addresses) // section.columns],
                write_enable=write.valid & (write.column == column),
                write_row=write.row,
                write_data=Cat(write.data[bit] for bit in own),
                depth=max(2, section.rows),
                output_register=output_register,
                name=f"{name}_{column}",
            )
        )
    return Cat(words)


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
            }
        )

    def elaborate(self, platform):
        m = Module()
        addresses = self.technology.fan_out(
            m,
            self.address,
            stages=self.address_stages,
            leaves=-(-self.section.columns // _COLUMNS_AN_ADDRESS) if self.address_stages else 1,
            name="address",
        )
        m.d.comb += self.data.eq(
            loaded_columns(
                m,
                self.write,
                addresses,
                self.section,
                bits=range(self.section.width),
                output_register=self.output_register,
                technology=self.technology,
                name="words",
            )
        )
        return m
