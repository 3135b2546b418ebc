"""Weights on their way from memory to the array."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..machine import WEIGHT_REGISTER_LATENCY
from .parameters import check_integers
from .technology import PORTABLE, Technology

_BITS_A_COPY = 64
"""Bits of weights that share a copy of the flag."""


class WeightRegister(wiring.Component):
    """Holds a word of weights for the array.

    While a roll of a depthwise convolution finishes the strip before, what it reads belongs to the
    next strip: the sums that are to be finished must not take it. So their weights are zero, which
    costs nothing where flip-flops have a reset.

    Parameters
    ----------
    rows, cols : int
    width : int
        Bits of a weight, signed.
    finishing_cols : sequence of int
        The columns whose products belong to sums that are finished with the roll; none if no layer
        has overlapping strips.
    technology : Technology
        How the flag gets to all of them.

    Members
    -------
    word : In(cols of rows of signed)
        Column by column, so that what one column takes lies in neighbouring blocks of the memory.
    finishes_next : In(1)
        The weights in the next cycle are those of such a roll.
    weights : Out(cols of rows of signed)
        `latency` cycles later.

    Attributes
    ----------
    latency : int
    """

    latency = WEIGHT_REGISTER_LATENCY

    def __init__(
        self,
        *,
        rows: int,
        cols: int,
        width: int,
        finishing_cols: list[int],
        technology: Technology = PORTABLE,
    ):
        check_integers(self, rows=rows, cols=cols, width=width)
        self.rows = rows
        self.cols = cols
        self.finishing_cols = finishing_cols
        self.technology = technology
        layout = data.ArrayLayout(data.ArrayLayout(signed(width), rows), cols)
        super().__init__({"word": In(layout), "finishes_next": In(1), "weights": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        bits = self.rows * self.word[0][0].shape().width
        columns_a_copy = max(1, _BITS_A_COPY // bits)
        copies = self.technology.fan_out(
            m,
            self.finishes_next,
            stages=1,
            leaves=-(-len(self.finishing_cols) // columns_a_copy),
            name="finishes",
        )
        finishes = {
            col: copies[number // columns_a_copy] for number, col in enumerate(self.finishing_cols)
        }
        for col in range(self.cols):
            for row in range(self.rows):
                value = self.word[col][row]
                weight = Signal(value.shape(), name=f"weight_{row}_{col}", reset_less=True)
                if col in finishes:
                    value = Mux(finishes[col], 0, value)
                m.d.sync += weight.eq(value)
                m.d.comb += self.weights[col][row].eq(weight)
        return m
