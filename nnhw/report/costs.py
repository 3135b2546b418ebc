"""What optional hardware costs, as a table."""

from __future__ import annotations

from dataclasses import astuple

from rich.table import Table

from ..synth import Cells, HardwareCosts

COLUMNS = ("flip-flops", "LUTs", "memory bits", "multipliers")
"""Names of the figures of `Cells`, in order."""


def cost_rows(costs: HardwareCosts) -> list[tuple[str, bool, tuple[str, ...]]]:
    """Rows of (hardware, whether it is a sum, a figure for each of `COLUMNS`)."""
    rows = [("the whole accelerator", True, _figures(costs.whole))]
    for kept, name in ((True, "kept"), (False, "left out")):
        rows.append((name, True, _figures(costs.total(kept=kept))))
        rows += [
            (piece.name, False, _figures(piece.cells))
            for piece in costs.pieces
            if piece.kept is kept
        ]
    return rows


def render_costs(costs: HardwareCosts) -> Table:
    """The table, to be printed with rich."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("optional hardware", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for name, is_sum, figures in cost_rows(costs):
        table.add_row(name if is_sum else f"  {name}", *figures)
    return table


def _figures(cells: Cells) -> tuple[str, ...]:
    return tuple(f"{count:,}" if count else "-" for count in astuple(cells))
