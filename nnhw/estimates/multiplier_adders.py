"""Sums that multipliers add up themselves, where a family's have an adder behind the product."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from .lowering import Chain, FlipFlop, Lowering, Product, RegisterBit


@dataclass(frozen=True, slots=True)
class MultiplierAdders:
    """What multipliers take in besides their products.

    Parameters
    ----------
    chains
        Sums, by identity.
    flip_flops
        Registers behind them.
    gates
        Nodes that clear what a sum is added to.
    """

    chains: set[int] = field(default_factory=set)
    flip_flops: set[RegisterBit] = field(default_factory=set)
    gates: set[int] = field(default_factory=set)


def find_multiplier_adders(
    lowering: Lowering,
    chains: Collection[tuple[Chain, int]],
    flip_flops: Mapping[RegisterBit, FlipFlop],
    readers: Mapping[int, int],
    tables: Mapping[int, frozenset[int]],
) -> MultiplierAdders:
    """What synthesis puts into multipliers: the sum of a registered product that nothing else reads
    and of anything, the register of it, and, if that is what the product is added to, what clears
    it.

    Parameters
    ----------
    chains
        With the number of the last bit that is read.
    readers
        How many read a node: each gate and chain, and one for all others.
    tables
        Look-up tables and the nodes that each reads.
    """
    found = MultiplierAdders()
    registers: dict[int, list[RegisterBit]] = {}
    for place, flip_flop in flip_flops.items():
        source = lowering.sources.get(flip_flop.data >> 1)
        if source is not None and source[0] == "chain":
            registers.setdefault(id(source[1]), []).append(place)
    taken: set[int] = set()
    for chain, last in chains:
        if chain.compares:
            continue
        operands = [{bit >> 1 for bit in bits[: last + 1]} for bits in chain.operands]
        for own, other in (operands, operands[::-1]):
            product = _product(lowering, flip_flops, own)
            if product is None or id(product) in taken or any(readers[n] > 1 for n in own):
                continue
            taken.add(id(product))
            found.chains.add(id(chain))
            results = registers.get(id(chain), [])
            found.flip_flops.update(results)
            sums = {bit >> 1 for place in results for bit in [lowering.wire(place[0])[place[1]]]}
            cleared = {node for node in other if len(tables.get(node, ())) == 2}
            if cleared and all(tables[node] & sums for node in cleared):
                found.gates.update(cleared)
            break
    return found


def _product(
    lowering: Lowering, flip_flops: Mapping[RegisterBit, FlipFlop], nodes: Iterable[int]
) -> Product | None:
    """The product that all nodes but constants are registers of."""
    found: list[Product] = []
    for node in nodes:
        source = lowering.sources.get(node)
        if not node:
            continue
        if source is None or source[0] != "register":
            return None
        source = lowering.sources.get(flip_flops[source[1]].data >> 1)
        if source is None or source[0] != "product":
            return None
        found.append(source[1])
    return found[0] if found and all(product is found[0] for product in found) else None
