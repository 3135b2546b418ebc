"""What zero points of weights cost."""

from __future__ import annotations

from dataclasses import dataclass

from ..hdl.technology import technology
from ..ir import Graph, QConv
from ..mapping import Program

_BYTE = 8


@dataclass(frozen=True, kw_only=True)
class WideWeights:
    """Weights that less their zero points take more than 8 bits, and what that costs.

    Parameters
    ----------
    layers
        Whose weights they are.
    weight_bits
        Of each weight of the design.
    memory_bits
        What weights take beyond bytes.
    products_a_cell
        Products that a multiplier cell of the technology holds.
    byte_products_a_cell
        Those that it would hold of bytes.
    """

    layers: tuple[str, ...]
    weight_bits: int
    memory_bits: int
    products_a_cell: int
    byte_products_a_cell: int


def describe_wide_weights(graph: Graph, program: Program) -> WideWeights | None:
    """None if all weights are bytes or narrower."""
    layers = tuple(n.name for n in graph.nodes if isinstance(n, QConv) and n.weight_bits > _BYTE)
    if not layers:
        return None
    widths = program.machine.datapath.widths
    cells = technology(program.config.technology)
    words = program.machine.datapath.weight_words
    return WideWeights(
        layers=layers,
        weight_bits=widths.weight,
        memory_bits=words * program.config.mac_units * (widths.weight - _BYTE),
        products_a_cell=cells.products_a_cell(widths.activation, widths.weight),
        byte_products_a_cell=cells.products_a_cell(widths.activation, _BYTE),
    )
