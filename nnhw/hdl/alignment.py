"""Between byte addresses and banks: unaligned vectors in and out of a banked memory.

The byte at address a lies in bank a % banks, row a // banks, so that any `banks` consecutive bytes
lie in different banks.
"""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..machine import aligner_latency, rotation_stages, write_stages
from .arithmetic import delay, named, rotate_left
from .bank_rows import BankRows
from .parameters import check_at_most, check_integers, check_powers_of_two
from .tags import Padding
from .technology import PORTABLE, Technology

_BITS_AN_AMOUNT = 32
"""Bits of a rotator that share a register of its amount."""


class ReadAligner(wiring.Component):
    """Turns a byte address into bank rows, and the banks' answer into lanes without padding.

    Parameters
    ----------
    rows : int
        Lanes to deliver.
    period : int
        Lanes that are repeated throughout on demand; a divisor of `rows`.
    banks : int
        Power of two, at least `rows`.
    width : int
        Bits of a lane.
    row_width : int
        Bits of a row number.
    granularity : int
        Power of two that divides every address; lanes are rotated by multiples of it only.
    pad_width : int
        Bits of `pad_value`.
    padded : bool
        Whether any lane ever lies in padding.
    memory_latency : int
        Cycles from `bank_rows` to `bank_data`.
    technology : Technology
        How addresses get to all banks and all parts of the rotator, and what that is built of.

    Members
    -------
    address : In(bank bits + row_width)
    repeats : In(1)
        Deliver the first `period` lanes again and again; in the same cycle as the address.
    padding : In(Padding(lanes=rows, pad_width=pad_width))
        In the same cycle as the address, but for fields that come a cycle later.
    bank_rows : Out(banks of row_width)
        `row_latency` cycles later.
    bank_data : In(banks of width)
        What the memories answer.
    lanes : Out(rows of signed(width))
        `latency` cycles after the address.

    Attributes
    ----------
    row_latency, latency : int
    """

    def __init__(
        self,
        *,
        rows: int,
        period: int,
        banks: int,
        width: int,
        row_width: int,
        granularity: int,
        pad_width: int,
        padded: bool,
        memory_latency: int,
        technology: Technology = PORTABLE,
    ):
        check_powers_of_two(self, banks=banks, granularity=granularity)
        check_integers(self, rows=rows, period=period, width=width, row_width=row_width)
        check_at_most(self, banks, "the number of banks", rows=rows)
        self.rows = rows
        self.period = period
        self.banks = banks
        self.width = width
        self.row_width = row_width
        self.granularity = granularity
        self.padded = padded
        self.technology = technology
        self._bank_rows = BankRows(
            banks=banks, row_width=row_width, granularity=granularity, technology=technology
        )
        self.row_latency = self._bank_rows.latency
        self._answer_latency = self.row_latency + memory_latency
        self._stages = rotation_stages(banks=banks, granularity=granularity)
        self.latency = aligner_latency(
            banks=banks, granularity=granularity, memory_latency=memory_latency
        )
        super().__init__(
            {
                "address": In((banks - 1).bit_length() + row_width),
                "repeats": In(1),
                "padding": In(Padding(lanes=rows, pad_width=pad_width)),
                "bank_rows": Out(data.ArrayLayout(row_width, banks)),
                "bank_data": In(data.ArrayLayout(width, banks)),
                "lanes": Out(data.ArrayLayout(signed(width), rows)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank_rows = self._bank_rows
        m.d.comb += [
            self._bank_rows.address.eq(self.address),
            self.bank_rows.eq(self._bank_rows.rows),
        ]
        answer: list[Value] = [self.bank_data[bank] for bank in range(self.banks)]
        if self._stages:
            offsets = self.technology.fan_out(
                m,
                self.address[: (self.banks - 1).bit_length()],
                stages=self._answer_latency,
                leaves=-(-self.banks * self.width // _BITS_AN_AMOUNT),
                name="offset",
            )
            answer = rotate_left(
                m,
                answer,
                offsets,
                mux=self.technology.mux,
                granularity=self.granularity,
                registers=self._stages - 1,
            )
        elements: list[Value] = [answer[lane].as_signed() for lane in range(self.rows)]
        if self.padded:
            elements = self._mask(m, elements)
        if self.period < self.rows:
            repeat = delay(m, self.repeats, self.latency - 1, name="repeats")
            elements = [
                element
                if lane < self.period
                else Mux(repeat, elements[lane % self.period], element)
                for lane, element in enumerate(elements)
            ]
        lanes = Signal(data.ArrayLayout(signed(self.width), self.rows), reset_less=True)
        m.d.comb += self.lanes.eq(lanes)
        m.d.sync += [lanes[lane].eq(element) for lane, element in enumerate(elements)]
        return m

    def _mask(self, m: Module, elements: list[Value]) -> list[Value]:
        """Put `pad_value` in the lanes that lie in padding."""
        wait = self.latency - 2
        pad_value = delay(m, self.padding.pad_value, wait + 1, name="pad_value")
        row_inside = delay(m, self.padding.row_inside, wait, name="row_inside")
        start = delay(m, self.padding.lane_start, wait - 1, name="lane_start")
        end = delay(m, self.padding.lane_end, wait - 1, name="lane_end")
        inside = Signal(self.rows, name="is_inside", reset_less=True)
        for lane in range(self.rows):
            m.d.sync += inside[lane].eq(row_inside & (lane >= start) & (lane < end))
        return [
            named(m, Mux(inside[lane], element, pad_value), f"masked_{lane}")
            for lane, element in enumerate(elements)
        ]


class WriteAligner(wiring.Component):
    """Spreads up to `lanes` consecutive bytes over the banks.

    Parameters
    ----------
    lanes : int
    banks : int
        Power of two, at least `lanes`.
    width, row_width : int
        Bits of a lane and of a row number.
    granularity : int
        Power of two that divides every address.
    technology : Technology
        How rows get to all banks, and what the rotator is built of.

    Members
    -------
    enable : In(1)
    address : In(bank bits + row_width)
        Of lane 0.
    count : In(range(lanes + 1))
        Lanes to write.
    lanes : In(lanes of width)
    write_enable, write_rows, write_data : Out
        For a `BankedMemory`, `latency` cycles later.

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        *,
        lanes: int,
        banks: int,
        width: int,
        row_width: int,
        granularity: int,
        technology: Technology = PORTABLE,
    ):
        check_powers_of_two(self, banks=banks, granularity=granularity)
        check_integers(self, lanes=lanes, width=width, row_width=row_width)
        check_at_most(self, banks, "the number of banks", lanes=lanes)
        self.lane_count = lanes
        self.banks = banks
        self.width = width
        self.row_width = row_width
        self.granularity = granularity
        self.technology = technology
        self._bank_rows = BankRows(
            banks=banks, row_width=row_width, granularity=granularity, technology=technology
        )
        self.latency = write_stages(banks=banks, granularity=granularity)
        super().__init__(
            {
                "enable": In(1),
                "address": In((banks - 1).bit_length() + row_width),
                "count": In(range(lanes + 1)),
                "lanes": In(data.ArrayLayout(width, lanes)),
                "write_enable": Out(banks),
                "write_rows": Out(data.ArrayLayout(row_width, banks)),
                "write_data": Out(data.ArrayLayout(width, banks)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank_rows = rows = self._bank_rows
        m.d.comb += rows.address.eq(self.address)
        # bank b takes lane (b - address) modulo banks: a rotation to the left by -address
        bank_bits = (self.banks - 1).bit_length()
        turn = Signal(unsigned(max(1, bank_bits)))
        m.d.comb += turn.eq(-self.address[:bank_bits])
        enables: list[Value] = []
        for bank in range(self.banks):
            counts = self.enable & (self.count > bank)
            used = bank < self.lane_count
            enables.append(named(m, counts, f"enable_{bank}") if used else C(0, 1))
        # lanes repeat in the banks that are not written, so that there are no more words than lanes
        words = 1 << (self.lane_count - 1).bit_length()
        elements = [self.lanes[word % self.lane_count] for word in range(words)]
        enables = self._turn(m, enables, turn, name="enable", reset=True)
        elements = self._turn(m, elements, turn[: words.bit_length() - 1], name="element")
        m.d.comb += self.write_enable.eq(Cat(*enables))
        for bank in range(self.banks):
            m.d.comb += [
                self.write_rows[bank].eq(
                    delay(m, rows.rows[bank], self.latency - rows.latency, name=f"row_{bank}")
                ),
                self.write_data[bank].eq(elements[bank % words]),
            ]
        return m

    def _turn(
        self, m: Module, values: list[Value], turn: Value, *, name: str, reset: bool = False
    ) -> list[Value]:
        """Values of `latency` cycles ago, rotated to the left; a reset clears the last register."""
        granularity = min(self.granularity, len(values))
        registers = max(0, rotation_stages(banks=len(values), granularity=granularity) - 1)
        if granularity < len(values):
            values = rotate_left(
                m,
                values,
                [turn],
                mux=self.technology.mux,
                granularity=granularity,
                registers=registers,
                name=f"{name}_turned",
            )
        wait = self.latency - registers
        if reset:
            late = delay(m, Cat(*values), wait, name=name, reset=True)
            return [late[index] for index in range(len(values))]
        return [delay(m, v, wait, name=f"{name}_{index}") for index, v in enumerate(values)]
