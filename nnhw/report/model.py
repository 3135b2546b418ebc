"""What is in a model, in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..frontend import ModelSummary, TensorSummary
from . import text
from .named_table import NamedTable


def render_model(summary: ModelSummary) -> RenderableType:
    """Headline figures, all nodes, and everything that cannot be built."""
    if summary.supported:
        verdict = Text("nnhw can build this model", style="bold green")
    else:
        verdict = Text("nnhw cannot build this model", style="bold red")
    if summary.supported and summary.tried_with == "random samples":
        verdict.append(", as far as random samples tell; give --data to be sure")
    lines = (*summary.problems, *summary.notes)
    problems = [Text(f"  - {line}") for line in lines]
    return Group(_headline(summary), "", _nodes(summary), "", verdict, *problems)


def _headline(summary: ModelSummary) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", justify="right")
    grid.add_column()
    for name, figure in (
        ("file", summary.file),
        ("made by", f"{summary.producer or 'unknown'}, opset {summary.opset}"),
        ("input", ", ".join(_tensor(tensor) for tensor in summary.inputs)),
        ("output", ", ".join(_tensor(tensor) for tensor in summary.outputs)),
        ("work", f"{summary.macs:,} MACs, {summary.parameters:,} parameters"),
        ("already quantized", _widths(summary)),
        ("weights", f"{text.bits(8 * summary.weight_bytes)} at 8 bits"),
        ("activations", f"{text.bits(8 * summary.peak_activation_bytes)} at 8 bits, at most"),
        ("left to the host", ", ".join(summary.host_postprocess)),
    ):
        if figure:
            grid.add_row(name, Text(figure))
    return grid


def _widths(summary: ModelSummary) -> str:
    """Widths of what arrived quantized."""
    given = (("weights", summary.weight_bits), ("activations", summary.activation_bits))
    return ", ".join(f"{name} of {bits} bits" for name, bits in given if bits)


def _nodes(summary: ModelSummary) -> NamedTable:
    table = NamedTable("  node", ("operator", "result", "MACs", "parameters"), left=("operator",))
    for node in summary.nodes:
        mark = ("✓ ", "green") if node.supported else ("✗ ", "red")
        table.add_row(
            Text.assemble(mark, node.name),
            node.op_type,
            _shape(node.output_shape),
            f"{node.macs:,}" if node.macs else "-",
            f"{node.parameters:,}" if node.parameters else "-",
        )
    return table


def _tensor(tensor: TensorSummary) -> str:
    return f"{tensor.name}: {_shape(tensor.shape)}, {tensor.dtype}"


def _shape(shape: tuple[int, ...] | None) -> str:
    return "?" if shape is None else "x".join(str(n) for n in shape)
