"""Between byte addresses and banks: unaligned vectors in and out of a banked memory.

The byte at address a lies in bank a % banks, row a // banks, so that any `banks` consecutive bytes
lie in different banks.
"""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .arithmetic import delay, rotate_left


def bank_rows(address: Value, *, banks: int, row_width: int, granularity: int) -> list[Value]:
    """Row of each bank that holds one of the `banks` bytes from `address` on.

    `granularity`: a power of two that divides every address.
    """
    bank_bits = (banks - 1).bit_length()
    row = address[bank_bits:][:row_width]
    if granularity >= banks:
        return [row] * banks
    offset = address[:bank_bits]
    carries = [offset > bank for bank in range(banks - 1)] + [C(0, 1)]
    return [(row + carry)[:row_width] for carry in carries]


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

    Members
    -------
    address : In(bank bits + row_width)
    repeat : In(1)
        Deliver the first `period` lanes again and again; in the same cycle as the address.
    row_inside, lane_start, lane_end, pad_value : In
        See `FetchSequencer`; in the same cycle as the address.
    bank_rows : Out(banks of row_width)
        In the same cycle.
    bank_data : In(banks of width)
        A cycle later.
    lanes : Out(rows of signed(width))
        `latency` cycles after the address.

    Attributes
    ----------
    latency : int
    """

    latency = 2

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
    ):
        self.rows = rows
        self.period = period
        self.banks = banks
        self.width = width
        self.row_width = row_width
        self.granularity = granularity
        self.padded = padded
        super().__init__(
            {
                "address": In((banks - 1).bit_length() + row_width),
                "repeat": In(1),
                "row_inside": In(1),
                "lane_start": In(range(rows + 1)),
                "lane_end": In(range(rows + 1)),
                "pad_value": In(signed(pad_width)),
                "bank_rows": Out(data.ArrayLayout(row_width, banks)),
                "bank_data": In(data.ArrayLayout(width, banks)),
                "lanes": Out(data.ArrayLayout(signed(width), rows)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        rows_of_banks = bank_rows(
            self.address,
            banks=self.banks,
            row_width=self.row_width,
            granularity=self.granularity,
        )
        for bank, row in enumerate(rows_of_banks):
            m.d.comb += self.bank_rows[bank].eq(row)

        answer = [self.bank_data[bank] for bank in range(self.banks)]
        if self.granularity < self.banks:
            offset = Signal((self.banks - 1).bit_length(), reset_less=True)
            m.d.sync += offset.eq(self.address)
            answer = rotate_left(answer, offset, granularity=self.granularity)

        elements: list[Value] = [answer[lane].as_signed() for lane in range(self.rows)]
        if self.padded:
            elements = self._mask(m, elements)
        if self.period < self.rows:
            repeat = delay(m, self.repeat, 1, name="repeat")
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
        pad_value = delay(m, self.pad_value, 1, name="pad_value")
        inside = Signal(self.rows, reset_less=True)
        for lane in range(self.rows):
            m.d.sync += inside[lane].eq(
                self.row_inside & (lane >= self.lane_start) & (lane < self.lane_end)
            )
        return [Mux(inside[lane], element, pad_value) for lane, element in enumerate(elements)]


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

    Members
    -------
    enable : In(1)
    address : In(bank bits + row_width)
        Of lane 0.
    count : In(range(lanes + 1))
        Lanes to write.
    lanes : In(lanes of width)
    write_enable, write_rows, write_data : Out
        For a `BankedMemory`, in the same cycle.
    """

    def __init__(self, *, lanes: int, banks: int, width: int, row_width: int, granularity: int):
        self.lane_count = lanes
        self.banks = banks
        self.width = width
        self.row_width = row_width
        self.granularity = granularity
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
        rows = bank_rows(
            self.address,
            banks=self.banks,
            row_width=self.row_width,
            granularity=self.granularity,
        )
        # bank b takes lane (b - address) modulo banks: a rotation to the left by -address
        bank_bits = (self.banks - 1).bit_length()
        turn = Signal(unsigned(max(1, bank_bits)))
        m.d.comb += turn.eq(-self.address[:bank_bits])
        enables: list[Value] = []
        elements: list[Value] = []
        for bank in range(self.banks):
            used = bank < self.lane_count
            enables.append(self.enable & (self.count > bank) if used else C(0, 1))
            # lanes repeat in the banks that are not written, which keeps the rotation small
            elements.append(self.lanes[bank % self.lane_count])
        if self.granularity < self.banks:
            enables = rotate_left(enables, turn, granularity=self.granularity)
            elements = rotate_left(elements, turn, granularity=self.granularity)
        m.d.comb += self.write_enable.eq(Cat(*enables))
        for bank in range(self.banks):
            m.d.comb += [
                self.write_rows[bank].eq(rows[bank]),
                self.write_data[bank].eq(elements[bank]),
            ]
        return m
