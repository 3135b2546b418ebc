"""A column of the array: multipliers, an adder tree and an accumulator."""

from __future__ import annotations

from amaranth.hdl import Module, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..machine import column_latency
from .arithmetic import adder_tree, delay
from .parameters import check_integers
from .technology import PORTABLE, Technology


class MacColumn(wiring.Component):
    """One column: the dot product of a vector of activations and weights, accumulated.

    Parameters
    ----------
    rows : int
        Length of the dot product.
    activation_width, weight_width, accumulator_width : int
        Bits of signed operands and of the accumulator.
    multiplier_stages : int
        Registers behind each multiplier, at least 1.
    tree_levels_per_stage : int
        Adder tree levels between two registers.
    technology : Technology
        What multipliers, adders and the accumulator are built of.
    given_products : bool
        Whether the column has no multipliers of its own.
    borrowed : bool
        Whether others have borrowed from the products that are given (`Technology.borrows`).

    Members
    -------
    activations : In(rows of signed)
    weights : In(rows of signed)
    given : In(rows of signed)
        With `given_products`, in place of both: their products, `multiplier_stages` cycles later.
    carries : In(rows)
        With `borrowed`: the products less what these bits give back are the true ones.
    enable, first : In(1)
        Add the dot product to the accumulator; `first` clears it before. Both come `latency` - 1
        cycles after the operands of the dot product.
    products : Out(rows of signed)
        The single products, `multiplier_stages` cycles after the operands.
    accumulator : Out(signed)
        `latency` cycles after the operands.

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        *,
        rows: int,
        activation_width: int,
        weight_width: int,
        accumulator_width: int,
        multiplier_stages: int,
        tree_levels_per_stage: int,
        technology: Technology = PORTABLE,
        given_products: bool = False,
        borrowed: bool = False,
    ):
        check_integers(
            self,
            rows=rows,
            activation_width=activation_width,
            weight_width=weight_width,
            accumulator_width=accumulator_width,
            multiplier_stages=multiplier_stages,
            tree_levels_per_stage=tree_levels_per_stage,
        )
        self.rows = rows
        self.product_width = activation_width + weight_width
        self.accumulator_width = accumulator_width
        self.multiplier_stages = multiplier_stages
        self.tree_levels_per_stage = tree_levels_per_stage
        self.technology = technology
        self.given_products = given_products
        self.borrowed = borrowed
        self.latency = column_latency(
            rows=rows,
            multiplier_stages=multiplier_stages,
            tree_levels_per_stage=tree_levels_per_stage,
        )
        factors = {
            "activations": In(data.ArrayLayout(signed(activation_width), rows)),
            "weights": In(data.ArrayLayout(signed(weight_width), rows)),
        }
        given = {"given": In(data.ArrayLayout(signed(self.product_width), rows))}
        super().__init__(
            {
                **(given if given_products else factors),
                **({"carries": In(rows)} if borrowed else {}),
                "enable": In(1),
                "first": In(1),
                "products": Out(data.ArrayLayout(signed(self.product_width), rows)),
                "accumulator": Out(signed(accumulator_width)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        products = self._multiply(m)
        carries = list(self.carries) if self.borrowed else []
        for row, product in enumerate(products):
            whole = product + carries[row] if self.borrowed else product
            m.d.comb += self.products[row].eq(whole)
        # there is one adder less than there are products: the accumulator takes the last carry
        dot, latency = adder_tree(
            m,
            products,
            add=self.technology.add,
            levels_per_stage=self.tree_levels_per_stage,
            carries=carries[1:],
            name="sum",
        )
        carry = delay(m, carries[0], latency, name="carry") if self.borrowed else None
        accumulator = self.technology.accumulate(
            m,
            dot,
            enable=self.enable,
            first=self.first,
            carry=carry,
            width=self.accumulator_width,
            name="accumulator",
        )
        m.d.comb += self.accumulator.eq(accumulator)
        return m

    def _multiply(self, m: Module) -> list[Value]:
        if self.given_products:
            return [self.given[row] for row in range(self.rows)]
        return self.technology.multiply_all(
            m,
            [(self.activations[row], self.weights[row]) for row in range(self.rows)],
            stages=self.multiplier_stages,
            name="product",
        )
