"""Which weights of a network are held in slices, and whether that pays."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import MappingError
from ..ir import Graph, QConv
from ..machine import SLICED, needs_slices


def needed_slices(graph: Graph) -> dict[str, int]:
    """Columns that weights take in an engine that has columns for `WHOLE_BITS`: parameters of an
    `EngineConfig`, those that are not 1.

    Raises
    ------
    MappingError
        If a weight does not fit two slices.
    """
    slices: dict[str, int] = {}
    for node in _convolutions(graph):
        if not needs_slices(node.weight):
            continue
        least, largest = int(node.weight.min()), int(node.weight.max())
        if least < SLICED[0] or largest > SLICED[1]:
            raise MappingError(
                f"Node '{node.name}' has weights from {least} to {largest}, and two slices hold "
                f"{SLICED[0]} to {SLICED[1]}; drop --slice-weights"
            )
        slices["column_slices" if node.groups == 1 else "lane_slices"] = 2
    return slices


def may_pay(graph: Graph) -> bool:
    """Whether a network has weights of dot products that need slices, or weights of lanes, and
    others that do not, so that narrow columns have more to do than wide ones."""
    needs = {needs_slices(node.weight) for node in _convolutions(graph)}
    try:
        return len(needs) == 2 and bool(needed_slices(graph))
    except MappingError:
        return False


def _convolutions(graph: Graph) -> Iterator[QConv]:
    return (node for node in graph.nodes if isinstance(node, QConv))
