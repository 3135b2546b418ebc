"""What the look-up tables hold, and how far that is from the functions they stand for."""

from __future__ import annotations

from ..ir import FUNCTIONS, Graph, QFunction
from ..quantize import table_error
from .structure import TableReport


def describe_tables(graph: Graph) -> tuple[TableReport, ...]:
    """One entry for each node of an integer graph that is a table, in order of execution."""
    return tuple(_describe(node, graph) for node in graph.nodes if isinstance(node, QFunction))


def _describe(node: QFunction, graph: Graph) -> TableReport:
    error = table_error(node, graph)
    constants = ", ".join(f"{value:g}" for value in node.parameters)
    operator = FUNCTIONS[node.function].operator
    return TableReport(
        name=node.name,
        function=f"{operator}({constants})" if constants else operator,
        lowest=graph.tensors[node.inputs[0]].q.lo,
        entries=tuple(node.table.tolist()),
        largest_error=float(f"{error.largest:.4g}"),
        mean_error=float(f"{error.mean:.4g}"),
        largest_error_steps=round(error.largest_steps, 3),
        mean_error_steps=round(error.mean_steps, 3),
    )
