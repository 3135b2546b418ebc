"""Operators become gates that compute what the operators mean."""

import random
from collections import Counter
from collections.abc import Mapping

import pytest

from nnhw.estimates import Fabric
from nnhw.estimates.gates import TRUE, Gates
from nnhw.estimates.lowering import Lowering
from nnhw.export.verilog.netlist import Module, Operator, Wire
from nnhw.export.verilog.processes import Assign, Switch
from nnhw.export.verilog.signals import Const, Slice

GATES_ONLY = Fabric(lut_inputs=4, least_chain=100, memory_cells=())
CHAINS = Fabric(lut_inputs=4, least_chain=3, memory_cells=())


def module_of(widths: Mapping[str, int], output: int) -> Module:
    """A module with input ports, and an output `y`."""
    module = Module("top")
    for name, width in widths.items():
        module.wires[name] = Wire(name, width, "input")
    module.wires["y"] = Wire("y", output, "output")
    module.ports = [*widths, "y"]
    return module


def readers(module: Module) -> Counter[str]:
    """How often wires are read."""
    return Counter(
        wire
        for sig in module.inputs()
        for wire in {piece.wire for piece in sig if isinstance(piece, Slice)}
    )


def evaluate(gates: Gates, literal: int, values: dict[int, int]) -> int:
    """A bit by the values of leaves."""
    node = literal >> 1
    if literal <= TRUE:
        return max(literal, 0)
    if node not in values:
        key = next(k for k, v in gates._known.items() if v == 2 * node)
        bits = [evaluate(gates, fanin, values) for fanin in key[1:]]
        values[node] = {
            0: lambda a, b: a & b,
            1: lambda a, b: a ^ b,
            2: lambda s, t, f: t if s else f,
        }[key[0]](*bits)
    return values[node] ^ (literal & 1)


def result(module: Module, given: Mapping[str, int], fabric: Fabric = GATES_ONLY) -> int:
    """The output for values of the inputs."""
    lowering = Lowering(module, fabric, {}, readers(module))
    values = {}
    for name, value in given.items():
        for bit, leaf in enumerate(lowering.wire(name)):
            values[leaf >> 1] = value >> bit & 1
    bits = [evaluate(lowering.gates, bit, values) for bit in lowering.wire("y")]
    return sum(bit << place for place, bit in enumerate(bits))


def signed(value: int, width: int) -> int:
    return value - (value >> (width - 1) << width)


MEANING = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


@pytest.mark.parametrize("kind", MEANING)
@pytest.mark.parametrize("is_signed", [False, True])
def test_operators(kind, is_signed):
    rng = random.Random(f"{kind} {is_signed}")
    for _ in range(30):
        widths = {"a": rng.randint(1, 6), "b": rng.randint(1, 6)}
        output = rng.randint(1, 8)
        module = module_of(widths, output)
        inputs = [(Slice("a", 0, widths["a"]),), (Slice("b", 0, widths["b"]),)]
        constant = rng.getrandbits(widths["b"]) if rng.random() < 0.5 else None
        if constant is not None:
            inputs[1] = (Const(f"{constant:0{widths['b']}b}"),)
        module.operators["y"] = Operator(kind, tuple(inputs), output, is_signed)
        given = {name: rng.getrandbits(width) for name, width in widths.items()}
        read = dict(given) if constant is None else {**given, "b": constant}
        if is_signed:
            read = {name: signed(value, widths[name]) for name, value in read.items()}
        expected = int(MEANING[kind](read["a"], read["b"])) % (1 << output)
        assert result(module, given) == expected, (inputs, output, given)


def test_sums_of_many_terms():
    rng = random.Random(1)
    for _ in range(30):
        module = module_of({"a": 4, "b": 4, "c": 4}, 7)
        module.wires["t"] = Wire("t", 6)
        a, b, c, t = (
            (Slice(name, 0, width),) for name, width in (("a", 4), ("b", 4), ("c", 4), ("t", 6))
        )
        module.operators["t"] = Operator(rng.choice(["add", "sub"]), (a, b), 6, True)
        outer = rng.choice(["add", "sub"])
        module.operators["y"] = Operator(outer, (c, t) if rng.random() < 0.5 else (t, c), 7, True)
        given = {name: rng.getrandbits(4) for name in "abc"}
        x, y, z = (signed(given[name], 4) for name in "abc")
        inner = MEANING[module.operators["t"].kind](x, y)
        left, right = (z, inner) if module.operators["y"].inputs[0] == c else (inner, z)
        assert result(module, given) == MEANING[outer](left, right) % 128


@pytest.mark.parametrize("kind", ["shl", "shr", "sshr"])
def test_shifts(kind):
    module = module_of({"a": 5, "n": 3}, 5)
    inputs = (Slice("a", 0, 5),), (Slice("n", 0, 3),)
    module.operators["y"] = Operator(kind, inputs, 5, kind == "sshr")
    for value in range(32):
        for distance in range(8):
            number = signed(value, 5) if kind == "sshr" else value
            moved = number << distance if kind == "shl" else number >> distance
            assert result(module, {"a": value, "n": distance}) == moved % 32


def test_a_process_takes_the_first_case_that_fits_and_the_last_assignment():
    module = module_of({"s": 2, "a": 3, "b": 3}, 3)
    a, b = ((Slice(name, 0, 3),) for name in "ab")
    whole = Slice("y", 0, 3)
    first = Switch((Slice("s", 0, 2),), ((("-1",), (Assign(whole, b),)), (("1-",), ())))
    module.processes["y"] = (Assign(whole, a), first, Assign(Slice("y", 0, 1), (Const("1"),)))
    for select in range(4):
        chosen = 5 if select & 1 else 2
        assert result(module, {"s": select, "a": 2, "b": 5}) == chosen | 1


def test_a_table():
    module = module_of({"s": 3}, 4)
    words = [3, 9, 9, 14, 0, 1, 7]
    cases = tuple(
        ((f"{index:03b}",), (Assign(Slice("y", 0, 4), (Const(f"{word:04b}"),)),))
        for index, word in enumerate(words)
    )
    switch = Switch((Slice("s", 0, 3),), cases)
    module.processes["y"] = (Assign(Slice("y", 0, 4), (Const("0000"),)), switch)
    assert [result(module, {"s": index}) for index in range(8)] == [*words, 0]


def test_adders_are_chains_of_what_is_not_plain():
    module = module_of({"a": 8, "b": 4}, 10)
    shifted = (Const("000"), Slice("b", 0, 4), Const("000"))
    module.operators["y"] = Operator("add", ((Slice("a", 0, 8),), shifted), 10, False)
    lowering = Lowering(module, CHAINS, {}, {})
    y, a = lowering.wire("y"), lowering.wire("a")
    assert y[:3] == a[:3]  # below what is added
    kinds = [lowering.sources[bit >> 1][0] for bit in y[3:] if bit > TRUE]
    assert kinds == ["chain"] * 6  # five bits and their carry


def test_long_chains_of_wires_are_no_problem():
    module = module_of({"a": 1}, 1)
    before = "a"
    for index in range(3000):
        wire = f"w{index}"
        module.wires[wire] = Wire(wire, 1)
        module.operators[wire] = Operator("not", ((Slice(before, 0, 1),),), 1)
        before = wire
    module.copies["y"] = (Slice(before, 0, 1),)
    assert result(module, {"a": 1}) == 1
