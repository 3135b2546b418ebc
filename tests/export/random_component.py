"""A component of random expressions, conditions and registers."""

from __future__ import annotations

import random

from amaranth.hdl import C, Cat, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

SHAPES = [unsigned(1), unsigned(3), unsigned(8), signed(2), signed(5), signed(8), signed(13)]


class RandomComponent(wiring.Component):
    """Outputs that are functions of inputs and registers, made of all operators.

    Parameters
    ----------
    seed : int
        Of all choices.
    outputs : int
        Number of outputs without a register and of outputs with one.
    """

    def __init__(self, seed: int, outputs: int = 40):
        self._rng = random.Random(seed)
        members = {f"in_{index}": In(shape) for index, shape in enumerate(SHAPES)}
        for index in range(outputs):
            members[f"direct_{index}"] = Out(self._shape())
            members[f"clocked_{index}"] = Out(self._shape())
        self._outputs = outputs
        super().__init__(members)

    def _shape(self) -> Shape:
        width = self._rng.randint(1, 20)
        return signed(width) if self._rng.random() < 0.4 else unsigned(width)

    def elaborate(self, platform):
        m = Module()
        self._leaves = [getattr(self, f"in_{index}") for index in range(len(SHAPES))]
        self._leaves += [getattr(self, f"clocked_{index}") for index in range(0, self._outputs, 3)]
        for index in range(self._outputs):
            target = getattr(self, f"direct_{index}")
            if index % 4:
                m.d.comb += target.eq(self._expression(4))
            else:
                self._statements(m, "comb", target, 3)
            if index % 3 == 1:
                self._leaves.append(target)
            target = getattr(self, f"clocked_{index}")
            if index % 4:
                self._statements(m, "sync", target, 3)
            else:
                m.d.sync += target.eq(self._expression(3))
        return m

    def _statements(self, m: Module, domain: str, target: Signal, depth: int) -> None:
        """Assignments to a target or a part of it, under conditions."""
        rng = self._rng
        for _ in range(rng.randint(1, 2)):
            kind = rng.randrange(4) if depth else 0
            if kind == 0:
                start = rng.randrange(len(target))
                part = rng.choice([target, target[start:]])
                m.d[domain] += part.eq(self._expression(2))
            elif kind == 1:
                with m.If(self._expression(2).bool()):
                    self._statements(m, domain, target, depth - 1)
                if rng.random() < 0.7:
                    with m.Elif(self._expression(1).bool()):
                        self._statements(m, domain, target, depth - 1)
                if rng.random() < 0.5:
                    with m.Else():
                        self._statements(m, domain, target, depth - 1)
            elif kind == 2:
                select = self._expression(1).as_unsigned()[:3]
                with m.Switch(select):
                    for pattern in self._patterns(len(select)):
                        with m.Case(*pattern):
                            self._statements(m, domain, target, depth - 1)
            else:
                with m.Switch(self.in_1):
                    for value in rng.sample(range(8), 6):
                        with m.Case(value):
                            m.d[domain] += target.eq(rng.getrandbits(len(target)))

    def _patterns(self, width: int) -> list[tuple[str, ...]]:
        rng = self._rng
        patterns = [
            tuple("".join(rng.choices("01-", k=width)) for _ in range(rng.randint(1, 2)))
            for _ in range(rng.randint(1, 4))
        ]
        return patterns if rng.random() < 0.6 else [*patterns, ()]

    def _expression(self, depth: int) -> Value:
        rng = self._rng
        if depth == 0 or rng.random() < 0.15:
            return self._leaf()
        a = self._expression(depth - 1)
        b = self._expression(depth - 1)
        a, b = a[: rng.randint(1, 14)] if rng.random() < 0.2 else a, b
        if rng.random() < 0.2:
            a = a.as_signed() if len(a) else a
        if len(a) + len(b) > 60:
            a, b = a[:9], b[:9].as_signed()
        match rng.randrange(20):
            case 0 | 1 | 2:
                return a + b
            case 3 | 4:
                return a - b
            case 5:
                return a * b
            case 6:
                return a & b
            case 7:
                return a | b
            case 8:
                return a ^ b
            case 9:
                return ~a
            case 10:
                return -a
            case 11:
                return a == b
            case 12:
                return rng.choice([a < b, a <= b, a > b, a >= b])
            case 13:
                return rng.choice([a.any(), a.all(), a.xor(), a.bool()])
            # Verilator 5.49 gets shifted shifts wrong: their distances are added without a carry
            case 14:
                return rng.choice(self._leaves[: len(SHAPES)]) >> b.as_unsigned()[:4]
            case 15:
                return rng.choice(self._leaves[: len(SHAPES)]) << b.as_unsigned()[:3]
            case 16:
                return Cat(a, b, rng.choice([a, C(2, 3)]))
            case 17:
                return rng.choice([a >> rng.randrange(5), a.shift_left(rng.randrange(4)), a != b])
        return Mux(self._expression(depth - 1), a, b)

    def _leaf(self) -> Value:
        rng = self._rng
        if rng.random() < 0.25:
            shape = rng.choice(SHAPES)
            return C(rng.choice([0, 1, -1, rng.getrandbits(8)]), shape)
        return rng.choice(self._leaves)
