"""From a flat netlist to gates, adders, registers and memories, bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..export.verilog.netlist import Module, Operator
from ..export.verilog.processes import Assign, Body, Switch, sigs_of_body
from ..export.verilog.signals import Sig, Slice
from .fabric import Fabric
from .gates import FALSE, TRUE, UNKNOWN, Gates, Literal

_CONSTANTS = {"0": FALSE, "1": TRUE, "x": UNKNOWN}
_WIDEST_TABLE = 12
"""Bits of a selection that is taken for a table."""


@dataclass(frozen=True, slots=True)
class Chain:
    """An adder or a comparison by a carry chain."""

    operands: tuple[tuple[Literal, ...], ...]
    compares: bool


@dataclass(frozen=True, slots=True)
class Product:
    """A multiplication that is left to the synthesizer."""

    operands: tuple[tuple[Literal, ...], ...]
    signed: bool


RegisterBit = tuple[str, int]
"""A register's wire and the number of a bit."""


@dataclass(frozen=True, slots=True)
class FlipFlop:
    """A bit of a register: what it gets, and what else it is told.

    Parameters
    ----------
    value
        What a reset makes of it.
    """

    data: Literal
    enable: Literal
    reset: Literal
    value: Literal
    clock: str


class Lowering:
    """A module bit by bit; what nothing asks for is not made.

    Parameters
    ----------
    module
    fabric
    known
        Bits of registers that are constant, or always what another one is.
    readers
        How many operators, registers and others read a wire.

    Attributes
    ----------
    gates : Gates
    sources : dict from node to what gives it
        By its kind: ("chain", `Chain`, bit), ("product", `Product`), ("memory", name, port, bit),
        ("instance", name, bit) or ("register", `RegisterBit`).
    """

    def __init__(
        self,
        module: Module,
        fabric: Fabric,
        known: Mapping[RegisterBit, Literal | RegisterBit],
        readers: Mapping[str, int],
    ):
        self.module = module
        self._readers = readers
        self.fabric = fabric
        self.gates = Gates()
        self.sources: dict[int, tuple] = {}
        self._known = known
        self._register_bits: dict[RegisterBit, Literal] = {}
        self._wires: dict[str, list[Literal]] = {}
        self._makers = self._find_makers()

    def bits(self, sig: Sig) -> list[Literal]:
        """The bits of a signal, the lowest one first."""
        found: list[Literal] = []
        for piece in sig:
            if isinstance(piece, Slice):
                found += self.wire(piece.wire)[piece.start : piece.start + piece.width]
            else:
                found += [_CONSTANTS[bit] for bit in reversed(piece.bits)]
        return found

    def wire(self, name: str) -> list[Literal]:
        """The bits of a wire."""
        todo = [name] if name not in self._wires else []
        waiting: set[str] = set()
        while todo:  # chains of wires are too long for recursion
            last = todo[-1]
            before = () if last in waiting else self._read_by(last)
            waiting.add(last)
            missing = [wire for wire in before if wire not in self._wires and wire not in waiting]
            todo += missing
            if not missing:
                todo.pop()
                if last not in self._wires:
                    self._wires[last] = self._makers.get(last, self._leaves)(last)
        return self._wires[name]

    def _read_by(self, name: str) -> Iterator[str]:
        """The wires that one is computed from, registers and memories not looked into."""
        module = self.module
        sigs: Iterable[Sig] = ()
        if name in module.operators:
            sigs = module.operators[name].inputs
        elif name in module.copies:
            sigs = (module.copies[name],)
        elif name in module.processes:
            sigs = sigs_of_body(module.processes[name])
        return (piece.wire for sig in sigs for piece in sig if isinstance(piece, Slice))

    def flip_flop(self, wire: str, bit: int) -> FlipFlop:
        """What a bit of a register gets."""
        register = self.module.registers[wire]
        (clock,) = register.clock
        assert isinstance(clock, Slice)
        own = self._register_bit((wire, bit))
        return self._controls(own, self.bits(register.data)[bit], clock.wire)

    def _find_makers(self) -> dict[str, Callable[[str], list[Literal]]]:
        module = self.module
        makers: dict[str, Callable[[str], list[Literal]]] = {}
        makers |= dict.fromkeys(module.copies, lambda name: self.bits(module.copies[name]))
        makers |= dict.fromkeys(module.operators, self._operator)
        makers |= dict.fromkeys(module.processes, self._process)
        makers |= dict.fromkeys(module.registers, self._register)
        for key, instance in module.instances.items():
            for wire in instance.outputs.values():
                makers[wire] = self._leaves_from("instance", key)
        for key, memory in module.memories.items():
            for number, read in enumerate(memory.reads):
                makers[read.wire] = self._leaves_from("memory", key, number)
        return makers

    def _leaves(self, name: str) -> list[Literal]:
        """An input port, or a wire that nothing drives."""
        return [self.gates.leaf() for _ in range(self.module.wires[name].width)]

    def _register(self, name: str) -> list[Literal]:
        return [self._register_bit((name, bit)) for bit in range(self.module.wires[name].width)]

    def _register_bit(self, place: RegisterBit) -> Literal:
        found = self._register_bits.get(place)
        if found is None:
            known = self._known.get(place)
            if known is None:
                found = self.gates.leaf()
                self.sources[found >> 1] = ("register", place)
            else:
                found = known if isinstance(known, int) else self._register_bit(known)
            self._register_bits[place] = found
        return found

    def _leaves_from(self, *source: str | int) -> Callable[[str], list[Literal]]:
        def make(name: str) -> list[Literal]:
            leaves = self._leaves(name)
            self.sources |= {leaf >> 1: (*source, bit) for bit, leaf in enumerate(leaves)}
            return leaves

        return make

    # operators

    def _operator(self, name: str) -> list[Literal]:
        operator = self.module.operators[name]
        return self._compute(operator)

    def _extended(self, sig: Sig, width: int, signed: bool) -> list[Literal]:
        bits = self.bits(sig)
        fill = bits[-1] if signed and bits else FALSE
        return [*bits, *[fill] * (width - len(bits))][:width]

    def _compute(self, operator: Operator) -> list[Literal]:
        gates, kind, width = self.gates, operator.kind, operator.width
        sigs = operator.inputs

        def operands(count: int = width) -> list[list[Literal]]:
            return [self._extended(sig, count, operator.signed) for sig in sigs]

        if kind == "mux":
            (choice,) = self.bits(sigs[0])
            false, true = (self._extended(sig, width, operator.signed) for sig in sigs[1:])
            return [gates.select(choice, t, f) for t, f in zip(true, false, strict=True)]
        if kind == "not":
            return [gates.inverted(max(bit, FALSE)) for bit in operands()[0]]
        if kind in ("and", "or", "xor"):
            join = {"and": gates.both, "or": gates.either, "xor": gates.differ}[kind]
            return [join(a, b) for a, b in zip(*operands(), strict=True)]
        if kind in ("reduce_or", "reduce_bool", "reduce_and", "reduce_xor"):
            reduce = {"reduce_and": gates.all_of, "reduce_xor": gates.parity_of}.get(
                kind, gates.any_of
            )
            return self._one([reduce(self.bits(sigs[0]))], width)
        if kind in ("eq", "ne"):
            left, right = operands(max(len(self.bits(sig)) for sig in sigs))
            differs = gates.any_of(gates.differ(a, b) for a, b in zip(left, right, strict=True))
            return self._one([differs ^ (kind == "eq")], width)
        if kind in ("lt", "le", "gt", "ge"):
            left, right = operands(max(len(self.bits(sig)) for sig in sigs))
            if kind in ("gt", "le"):
                left, right = right, left
            less = self._less(left, right, signed=operator.signed)
            return self._one([less ^ (kind in ("le", "ge"))], width)
        if kind in ("add", "sub"):
            return self._sum_of_terms(self._terms(operator, width, subtracted=False))
        if kind == "neg":
            (value,) = operands()
            return self._sum([FALSE] * width, value, subtracts=True)
        if kind == "mul":
            return self._product(operator)
        assert kind in ("shl", "shr", "sshr"), kind
        return self._shifted(operator)

    def _one(self, bits: list[Literal], width: int) -> list[Literal]:
        return bits + [FALSE] * (width - 1)

    def _terms(
        self, operator: Operator, width: int, *, subtracted: bool
    ) -> list[tuple[list[Literal], bool]]:
        """What a sum adds up, and whether each is subtracted: sums that nothing else reads are
        added up with it (`alumacc`)."""
        terms = []
        for index, sig in enumerate(operator.inputs):
            minus = subtracted ^ (index == 1 and operator.kind == "sub")
            inner = self._sum_alone(sig)
            if inner is None:
                terms.append((self._extended(sig, width, operator.signed), minus))
            else:
                terms += self._terms(inner, width, subtracted=minus)
        return terms

    def _sum_alone(self, sig: Sig) -> Operator | None:
        """The sum that all of a signal is, if nothing else reads it."""
        piece = sig[0] if sig else None
        if not isinstance(piece, Slice) or self._readers.get(piece.wire) != 1:
            return None
        operator = self.module.operators.get(piece.wire)
        if operator is None or operator.kind not in ("add", "sub"):
            return None
        signs = all(rest == Slice(piece.wire, operator.width - 1, 1) for rest in sig[1:])
        return operator if signs and (piece.start, piece.width) == (0, operator.width) else None

    def _sum_of_terms(self, terms: list[tuple[list[Literal], bool]]) -> list[Literal]:
        """Any number of terms, by full adders until two are left."""
        terms = sorted(terms, key=lambda term: term[1])
        if len(terms) == 2 and not terms[0][1]:
            return self._sum(terms[0][0], terms[1][0], subtracts=terms[1][1])
        rows = [[max(bit, FALSE) ^ minus for bit in term] for term, minus in terms]
        # what is subtracted is inverted, and one is added: by carries that are not used otherwise
        ones = sum(minus for _, minus in terms)
        while ones >= len(rows):
            rows.append([TRUE, *[FALSE] * (len(rows[0]) - 1)])
            ones -= 1
        while len(rows) > 2:
            a, b, c, *rows = rows
            gates = self.gates
            total = [gates.parity_of(bits) for bits in zip(a, b, c, strict=True)]
            carries = [
                gates.select(gates.differ(x, y), z, x) for x, y, z in zip(a, b, c, strict=True)
            ]
            rows += [total, [TRUE if ones else FALSE, *carries[:-1]]]
            ones -= bool(ones)
        left, right = rows
        if ones:
            return self._sum(left, [bit ^ 1 for bit in right], subtracts=True)
        return self._sum(left, right, subtracts=False)

    def _sum(self, left: list[Literal], right: list[Literal], *, subtracts: bool) -> list[Literal]:
        left, right = ([max(bit, FALSE) for bit in bits] for bits in (left, right))
        width = len(left)
        low = 0
        # what is added to zeros needs no carry
        while low < width and right[low] == FALSE:
            low += 1
        if not low and not subtracts:
            while low < width and left[low] == FALSE:
                low += 1
            left, right = (right, left) if low else (left, right)
        total = left[:low]
        # beyond both operands' signs, or the carry of both without, nothing is new
        high = width
        while high - low > 2 and all(
            bits[high - 1] == bits[high - 2] == bits[high - 3]
            or bits[high - 1] == bits[high - 2] == FALSE
            for bits in (left, right)
        ):
            high -= 1
        a, b = left[low:high], right[low:high]
        if subtracts:
            b = [bit ^ 1 for bit in b]
        if len(a) < self.fabric.least_chain:
            total += self._rippled(a, b, TRUE if subtracts else FALSE)[0]
        else:
            total += self._chain((tuple(a), tuple(b)), compares=False)
        is_signed = any(bits[width - 1] != FALSE for bits in (left, right)) or subtracts
        return total + [total[-1] if is_signed else FALSE] * (width - high)

    def _rippled(
        self, a: list[Literal], b: list[Literal], carry: Literal
    ) -> tuple[list[Literal], Literal]:
        """Sum and carry of few bits, by gates."""
        gates, total = self.gates, []
        for x, y in zip(a, b, strict=True):
            differ = gates.differ(x, y)
            total.append(gates.differ(differ, carry))
            carry = gates.select(differ, carry, x)
        return total, carry

    def _chain(self, operands: tuple[tuple[Literal, ...], ...], *, compares: bool) -> list[Literal]:
        chain = Chain(operands, compares)
        leaves = [self.gates.leaf() for _ in range(1 if compares else len(operands[0]))]
        self.sources |= {leaf >> 1: ("chain", chain, bit) for bit, leaf in enumerate(leaves)}
        return leaves

    def _less(self, left: list[Literal], right: list[Literal], *, signed: bool) -> Literal:
        """Whether left < right."""
        gates = self.gates
        left, right = ([max(bit, FALSE) for bit in bits] for bits in (left, right))
        while len(left) > 1 and left[-1] == right[-1] and (not signed or left[-2:] == right[-2:]):
            left, right = left[:-1], right[:-1]
        if signed:  # signs count the other way round
            left, right = ([*bits[:-1], bits[-1] ^ 1] for bits in (left, right))
        while len(left) > 1 and left[0] == right[0]:
            left, right = left[1:], right[1:]
        constants = [all(bit <= TRUE for bit in bits) for bits in (left, right)]
        if constants[1]:
            value = sum(bit << place for place, bit in enumerate(right))
            if value & (value - 1) == 0:  # a power of two
                low = value.bit_length() - 1
                return gates.any_of(left[low:]) ^ 1 if value else FALSE
        if constants[0]:
            value = sum(bit << place for place, bit in enumerate(left)) + 1
            if value & (value - 1) == 0:
                return gates.any_of(right[value.bit_length() - 1 :])
        few = any(constants) and len(left) <= self.fabric.lut_inputs
        if few or len(left) < self.fabric.least_chain:
            # less: no carry out of left - right
            return self._rippled(left, [bit ^ 1 for bit in right], TRUE)[1] ^ 1
        operands = tuple(left), tuple(bit ^ 1 for bit in right)
        return self._chain(operands, compares=True)[0] ^ 1

    def _product(self, operator: Operator) -> list[Literal]:
        operands = tuple(
            tuple(max(bit, FALSE) for bit in self.bits(sig)) for sig in operator.inputs
        )
        product = Product(operands, operator.signed)
        leaves = [self.gates.leaf() for _ in range(operator.width)]
        self.sources |= {leaf >> 1: ("product", product) for leaf in leaves}
        return leaves

    def _shifted(self, operator: Operator) -> list[Literal]:
        value_sig, distance_sig = operator.inputs
        width = max(operator.width, len(self.bits(value_sig)))
        value = self._extended(value_sig, width, operator.signed)
        fill = value[-1] if operator.kind == "sshr" else FALSE
        for place, bit in enumerate(self.bits(distance_sig)):
            step = min(1 << place, width)
            if operator.kind == "shl":
                moved = [FALSE] * step + value[: width - step]
            else:
                moved = value[step:] + [fill] * step
            value = [self.gates.select(bit, m, v) for m, v in zip(moved, value, strict=True)]
        return value[: operator.width]

    # processes

    def _process(self, name: str) -> list[Literal]:
        state = [UNKNOWN] * self.module.wires[name].width
        self._run(self.module.processes[name], state)
        return state

    def _run(self, body: Body, state: list[Literal]) -> None:
        for statement in body:
            if isinstance(statement, Assign):
                target = statement.target
                state[target.start : target.start + target.width] = self.bits(statement.value)
            else:
                self._switch(statement, state)

    def _switch(self, switch: Switch, state: list[Literal]) -> None:
        select = self.bits(switch.select)
        ends: list[tuple[Sequence[str], list[Literal]]] = []
        for patterns, inner in switch.cases:
            end = list(state)
            self._run(inner, end)
            ends.append((patterns, end))
        changed = [
            bit for bit in range(len(state)) if any(end[bit] != state[bit] for _, end in ends)
        ]
        if not changed:
            return
        if self._is_table(select, switch):
            self._look_up(select, ends, state, changed)
            return
        for fitting, end in reversed(ends):
            condition = self._matches(select, fitting)
            for bit in changed:
                state[bit] = self.gates.select(condition, end[bit], state[bit])

    def _is_table(self, select: list[Literal], switch: Switch) -> bool:
        patterns = [pattern for patterns, _ in switch.cases for pattern in patterns]
        return (
            len(patterns) > 2
            and len(select) <= _WIDEST_TABLE
            and not any("-" in pattern for pattern in patterns)
        )

    def _matches(self, select: list[Literal], patterns: Sequence[str]) -> Literal:
        if not patterns:
            return TRUE
        gates = self.gates
        return gates.any_of(
            gates.all_of(
                max(bit, FALSE) ^ (sign == "0")
                for bit, sign in zip(select, reversed(pattern), strict=True)
                if sign != "-"
            )
            for pattern in patterns
        )

    def _look_up(
        self,
        select: list[Literal],
        ends: list[tuple[Sequence[str], list[Literal]]],
        state: list[Literal],
        changed: list[int],
    ) -> None:
        """A selection by all bits of a number: a tree."""
        rows: list[list[Literal] | None] = [None] * (1 << len(select))
        default = state
        for patterns, end in ends:
            if not patterns:
                default = end
                break
            for pattern in patterns:
                index = int(pattern, 2) if pattern else 0
                if rows[index] is None:
                    rows[index] = end
        filled = [default if row is None else row for row in rows]
        for bit in changed:
            column = [row[bit] for row in filled]
            for choice in select:
                column = [
                    column[i]
                    if column[i] == column[i + 1]
                    else self.gates.select(choice, column[i + 1], column[i])
                    for i in range(0, len(column), 2)
                ]
            (state[bit],) = column

    # registers

    def _controls(self, own: Literal, data: Literal, clock: str) -> FlipFlop:
        """What of a flip-flop's data is its reset and its enable."""
        gates, fabric = self.gates, self.fabric
        data, resets, value = self._without_resets(data)
        enables: list[Literal] = []
        while data in gates.selections and own in gates.selections[data][1:]:
            choice, true, false = gates.selections[data]
            data, enable = (true, choice) if false == own else (false, choice ^ 1)
            enables.append(enable)
        reset, enable = gates.any_of(resets), gates.all_of(enables)
        if enables and resets and (fabric.reset_needs_enable or not fabric.has_reset):
            enable = gates.either(enable, reset)
        if not fabric.has_reset:
            return FlipFlop(gates.select(reset, value, data), enable, FALSE, UNKNOWN, clock)
        if enables and not resets:  # a reset that the enable enables, too
            data, resets, value = self._without_resets(data)
            reset = gates.any_of(resets)
        return FlipFlop(data, enable, reset, value, clock)

    def _without_resets(self, data: Literal) -> tuple[Literal, list[Literal], Literal]:
        """What is chosen where no constant is; what chooses the constant, and which one it is."""
        resets: list[Literal] = []
        value = UNKNOWN
        while data in self.gates.selections:
            choice, true, false = self.gates.selections[data]
            if true in (FALSE, TRUE) and value in (UNKNOWN, true):
                value, data, reset = true, false, choice
            elif false in (FALSE, TRUE) and value in (UNKNOWN, false):
                value, data, reset = false, true, choice ^ 1
            else:
                break
            resets.append(reset)
        return data, resets, value
