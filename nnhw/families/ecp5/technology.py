"""Lattice ECP5: multipliers MULT18X18D and memory blocks DP16KD, with their own registers; FD1S3AX;
carry chains CCU2C.

Ports and parameters as in Lattice's "FPGA Libraries Reference Guide" and the technical notes
FPGA-TN-02204 (memory) and FPGA-TN-02205 (sysDSP), and as Yosys and nextpnr use them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import delay, named
from ...hdl.technology.blocks import Block, BlockShape
from ...hdl.technology.device import DeviceTechnology, MultiplierCell
from ...hdl.technology.register_tree import register_tree
from ..lattice import block_contents
from ..target import Resource
from .family import FAMILY

_REGISTERS = {
    1: ("OUTPUT",),
    2: ("PIPELINE", "OUTPUT"),
    3: ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT"),
}
"""Registers of MULT18X18D in use, by the number of stages."""


def _bits(kind: str, port: str, value: Value, width: int) -> dict[str, Value]:
    """Connections of the ports of one bit each, `port`0 and so on; of inputs a value extended."""
    sign = value[-1] if value.shape().signed else Const(0)
    return {
        f"{kind}_{port}{index}": value[index] if index < len(value) else sign
        for index in range(width)
    }


class Multiplier(MultiplierCell):
    """The product of two values out of a MULT18X18D with `stages` of its registers.

    Signed values take the upper bits of the cell's inputs, above zeros that need no wires: copies
    of their signs would crowd the way to the cell.
    """

    def elaborate(self, platform):
        m = Module()
        product = Signal(36)
        a, b = (Cat(Const(0, _zeros(value)), value) for value in (self.a, self.b))
        parameters = {
            f"p_REG_{register}_{kind}": value
            for register in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")
            for kind, value in (
                ("CLK", "CLK0" if register in _REGISTERS[self.stages] else "NONE"),
                ("CE", "CE0"),
                ("RST", "RST0"),
            )
        }
        m.submodules.dsp = Instance(
            "MULT18X18D",
            **parameters,
            p_GSR="DISABLED",
            i_CLK0=ClockSignal(),
            i_CE0=1,
            i_RST0=0,
            **_bits("i", "A", a, 18),
            **_bits("i", "B", b, 18),
            i_SIGNEDA=int(self.a.shape().signed),
            i_SIGNEDB=int(self.b.shape().signed),
            i_SOURCEA=0,
            i_SOURCEB=0,
            **_bits("o", "P", product, 36),
        )
        m.d.comb += self.product.eq(product[_zeros(self.a) + _zeros(self.b) :])
        return m


def _zeros(factor: Signal) -> int:
    """Zeros below a factor."""
    return 18 - len(factor) if factor.shape().signed else 0


class Register(wiring.Component):
    """Flip-flops FD1S3AX, which Yosys does not merge with others of the same contents.

    Parameters
    ----------
    width : int

    Members
    -------
    value : In(width)
    registered : Out(width)
        A cycle later.
    """

    def __init__(self, width: int):
        self.width = width
        super().__init__({"value": In(width), "registered": Out(width)})

    def elaborate(self, platform):
        m = Module()
        for index in range(self.width):
            bit = Signal(name=f"bit_{index}")
            m.submodules[f"ff_{index}"] = Instance(
                "FD1S3AX",
                p_GSR="DISABLED",
                i_D=self.value[index],
                i_CK=ClockSignal(),
                o_Q=bit,
            )
            m.d.comb += self.registered[index].eq(bit)
        return m


_CHOOSE_AND_ADD = 0x569A
"""Look-up table of a bit of a CCU2C whose inputs are a term, a choice, and two further terms: it
adds the first term and C or, with the choice, D. The carry of equal bits is the first term, which
must be what the table holds for C = D = 0."""


def _carry_chain(m: Module, table: int, inputs: Sequence[Sequence[Value]], first: Value) -> Value:
    """What CCU2C with the same look-up table for every bit add up.

    Parameters
    ----------
    inputs
        A, B, C and D of every bit.
    first
        Carry of the lowest bit.
    """
    # tools warn of outputs that nothing is connected to, so that an odd chain has a bit too much
    total = Signal(len(inputs) + len(inputs) % 2, name="chain")
    carry = first
    for low in range(0, len(inputs), 2):
        out = Signal(name=f"carry_{low}")
        ports: dict[str, Value | str] = {}
        for half in range(2):
            bits = inputs[low + half] if low + half < len(inputs) else [Const(0)] * 4
            ports |= {f"i_{kind}{half}": bit for kind, bit in zip("ABCD", bits, strict=True)}
            ports |= {f"p_INIT{half}": Const(table, 16), f"p_INJECT1_{half}": "NO"}
            ports[f"o_S{half}"] = total[low + half]
        m.submodules[f"bits_{low}"] = Instance("CCU2C", i_CIN=carry, o_COUT=out, **ports)
        carry = out
    return total[: len(inputs)]


_ADD_GATED = 0x7888
_SUBTRACT_GATED = 0x8777
"""Look-up tables of a bit of a CCU2C that adds A & B, or its complement, and C & D. The carry of
equal bits is the former, which must be what the table holds for C = D = 0."""


class GatedAdder(wiring.Component):
    """`Technology.add_gated` without its register: two bits a CCU2C.

    Yosys makes the gates in look-up tables of their own, which takes three times as many.

    Parameters
    ----------
    a, b : Shape
    subtract : bool

    Members
    -------
    a, b : In
    take_a, take_b : In(1)
    total : Out
        In the same cycle.
    """

    def __init__(self, a: Shape, b: Shape, *, subtract: bool):
        self.subtract = subtract
        left, right = Const(0, a), Const(0, b)
        total = (left - right if subtract else left + right).shape()
        super().__init__(
            {"a": In(a), "take_a": In(1), "b": In(b), "take_b": In(1), "total": Out(total)}
        )

    def elaborate(self, platform):
        m = Module()
        width = len(self.total)
        a, b = (_extended(value, width) for value in (self.a, self.b))
        table = _SUBTRACT_GATED if self.subtract else _ADD_GATED
        inputs = [(b[bit], self.take_b, a[bit], self.take_a) for bit in range(width)]
        m.d.comb += self.total.eq(_carry_chain(m, table, inputs, first=Const(self.subtract, 1)))
        return m


def _extended(value: Signal, width: int) -> Value:
    sign = value[-1] if value.shape().signed else Const(0)
    return Cat(value, *[sign] * (width - len(value)))


class Accumulator(wiring.Component):
    """A register and an adder for what it held or something else: two bits a CCU2C.

    Yosys chooses in look-up tables of their own, which takes twice as many.

    Parameters
    ----------
    width : int

    Members
    -------
    term : In(signed(width))
    enable : In(1)
        Add the term.
    first : In(1)
        To `start`, and not to the register.
    start : In(signed(width))
    carry : In(1)
        Belongs to the term.
    clear : In(1)
        The register is zero in the next cycle, whatever else it is told.
    total : Out(signed(width))
        The register.
    """

    def __init__(self, width: int):
        self.width = width
        number = signed(width)
        super().__init__(
            {
                **{"term": In(number), "enable": In(1), "first": In(1), "start": In(number)},
                **{"carry": In(1), "clear": In(1), "total": Out(number)},
            }
        )

    def elaborate(self, platform):
        m = Module()
        register = Signal(signed(self.width), name="register", reset_less=True)
        m.d.comb += self.total.eq(register)
        inputs = [
            (self.term[bit], self.first, register[bit], self.start[bit])
            for bit in range(self.width)
        ]
        following = _carry_chain(m, _CHOOSE_AND_ADD, inputs, first=self.carry)
        with m.If(self.clear):
            m.d.sync += register.eq(0)
        with m.Elif(self.enable):
            m.d.sync += register.eq(following)
        return m


_ADDRESS_BITS = {1: 0, 2: 1, 4: 2, 9: 3, 18: 4, 36: 5}
"""Address bits below the row number, by the width of a word: of single bits, without parity."""


class BlockRam(Block):
    """A memory block DP16KD: port A writes, port B reads.

    A word of 36 bits takes the data of both ports: port A has the lower half. Parameters and
    members: see `Block`.
    """

    def elaborate(self, platform):
        m = Module()
        low, high = Signal(18), Signal(18)
        writes = self.words is None
        enable = self.write_enable if writes else Const(0)
        row = self.write_row if writes else Const(0)
        value = self.write_data if writes else Const(0)
        register = "OUTREG" if self.output_register else "NOREG"
        reads = self.read_enable if self.holds else Const(1)
        takes = self.register_enable if self.holds and self.output_register else Const(1)
        m.submodules.ram = Instance(
            "DP16KD",
            p_DATA_WIDTH_A=self.shape.width,
            p_DATA_WIDTH_B=self.shape.width,
            p_REGMODE_A=register,
            p_REGMODE_B=register,
            p_RESETMODE="SYNC",
            p_ASYNC_RESET_RELEASE="SYNC",
            p_CSDECODE_A="0b000",
            p_CSDECODE_B="0b000",
            p_WRITEMODE_A="NORMAL",
            p_WRITEMODE_B="NORMAL",
            p_GSR="DISABLED",
            **{
                f"p_{name}": Const(value, 320)
                for name, value in block_contents(self.words or (), self.shape.width, piece=18)
            },
            **self._port("A", enable, row, value, int(writes), Const(1)),
            **self._port("B", reads, self.read_row, Const(0), 0, takes),
            **_bits("o", "DOA", low, 18),
            **_bits("o", "DOB", high, 18),
        )
        # a word of up to 18 bits comes from port B, which is the upper half of a wider one
        m.d.comb += self.read_data.eq(high if self.shape.width <= 18 else Cat(low, high))
        return m

    def _port(
        self, port: str, enable: Value, row: Value, value: Value, writes: int, takes: Value
    ) -> dict:
        """Inputs of port A or B; `takes`: the output register."""
        lowest = _ADDRESS_BITS[self.shape.width]
        # of a word of several bytes, the lowest address bits say which ones to write
        bytes_enabled = (1 << (self.shape.width // 9)) - 1 if writes and lowest > 3 else 0
        return {
            f"i_CLK{port}": ClockSignal(),
            f"i_CE{port}": enable,
            f"i_OCE{port}": takes,
            f"i_WE{port}": writes,
            f"i_RST{port}": 0,
            **{f"i_CS{port}{index}": 0 for index in range(3)},
            **_bits("i", f"AD{port}", Cat(Const(bytes_enabled, lowest), row), 14),
            **_bits("i", f"DI{port}", value, 18),
        }


def _register(m: Module, value: Value, name: str) -> Value:
    register = Register(len(value))
    m.submodules[name] = register
    m.d.comb += register.value.eq(value)
    return register.registered


class Ecp5(DeviceTechnology):
    """Lattice ECP5."""

    # of the largest device: a synthesizer would take more, and the design would not fit
    capacity = Fraction(FAMILY.most(Resource.DSPS))
    multiplier_cell = Multiplier
    block_cell = BlockRam
    limb_width = 18
    most_stages = 3
    blocks_hold = True
    ram_shapes = (
        BlockShape(1024, 18),
        BlockShape(2048, 9),
        BlockShape(4096, 4),
        BlockShape(8192, 2),
        BlockShape(16384, 1),
    )
    rom_shapes = (BlockShape(512, 36), *ram_shapes)

    def multipliers_there(self, products: int) -> Fraction | None:
        """See `DeviceTechnology`. Of no device in particular: those of the smallest one that has
        enough."""
        if self.is_share:
            return self.capacity
        return Fraction(FAMILY.least(Resource.DSPS, products))

    def shares_factors(
        self, activation_width: int, weight_width: int, *, symmetric: bool = False
    ) -> bool:
        """See `Technology`: beside activations of 8 bits weights of 4, or symmetric ones of 5."""
        return activation_width + 2 * weight_width + 1 - 2 * symmetric <= self.limb_width

    def borrows(self, activation_width: int, weight_width: int, *, symmetric: bool = False) -> bool:
        """See `Technology`."""
        return self.shares_factors(activation_width, weight_width, symmetric=symmetric)

    def products_a_cell(
        self, activation_width: int, weight_width: int, *, symmetric: bool = False
    ) -> int:
        """See `Technology`."""
        return 1 + self.shares_factors(activation_width, weight_width, symmetric=symmetric)

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
        """See `Technology`. Two narrow factors are fields of one factor of a MULT18X18D.

        With k bits a product, a * (b_1 * 2**k + b_0) has a * b_0 in its lowest k bits, and above
        them a * b_1, less what a negative a * b_0 borrows.
        """
        low, high = others
        if not self.shares_factors(len(a), len(low), symmetric=symmetric):
            return super().multiply_shared(m, a, others, stages=stages, name=name)
        k = len(a) + len(low) - symmetric
        if not self.take(Fraction(1)):
            products = super().multiply_shared(m, a, others, stages=stages, name=name)
            return [products[0], (products[1] - products[0][-1])[:k].as_signed()]
        # a symmetric factor less one still has its width
        borrowed = Signal(signed(len(high) + 1 - symmetric), name=f"{name}_high")
        m.d.comb += borrowed.eq(high - low[-1])
        both = Cat(low, [low[-1]] * (k - len(low)), borrowed).as_signed()
        before = max(0, stages - self.most_stages)
        product = self.multiplier(
            m,
            delay(m, a, before, name=f"{name}_a"),
            delay(m, named(m, both, f"{name}_both"), before, name=f"{name}_both"),
            stages - before,
            name,
        )
        return [product[:k].as_signed(), product[k : 2 * k].as_signed()]

    def fan_out(
        self, m: Module, value: Value, *, stages: int, leaves: int, name: str
    ) -> list[Value]:
        """See `Technology`. A tree of registers."""
        return register_tree(m, _register, value, stages=stages, leaves=leaves, name=name)

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
        """See `Technology`. A chain of CCU2C."""
        m.submodules[name] = adder = GatedAdder(a.shape(), b.shape(), subtract=subtract)
        m.d.comb += [
            adder.a.eq(a),
            adder.take_a.eq(take_a),
            adder.b.eq(b),
            adder.take_b.eq(take_b),
        ]
        return delay(m, adder.total, int(registered), name=name)

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
        """See `Technology`. A chain of CCU2C."""
        m.submodules[name] = accumulator = Accumulator(width)
        m.d.comb += [
            accumulator.term.eq(term),
            accumulator.enable.eq(enable),
            accumulator.first.eq(first),
            accumulator.start.eq(0 if start is None else start),
            accumulator.carry.eq(0 if carry is None else carry),
            accumulator.clear.eq(0 if clear is None else clear),
        ]
        return accumulator.total


TECHNOLOGY = Ecp5
