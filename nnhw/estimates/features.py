"""What a design asks of a family's fabric, counted before synthesis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..export.verilog import Hierarchy
from ..export.verilog.signals import Slice
from .fabric import Bypass, Fabric
from .flatten import flatten
from .gates import FALSE, TRUE, UNKNOWN, Literal, count_four_way, cover
from .lowering import Chain, FlipFlop, Lowering, Product, RegisterBit
from .multiplier_adders import MultiplierAdders, find_multiplier_adders

_ROUNDS = 3
"""How often registers are looked for that are constant or alike, which makes others so. What more
rounds find are some in a thousand."""


@dataclass(frozen=True, slots=True)
class MemoryShape:
    """A memory that is left to the synthesizer.

    Parameters
    ----------
    width
        Bits of a word that are read.
    depth
        Words.
    reads, writes
        Ports; without one that writes it is read-only.
    registered
        Whether words come a cycle after their addresses.
    style
        What its author asks for, "block" or "distributed"; "" for nothing.
    """

    width: int
    depth: int
    reads: int
    writes: int
    registered: bool
    style: str


@dataclass(frozen=True, slots=True)
class Features:
    """What a design has.

    Parameters
    ----------
    tables
        Look-up tables by their number of inputs; inverters in front of registers have one.
    operands
        Those in front of carry chains, likewise.
    adders, comparisons
        Bits of each carry chain; multipliers may add, too.
    flip_flops
        Bits of registers, but for those in multipliers.
    joined
        Of these, those that can share a place with the look-up table or the bit of a carry chain
        that they get their data from; see `Bypass`.
    shifted
        Of these, those in chains that can be shift registers, by the length of the chain.
    cells
        Cells of the family by type.
    cell_chains
        Carry chains that are made of these.
    outputs
        Bits of their outputs that are read, by type.
    memories, products
        What is left to the synthesizer; of products, the bits of both factors.
    """

    tables: Counter[int]
    operands: Counter[int]
    adders: tuple[int, ...]
    comparisons: tuple[int, ...]
    flip_flops: int
    joined: int
    shifted: Counter[int]
    cells: Counter[str]
    cell_chains: int
    outputs: Counter[str]
    memories: tuple[MemoryShape, ...]
    products: tuple[tuple[int, int], ...]


def count_features(hierarchy: Hierarchy, fabric: Fabric) -> Features:
    """Count what a design has, as a synthesizer would find it: flat, without what nothing reads and
    registers that are constant or alike."""
    return _Counting(hierarchy, fabric).features()


class _Counting:
    """A design that is looked at again with what was learned."""

    def __init__(self, hierarchy: Hierarchy, fabric: Fabric):
        self._module = flatten(hierarchy)
        self._fabric = fabric
        self._known: dict[RegisterBit, Literal | RegisterBit] = {}
        self._readers: Counter[str] = Counter()
        for sig in self._module.inputs():
            self._readers.update({piece.wire for piece in sig if isinstance(piece, Slice)})
        self._readers.update(self._module.ports)

    def features(self) -> Features:
        for _ in range(_ROUNDS - 1):
            self._look()
            if not self._learn():
                break
        else:
            self._look()
        tables = cover(self._lowering.gates, self._sinks, self._fabric.lut_inputs)
        inside = self._in_multipliers(tables)
        chains = [found for key, found in self._chains.items() if key not in inside.chains]
        added = {
            bit >> 1
            for chain, last in chains
            for bits in chain.operands
            for bit in bits[: last + 1]
        }
        tables = {node: read for node, read in tables.items() if node not in inside.gates}
        return Features(
            tables=self._table_sizes(tables, added),
            operands=Counter(len(read) for node, read in tables.items() if node in added),
            adders=tuple(last + 1 for chain, last in chains if not chain.compares),
            comparisons=tuple(last + 1 for chain, last in chains if chain.compares),
            flip_flops=len(self._flip_flops) - len(inside.flip_flops),
            joined=self._joined(tables),
            shifted=self._shifted(),
            cells=Counter(self._module.instances[name].module for name in self._instances),
            cell_chains=sum(map(self._begins_chain, self._instances)),
            outputs=Counter(
                self._module.instances[source[1]].module
                for node, source in self._lowering.sources.items()
                if node in self._seen and source[0] == "instance"
            ),
            memories=self._memories(),
            products=tuple(
                (len(product.operands[0]), len(product.operands[1]))
                for product in self._products.values()
            ),
        )

    def _in_multipliers(self, tables: Mapping[int, frozenset[int]]) -> MultiplierAdders:
        """What the family's multipliers do besides multiplying."""
        if not self._fabric.multipliers_add:
            return MultiplierAdders()
        chains, fanins = self._chains.values(), self._lowering.gates.fanins
        readers = Counter(self._read_besides)
        for node in self._seen:
            readers.update(fanins[node])
        for chain, last in chains:
            readers.update({bit >> 1 for bits in chain.operands for bit in bits[: last + 1]})
        return find_multiplier_adders(self._lowering, chains, self._flip_flops, readers, tables)

    def _table_sizes(self, tables: Mapping[int, frozenset[int]], added: set[int]) -> Counter[int]:
        """Tables in front of anything but carry chains, by their inputs."""
        sizes = Counter(len(read) for node, read in tables.items() if node not in added)
        if self._fabric.lut_inputs == 4:
            four_way = count_four_way(self._lowering.gates, self._sinks, tables)
            sizes += Counter({4: 2 * four_way})
            sizes[3] -= 3 * four_way
        return sizes

    def _look(self) -> None:
        """Look at all that matters."""
        self._lowering = lowering = Lowering(self._module, self._fabric, self._known, self._readers)
        self._seen: set[int] = {0}
        self._sinks: set[Literal] = set()
        self._other_sinks: set[Literal] = set()  # than data of flip-flops
        self._read_besides: set[int] = set()  # by anything but gates and chains
        self._todo: list[Literal] = []
        self._flip_flops: dict[RegisterBit, FlipFlop] = {}
        self._chains: dict[int, tuple[Chain, int]] = {}
        self._products: dict[int, Product] = {}
        self._read: dict[str, set[int]] = {}
        self._instances: set[str] = set()
        module = self._module
        for port in module.ports:
            if module.wires[port].direction == "output":
                self._ask(lowering.wire(port))
        gates, sources = lowering.gates, lowering.sources
        while self._todo:
            node = self._todo.pop() >> 1
            if node in self._seen:
                continue
            self._seen.add(node)
            if fanins := gates.fanins[node]:
                self._todo += [2 * fanin for fanin in fanins]
            elif source := sources.get(node):
                getattr(self, f"_ask_{source[0]}")(*source[1:])

    def _ask(self, bits: Sequence[Literal], *, data: bool = False, in_chain: bool = False) -> None:
        asked = [bit for bit in bits if bit > TRUE]
        if not in_chain:
            self._read_besides.update(bit >> 1 for bit in asked)
        self._sinks.update(asked)
        if not data:
            self._other_sinks.update(asked)
        self._todo += asked

    def _ask_instance(self, name: str, bit: int) -> None:
        if name not in self._instances:
            self._instances.add(name)
            for sig in self._module.instances[name].inputs.values():
                self._ask(self._lowering.bits(sig))

    def _begins_chain(self, name: str) -> bool:
        """Whether an instance is the first cell of a carry chain."""
        instance = self._module.instances[name]
        port = self._fabric.carries.get(instance.module)
        if port is None:
            return False
        (carry,) = self._lowering.bits(instance.inputs[port])
        source = self._lowering.sources.get(carry >> 1)
        if source is None or source[0] != "instance":
            return True
        return self._module.instances[source[1]].module != instance.module

    def _ask_register(self, place: RegisterBit) -> None:
        flip_flop = self._lowering.flip_flop(*place)
        self._flip_flops[place] = flip_flop
        self._ask([flip_flop.data], data=True)
        self._ask([flip_flop.enable, flip_flop.reset])

    def _ask_chain(self, chain: Chain, bit: int) -> None:
        _, before = self._chains.get(id(chain), (chain, -1))
        last = len(chain.operands[0]) - 1 if chain.compares else bit
        if last > before:
            self._chains[id(chain)] = chain, last
            for operand in chain.operands:  # inverters are in the chain
                inner = [asked & ~1 for asked in operand[before + 1 : last + 1]]
                self._ask(inner, in_chain=True)

    def _ask_product(self, product: Product) -> None:
        if id(product) not in self._products:
            self._products[id(product)] = product
            for operand in product.operands:
                self._ask(operand)

    def _ask_memory(self, key: str, number: int, bit: int) -> None:
        memory, bits = self._module.memories[key], self._lowering.bits
        read = memory.reads[number]
        if key not in self._read:
            self._read[key] = set()
            for write in memory.writes:
                self._ask(bits(write.address))
                self._ask(bits(write.enable))
        self._ask(bits(read.address))
        self._ask(bits(read.enable))
        if bit not in self._read[key]:
            self._read[key].add(bit)
            for write in memory.writes:
                self._ask(bits(write.data)[bit : bit + 1])

    def _memories(self) -> tuple[MemoryShape, ...]:
        found = []
        for key, bits in self._read.items():
            memory = self._module.memories[key]
            found.append(
                MemoryShape(
                    width=len(bits),
                    depth=memory.depth,
                    reads=len(memory.reads),
                    writes=len(memory.writes),
                    registered=all(bool(read.clock) for read in memory.reads),
                    style=str(memory.attributes.get("ram_style", "")),
                )
            )
        return tuple(found)

    def _learn(self) -> bool:
        """Find bits of registers that are constant or always like another one; whether any."""
        before = len(self._known)
        places = []
        for place, flip_flop in self._flip_flops.items():
            initial = self._initial(place)
            if initial is not None and self._stays(place, flip_flop, initial):
                self._known[place] = initial
            else:
                rest = flip_flop.enable, flip_flop.reset, flip_flop.value, flip_flop.clock, initial
                places.append((place, flip_flop.data, rest))
        while True:
            found = len(self._known)
            first: dict[tuple, RegisterBit] = {}
            for place, data, rest in places:
                if place not in self._known:
                    other = first.setdefault((self._origin(data), rest), place)
                    if other != place:
                        self._known[place] = other
            if len(self._known) == found:
                return found > before

    def _origin(self, bit: Literal) -> Literal | tuple[RegisterBit, int]:
        """The register's bit that a bit is, for all that are known to be alike the same one."""
        source = self._lowering.sources.get(bit >> 1)
        if bit <= TRUE or source is None or source[0] != "register":
            return bit
        place = source[1]
        while isinstance(known := self._known.get(place), tuple):
            place = known
        return (place, bit & 1) if known is None else known ^ (bit & 1)

    def _initial(self, place: RegisterBit) -> Literal | None:
        wire, bit = place
        bits = self._module.wires[wire].init
        return int(bits[-1 - bit]) if bits and bits[-1 - bit] in "01" else None

    def _stays(self, place: RegisterBit, flip_flop: FlipFlop, initial: Literal) -> bool:
        """Whether a bit never changes."""
        own = self._lowering.wire(place[0])[place[1]]
        is_reset_to = flip_flop.reset == FALSE or flip_flop.value in (UNKNOWN, initial)
        return is_reset_to and flip_flop.data in (UNKNOWN, initial, own)

    def _joined(self, tables: Mapping[int, frozenset[int]]) -> int:
        """Flip-flops beside what computes their data, each beside one of its own."""
        if self._fabric.bypass is Bypass.FREE:
            return 0
        fed = Counter(flip_flop.data >> 1 for flip_flop in self._flip_flops.values())
        computed = [node for node in fed if node in tables or self._is_sum(node)]
        if self._fabric.bypass is Bypass.SHARED:
            return len(computed)
        readers = Counter(fed)
        for read in tables.values():
            readers.update(read)
        readers.update(bit >> 1 for bit in self._other_sinks)
        return sum(readers[node] == 1 for node in computed)

    def _is_sum(self, node: int) -> bool:
        source = self._lowering.sources.get(node)
        return source is not None and source[0] == "chain"

    def _shifted(self) -> Counter[int]:
        """Flip-flops in chains in which each but the last feeds nothing but the next."""
        least = self._fabric.shift_register
        if not least:
            return Counter()
        gates, sources = self._lowering.gates, self._lowering.sources
        readers: Counter[int] = Counter()
        for node in self._seen:
            readers.update(gates.fanins[node])
        for flip_flop in self._flip_flops.values():
            readers[flip_flop.data >> 1] += 1
        readers.update(bit >> 1 for bit in self._other_sinks)
        following: dict[RegisterBit, RegisterBit] = {}
        for place, flip_flop in self._flip_flops.items():
            source = sources.get(flip_flop.data >> 1)
            if source is None or source[0] != "register" or flip_flop.data & 1:
                continue
            before = self._flip_flops[source[1]]
            alike = (before.enable, before.clock) == (flip_flop.enable, flip_flop.clock)
            resets = before.reset != FALSE or flip_flop.reset != FALSE
            if alike and not resets and readers[flip_flop.data >> 1] == 1:
                following[source[1]] = place
        lengths: Counter[int] = Counter()
        for first in following.keys() - set(following.values()):
            length, place = 1, first
            while place in following:
                place = following[place]
                length += 1
            if length >= least:
                lengths[length] += 1
        return lengths
