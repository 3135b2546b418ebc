"""Logic bit by bit: a graph of gates in which equal gates are one, and its cover by look-up tables.

The graph is an and-inverter graph (A. Kuehlmann et al., "Robust Boolean reasoning for equivalence
checking and functional property verification", IEEE TCAD 2002) with exclusive-or and multiplexers
as gates of their own, so that it is small enough for Python.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

Literal = int
"""Twice the number of a node, plus one if it is inverted."""

FALSE: Literal = 0
TRUE: Literal = 1
UNKNOWN: Literal = -2
"""A bit whose value does not matter."""


def _invert(literal: Literal) -> Literal:
    return literal if literal < 0 else literal ^ 1


class Gates:
    """Gates of one or several modules; inverters are free.

    A node is a constant (node 0), a leaf, whose value comes from elsewhere, or a gate. Fanins of a
    gate have lower numbers.
    """

    def __init__(self) -> None:
        self.fanins: list[tuple[int, ...]] = [()]
        self._known: dict[tuple[int, ...], Literal] = {}
        self._muxes: dict[int, tuple[Literal, Literal, Literal]] = {}
        self.selections: dict[Literal, tuple[Literal, Literal, Literal]] = {}
        """Bits that were written as selections, whatever gate they are: select, true, false."""

    def leaf(self) -> Literal:
        """A new bit that comes from elsewhere."""
        self.fanins.append(())
        return 2 * (len(self.fanins) - 1)

    def inverted(self, a: Literal) -> Literal:
        """NOT a."""
        return _invert(a)

    def _gate(self, key: tuple[int, ...]) -> Literal:
        known = self._known.get(key)
        if known is None:
            self.fanins.append(tuple({literal >> 1 for literal in key[1:]}))
            known = self._known[key] = 2 * (len(self.fanins) - 1)
        return known

    def both(self, a: Literal, b: Literal) -> Literal:
        """a AND b."""
        a, b = max(a, FALSE), max(b, FALSE)
        if a > b:
            a, b = b, a
        if a == FALSE or a == b ^ 1:
            return FALSE
        if a in (TRUE, b):
            return b
        return self._gate((0, a, b))

    def either(self, a: Literal, b: Literal) -> Literal:
        """a OR b."""
        return self.both(max(a, FALSE) ^ 1, max(b, FALSE) ^ 1) ^ 1

    def differ(self, a: Literal, b: Literal) -> Literal:
        """a XOR b."""
        a, b = max(a, FALSE), max(b, FALSE)
        sign = (a ^ b) & 1
        a, b = a & ~1, b & ~1
        if a > b:
            a, b = b, a
        if a == b:
            return FALSE ^ sign
        if a == FALSE:
            return b ^ sign
        return self._gate((1, a, b)) ^ sign

    def select(self, choice: Literal, true: Literal, false: Literal) -> Literal:
        """`true` if `choice`, else `false`."""
        if true < 0 or true == false:
            return false
        if false < 0:
            return true
        found = self._select(choice, true, false)
        if found >> 1 > max(true >> 1, false >> 1):  # and not one of them, or a constant
            self.selections.setdefault(found, (choice, true, false))
        return found

    def _select(self, choice: Literal, true: Literal, false: Literal) -> Literal:
        if choice <= TRUE:
            return true if choice == TRUE else false
        if choice & 1:
            choice, true, false = choice ^ 1, false, true
        if true in (TRUE, choice):
            return self.either(choice, false)
        if true in (FALSE, choice ^ 1):
            return self.both(choice ^ 1, false)
        if false in (FALSE, choice):
            return self.both(choice, true)
        if false in (TRUE, choice ^ 1):
            return self.either(choice ^ 1, true)
        if true == false ^ 1:
            return self.differ(choice, false)
        sign = true & 1
        key = (choice, true ^ sign, false ^ sign)
        found = self._gate((2, *key))
        self._muxes[found >> 1] = key
        return found ^ sign

    def four_way(self, node: int) -> tuple[int, int] | None:
        """The two multiplexers, with a choice in common, that a multiplexer chooses between; None
        if it is no such one."""
        _, *data = self._muxes.get(node, (0,))
        first, second = (self._muxes.get(bit >> 1) for bit in data or (0, 0))
        if first is None or second is None or first[0] != second[0]:
            return None
        return data[0] >> 1, data[1] >> 1

    def all_of(self, bits: Iterable[Literal]) -> Literal:
        """The conjunction of any number of bits, as a balanced tree."""
        todo = sorted(bits)
        while len(todo) > 1:
            todo = [
                self.both(*todo[i : i + 2]) if i + 1 < len(todo) else todo[i]
                for i in range(0, len(todo), 2)
            ]
        return todo[0] if todo else TRUE

    def any_of(self, bits: Iterable[Literal]) -> Literal:
        """The disjunction of any number of bits."""
        return self.all_of(_invert(max(bit, FALSE)) for bit in bits) ^ 1

    def parity_of(self, bits: Iterable[Literal]) -> Literal:
        """Whether an odd number of bits is set."""
        found = FALSE
        for bit in bits:
            found = self.differ(found, bit)
        return found

    def reached(self, roots: Iterable[int]) -> list[int]:
        """All nodes that roots depend on, and these, in the order of their numbers."""
        found = set(roots)
        todo = list(found)
        while todo:
            for node in self.fanins[todo.pop()]:
                if node not in found:
                    found.add(node)
                    todo.append(node)
        return sorted(found)


def count_four_way(
    gates: Gates, sinks: Iterable[Literal], tables: Mapping[int, frozenset[int]]
) -> int:
    """Multiplexers of four ways among look-up tables: three each, of which two do the same if they
    have four inputs, since a table can hand on the second choice in place of what is not chosen."""
    readers = Counter(leaf for read in tables.values() for leaf in read)
    outside = {bit >> 1 for bit in sinks}
    taken: set[int] = set()
    for node in sorted(tables):
        inner = gates.four_way(node)
        if inner is None or taken.intersection((node, *inner)):
            continue
        if all(
            part in tables
            and tables[part] == frozenset(gates.fanins[part])
            and readers[part] == 1
            and part not in outside
            for part in inner
        ) and tables[node] == frozenset(gates.fanins[node]):
            taken.update((node, *inner))
    return len(taken) // 3


def cover(gates: Gates, sinks: Iterable[Literal], inputs: int) -> dict[int, frozenset[int]]:
    """Look-up tables of up to `inputs` inputs that compute bits: nodes, and those that each one's
    table reads.

    Each gate takes those before it into its table as long as the inputs suffice: gates that nobody
    else reads, and others where this takes no more inputs. Inverters in front of a sink are
    tables of one input.

    Parameters
    ----------
    sinks
        Bits to be computed.
    """
    bits = set(sinks)
    roots = {bit >> 1 for bit in bits if bit > TRUE}
    nodes = gates.reached(roots)
    readers: Counter[int] = Counter()
    for node in nodes:
        for fanin in gates.fanins[node]:
            readers[fanin] += 1
    cuts: dict[int, frozenset[int]] = {}
    for node in nodes:
        fanins = gates.fanins[node]
        if not fanins:
            continue
        cut = frozenset(fanins) - {0}
        candidates = sorted(
            (fanin for fanin in cut if fanin in cuts), key=lambda fanin: len(cuts[fanin])
        )
        for fanin in candidates:
            wider = (cut - {fanin}) | cuts[fanin]
            alone = readers[fanin] == 1 and fanin not in roots
            if len(wider) <= (inputs if alone else len(cut)):
                cut = wider
        cuts[node] = cut
    tables = {
        bit >> 1: frozenset([bit >> 1])
        for bit in bits
        if bit & 1 and bit > TRUE and (bit >> 1) not in cuts
    }
    todo = [node for node in roots if node in cuts]
    while todo:
        node = todo.pop()
        if node not in tables:
            tables[node] = cuts[node]
            todo += [leaf for leaf in cuts[node] if leaf in cuts]
    return tables
