"""Multipliers of columns side by side, for technologies that compute several products at once."""

from __future__ import annotations

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .parameters import check_integers
from .technology import Technology


class SharedMultipliers(wiring.Component):
    """Products of one vector of activations with the weights of several columns.

    Of two columns the first one's products may borrow from the second one's (`Technology.borrows`).

    Parameters
    ----------
    rows, columns : int
        Length of the vector, number of columns.
    activation_width, weight_width : int
        Bits of signed operands.
    symmetric_weights : bool
        Whether no weight is the least number of its width.
    stages : int
        Registers, at least 1.
    technology : Technology

    Members
    -------
    activations : In(rows of signed)
    weights : In(columns of rows of signed)
    products : Out(columns of rows of signed)
        `stages` cycles later.
    """

    def __init__(
        self,
        *,
        rows: int,
        columns: int,
        activation_width: int,
        weight_width: int,
        symmetric_weights: bool = False,
        stages: int,
        technology: Technology,
    ):
        check_integers(self, rows=rows, columns=columns, stages=stages)
        self.rows = rows
        self.columns = columns
        self.symmetric_weights = symmetric_weights
        self.stages = stages
        self.technology = technology
        weights = data.ArrayLayout(signed(weight_width), rows)
        products = data.ArrayLayout(signed(activation_width + weight_width), rows)
        super().__init__(
            {
                "activations": In(data.ArrayLayout(signed(activation_width), rows)),
                "weights": In(data.ArrayLayout(weights, columns)),
                "products": Out(data.ArrayLayout(products, columns)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        for row in range(self.rows):
            products = self.technology.multiply_shared(
                m,
                self.activations[row],
                [self.weights[column][row] for column in range(self.columns)],
                symmetric=self.symmetric_weights,
                stages=self.stages,
                name=f"products_{row}",
            )
            for column, product in enumerate(products):
                m.d.comb += self.products[column][row].eq(product)
        return m
