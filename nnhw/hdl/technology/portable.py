"""Multipliers and memories in plain Verilog, which synthesizers map to any device."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from amaranth.hdl import Array, Cat, Const, Module, Mux, Shape, Signal, Value, signed

from ..arithmetic import delay, named
from .budget import CellCount
from .memory_module import PortableMemory


def product_shape(a: Shape, b: Shape) -> Shape:
    """Shape of the product of two values, by their shapes."""
    return (Const(0, a) * Const(0, b)).shape()


def _sum_with_carry(a: Value, b: Value, carry: Value) -> Value:
    """a + b + carry by one adder: a one and the carry below their lowest bits carry into them."""
    low = Cat(Const(1, 1), a), Cat(carry, b)
    left, right = (
        value.as_signed() if term.shape().signed else value
        for value, term in zip(low, (a, b), strict=True)
    )
    return (left + right)[1:].as_signed() if (a + b).shape().signed else (left + right)[1:]


class Technology:
    """How multipliers, adders, accumulators, wide selections and memories are built.

    This is the portable way, without any vendor's cells. Technologies of devices inherit from it,
    so that it takes over wherever a device has no cell that fits. All have the same latencies: of
    two technologies, the hardware around cannot tell which one it has.

    An object is good for one design, whose cells it may count.

    Attributes
    ----------
    cells : CellCount
        What it has given so far.
    """

    def __init__(self) -> None:
        self.cells = CellCount()

    def shares_factors(
        self, activation_width: int, weight_width: int, *, symmetric: bool = False
    ) -> bool:
        """Whether two products of `multiply_shared` take fewer cells than two single ones.

        Parameters
        ----------
        symmetric
            Whether no weight is the least number of its width.
        """
        return False

    def borrows(self, activation_width: int, weight_width: int, *, symmetric: bool = False) -> bool:
        """Whether the first product of `multiply_shared` borrows from the second one.

        Both are fields of one number then, so that the upper one is less by one wherever the lower
        one is negative. Whoever adds the products up adds the sign of the lower one as a carry.
        """
        return False

    def reserve(self, products: int) -> None:
        """Say how many products the design is going to ask for; what is left after them is spare.

        Without a word nothing is.
        """

    @property
    def multipliers_left(self) -> Fraction | None:
        """How many multipliers are to be shared out yet; None if they go to whoever asks first."""
        return None

    def share(self, multipliers: Fraction | None) -> Technology:
        """A technology of the same kind for a part of the design.

        Parameters
        ----------
        multipliers
            As many as it can have: products beyond them are made by adding. None: not counted.
        """
        return type(self)()

    def multiply(self, m: Module, a: Value, b: Value, *, stages: int, name: str) -> Value:
        """The product of two values as it was `stages` cycles ago.

        Parameters
        ----------
        m
            Module that the hardware is added to.
        a, b
            Signed or unsigned, of any width; the product has the shape of `a * b`.
        stages
            Registers, at least 1.
        name
            For signals and cells.
        """
        product = Signal((a * b).shape(), name=name)
        m.d.comb += product.eq(a * b)
        return delay(m, product, stages, name=name)

    def multiply_all(
        self, m: Module, factors: Sequence[tuple[Value, Value]], *, stages: int, name: str
    ) -> list[Value]:
        """The products of pairs of values, like `multiply`; a cell may hold several of them."""
        return [
            self.multiply(m, a, b, stages=stages, name=f"{name}_{index}")
            for index, (a, b) in enumerate(factors)
        ]

    def multiply_shared(
        self,
        m: Module,
        a: Value,
        others: Sequence[Value],
        *,
        symmetric: bool = False,
        stages: int,
        name: str,
    ) -> list[Value]:
        """The products of one value with each of several others, like `multiply_all`.

        Of two that share a factor the first one may borrow from the second one: see `borrows`, and
        for `symmetric` what concerns the others, `shares_factors`.
        """
        return self.multiply_all(m, [(a, other) for other in others], stages=stages, name=name)

    def products_a_cell(
        self, activation_width: int, weight_width: int, *, symmetric: bool = False
    ) -> int:
        """How many products of the array share a multiplier cell, if all goes well."""
        return 1

    def add(
        self,
        m: Module,
        a: Value,
        b: Value,
        *,
        carry: Value | None = None,
        registered: bool,
        name: str,
    ) -> Value:
        """The sum of two values, and of a bit; of the cycle before if it is `registered`."""
        total = Signal((a + b).shape(), name=name, reset_less=True)
        result = a + b if carry is None else _sum_with_carry(a, b, carry)
        m.d["sync" if registered else "comb"] += total.eq(result)
        return total

    def add_gated(
        self,
        m: Module,
        a: Value,
        take_a: Value,
        b: Value,
        take_b: Value,
        *,
        subtract: bool,
        registered: bool,
        name: str,
    ) -> Value:
        """a + b, or a - b, of values that count only if a bit of each is set.

        Of the cycle before if it is `registered`.
        """
        left, right = Mux(take_a, a, 0), Mux(take_b, b, 0)
        result = left - right if subtract else left + right
        total = Signal(result.shape(), name=name, reset_less=True)
        m.d["sync" if registered else "comb"] += total.eq(result)
        return total

    def accumulate(
        self,
        m: Module,
        term: Value,
        *,
        enable: Value,
        first: Value,
        start: Value | None = None,
        carry: Value | None = None,
        clear: Value | None = None,
        width: int,
        name: str,
    ) -> Value:
        """A signed register that adds up the terms of the cycles with `enable`.

        Parameters
        ----------
        first
            This term is added to `start`, if any, and not to the terms before.
        carry
            A bit that belongs to the term.
        clear
            The register is zero in the next cycle, whatever else it is told.
        width
            Bits of the register.
        """
        total = Signal(signed(width), name=name, reset_less=True)
        with m.If(enable):
            before = Mux(first, 0 if start is None else start, total)
            m.d.sync += total.eq(
                before + term if carry is None else _sum_with_carry(before, term, carry)
            )
        if clear is not None:
            with m.If(clear):
                m.d.sync += total.eq(0)
        return total

    def mux(self, m: Module, choice: Value, high: Value, low: Value, *, name: str) -> Value:
        """`high` or `low`, by a bit: a step of a selection among the bytes of a wide word."""
        return named(m, Mux(choice, high, low), name)

    def select(self, m: Module, index: Value, values: Sequence[Value], *, name: str) -> Value:
        """One of several wide words, by its number, which is below their count."""
        return Array(values)[index]

    def fan_out(
        self, m: Module, value: Value, *, stages: int, leaves: int, name: str
    ) -> list[Value]:
        """A value as it was `stages` cycles ago, `leaves` times, each for a part of what it drives.

        The value may be a struct or an array.

        Here it is the same registers every time: whether to duplicate or to buffer them, the
        synthesizer decides.
        """
        return [delay(m, value, stages, name=name)] * leaves

    def rom(
        self,
        m: Module,
        address: Value,
        *,
        width: int,
        words: Sequence[int],
        address_stages: int,
        output_register: bool,
        name: str,
    ) -> Value:
        """The word of a read-only memory, a cycle after its address; two with `output_register`.

        Parameters
        ----------
        width
            Bits of a word.
        words
            Contents, unsigned, at least one.
        address_stages
            Registers that the address goes through first, a cycle each: a memory of many blocks is
            spread over the device.
        """
        (address,) = self.fan_out(
            m, address, stages=address_stages, leaves=1, name=f"{name}_address"
        )
        memory = PortableMemory(depth=len(words), width=width, words=words)
        m.submodules[name] = memory
        m.d.comb += memory.read_row.eq(address)
        return registered(m, memory.read_data, output_register, "word")

    def ram(
        self,
        m: Module,
        *,
        read_row: Value,
        write_enable: Value,
        write_row: Value,
        write_data: Value,
        depth: int,
        output_register: bool,
        read_enable: Value | None = None,
        register_enable: Value | None = None,
        name: str,
    ) -> Value:
        """A row of a memory, a cycle after its number; two with `output_register`.

        What a read gives of a row that is written in the same cycle is not to be relied on. There
        are no initial contents.

        Parameters
        ----------
        write_data
            As wide as the memory.
        depth
            Rows, at least 2.
        read_enable
            Whether a row is read, or the one that was read last stays; None: always.
        register_enable
            Whether the output register takes what was read, or keeps what it has; None: always. It
            is not to take anything without `read_enable`: whether it can then, depends on the
            device.
        """
        holds = read_enable is not None
        memory = PortableMemory(depth=depth, width=len(write_data), words=None, holds=holds)
        m.submodules[name] = memory
        if read_enable is not None:
            m.d.comb += memory.read_enable.eq(read_enable)
        m.d.comb += [
            memory.read_row.eq(read_row),
            memory.write_enable.eq(write_enable),
            memory.write_row.eq(write_row),
            memory.write_data.eq(write_data),
        ]
        return registered(
            m, memory.read_data, output_register, f"{name}_register", enable=register_enable
        )


def registered(
    m: Module, value: Value, is_registered: bool, name: str, *, enable: Value | None = None
) -> Value:
    """A memory's answer, or a register that takes it, whenever `enable` says so if there is one."""
    if not is_registered:
        return value
    register = Signal.like(value, name=name, reset_less=True)
    with m.If(Const(1) if enable is None else enable):
        m.d.sync += register.eq(value)
    return register
