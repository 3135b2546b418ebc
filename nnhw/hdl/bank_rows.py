"""Rows of banks that consecutive bytes lie in."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..machine import row_stages
from .parameters import check_integers, check_powers_of_two
from .technology import PORTABLE, Technology

BANKS_A_ROW = 4
"""Banks that share a register of their row."""


class BankRows(wiring.Component):
    """Row of each bank that holds one of the `banks` bytes from an address on.

    Parameters
    ----------
    banks : int
        Power of two.
    row_width : int
        Bits of a row number.
    granularity : int
        Power of two that divides every address; if it is `banks`, all banks have the same row.
    technology : Technology
        How the row gets to all banks.

    Members
    -------
    address : In(bank bits + row_width)
    rows : Out(banks of row_width)
        `latency` cycles later.

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        *,
        banks: int,
        row_width: int,
        granularity: int,
        technology: Technology = PORTABLE,
    ):
        check_powers_of_two(self, banks=banks, granularity=granularity)
        check_integers(self, row_width=row_width)
        self.banks = banks
        self.row_width = row_width
        self.technology = technology
        self.latency = row_stages(banks=banks, granularity=granularity)
        super().__init__(
            {
                "address": In((banks - 1).bit_length() + row_width),
                "rows": Out(data.ArrayLayout(row_width, banks)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bank_bits = (self.banks - 1).bit_length()
        row = self.address[bank_bits:]
        if self.latency == 1:
            copies = self.technology.fan_out(
                m, row, stages=1, leaves=-(-self.banks // BANKS_A_ROW), name="row"
            )
            m.d.comb += [
                self.rows[bank].eq(copies[bank // BANKS_A_ROW]) for bank in range(self.banks)
            ]
            return m
        offset = self.address[:bank_bits]
        present = Signal(self.row_width, reset_less=True)
        following = Signal(self.row_width, reset_less=True)
        wraps = Signal(self.banks, reset_less=True)
        m.d.sync += [
            present.eq(row),
            following.eq(row + 1),
            wraps.eq(Cat(offset > bank for bank in range(self.banks))),
        ]
        for bank in range(self.banks):
            chosen = Signal(self.row_width, name=f"row_{bank}", reset_less=True)
            m.d.sync += chosen.eq(Mux(wraps[bank], following, present))
            m.d.comb += self.rows[bank].eq(chosen)
        return m
