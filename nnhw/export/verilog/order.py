"""The order in which wires can be declared together with their values."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def dependency_order(sources: Mapping[str, Collection[str]]) -> tuple[list[str], set[str]]:
    """Order wires so that each comes behind those that it depends on.

    Parameters
    ----------
    sources
        What each wire depends on; what is no key of its own counts as there from the beginning.

    Returns
    -------
    The wires in order, and those that are read before their place, since they depend on themselves.
    """
    order: dict[str, None] = {}
    begun: set[str] = set()
    early: set[str] = set()

    def visit(wire: str) -> None:
        if wire in order or wire not in sources:
            return
        if wire in begun:
            early.add(wire)
            return
        begun.add(wire)
        for source in sources[wire]:
            visit(source)
        order[wire] = None

    for wire in sources:
        visit(wire)
    return list(order), early
