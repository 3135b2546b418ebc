"""The rewrites of the netlist, against what operators mean."""

from __future__ import annotations

import itertools
import random

import pytest

from nnhw.export.verilog.fold import fold_constants
from nnhw.export.verilog.layout import COLUMNS, assignment, wrapped
from nnhw.export.verilog.names import identifier
from nnhw.export.verilog.netlist import Module, Operator, Wire
from nnhw.export.verilog.order import dependency_order
from nnhw.export.verilog.processes import Assign, Body, Switch
from nnhw.export.verilog.signals import Const, Sig, Slice, bits_of, part_of, sig_of, width_of
from nnhw.export.verilog.simplify import inline_copies, narrow_operators, share_operators
from nnhw.export.verilog.widths import fit_widths
from nnhw.frontend.identifier import verilog_identifier

REDUCTIONS = ("reduce_or", "reduce_and", "reduce_xor", "reduce_bool")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
KINDS = ("not", "neg", *REDUCTIONS, "add", "sub", "mul", "and", "or", "xor", "shl", "shr", "sshr")


def number(sig: Sig, values: dict[str, int], *, signed: bool = False) -> int:
    """What a signal stands for."""
    result = 0
    bits = list(bits_of(sig))
    for place, bit in enumerate(bits):
        value = int(bit) if isinstance(bit, str) else values[bit[0]] >> bit[1] & 1
        result |= value << place
    return result - (result >> (len(bits) - 1) << len(bits)) if signed and bits else result


def evaluate(op: Operator, values: dict[str, int]) -> int:
    """The result of an operator as RTLIL defines it, unsigned."""
    if op.kind == "mux":
        select, if_false, if_true = op.inputs
        return number(if_true if number(select, values) else if_false, values)
    a = number(op.inputs[0], values, signed=op.signed)
    mask = (1 << op.width) - 1
    if op.kind == "not":
        return ~a & mask
    if op.kind == "neg":
        return -a & mask
    if op.kind in REDUCTIONS:
        ones, width = number(op.inputs[0], values).bit_count(), width_of(op.inputs[0])
        return {"reduce_and": ones == width, "reduce_xor": ones % 2 == 1}.get(op.kind, ones > 0)
    b = number(op.inputs[1], values, signed=op.signed and op.kind not in ("shl", "shr", "sshr"))
    results = {
        "add": a + b,
        "sub": a - b,
        "mul": a * b,
        "and": a & b,
        "or": a | b,
        "xor": a ^ b,
        "eq": a == b,
        "ne": a != b,
        "lt": a < b,
        "le": a <= b,
        "gt": a > b,
        "ge": a >= b,
    }
    if op.kind in results:
        return int(results[op.kind]) & mask
    return (a << b if op.kind == "shl" else a >> b) & mask


def result(module: Module, wire: str, values: dict[str, int]) -> int:
    """The value of a wire of a module of operators and copies."""
    if wire in values:
        return values[wire]
    sig = module.copies.get(wire)
    sigs = [sig] if sig is not None else list(module.operators[wire].inputs)
    for piece in itertools.chain.from_iterable(sigs):
        if isinstance(piece, Slice) and piece.wire not in values:
            values = values | {piece.wire: result(module, piece.wire, values)}
    return number(sig, values) if sig is not None else evaluate(module.operators[wire], values)


def random_operator(rng: random.Random, wires: list[Wire], *, constants: float) -> Operator:
    """An operator with inputs from `wires`, such as Amaranth makes them."""

    def operand(width: int) -> Sig:
        if rng.random() < constants:
            return (Const("".join(rng.choices("01", k=width))),) if width else ()
        bits = [(wire.name, bit) for wire in wires for bit in range(wire.width)]
        start = rng.randrange(len(bits))
        return sig_of((bits + bits)[start : start + width])

    kind = rng.choice([*KINDS, *COMPARISONS, "mux"])
    width = rng.randint(1, 4)
    signed = rng.random() < 0.5
    if kind == "mux":
        inputs = (operand(1), operand(width), operand(width))
        signed = False
    elif kind in COMPARISONS or kind in REDUCTIONS:
        inputs = (operand(rng.randint(1, 4)), operand(rng.randint(1, 4)))[
            : 2 - (kind in REDUCTIONS)
        ]
        width, signed = 1, signed and kind not in REDUCTIONS
    elif kind in ("not", "neg"):
        inputs = (operand(rng.randint(1, width)),)
    elif kind in ("shl", "shr", "sshr"):
        inputs = (operand(rng.randint(1, width)), operand(rng.randint(1, 2)))
        signed = kind == "sshr" or (kind == "shl" and signed)
    else:
        inputs = (operand(rng.randint(1, width)), operand(rng.randint(1, width)))
    return Operator(kind, inputs, width, signed)


def random_module(seed: int, *, constants: float) -> Module:
    """Inputs p and q of 3 bits, and operators on them and on each other; the last one is y."""
    rng = random.Random(seed)
    module = Module("m", {name: Wire(name, 3, "input") for name in "pq"}, ports=["p", "q", "y"])
    for index in range(rng.randint(1, 5)):
        op = random_operator(rng, list(module.wires.values()), constants=constants)
        module.wires[f"${index}"] = Wire(f"${index}", op.width)
        module.operators[f"${index}"] = op
    source = f"${index}"
    start = rng.randrange(op.width)
    module.copies["y"] = (Slice(source, start, op.width - start),)
    module.wires["y"] = Wire("y", op.width - start, "output")
    return module


def table(module: Module) -> list[int]:
    """The value of y for all values of p and q."""
    return [result(module, "y", {"p": p, "q": q}) for p, q in itertools.product(range(8), range(8))]


def owns(wire: str) -> bool:
    return not wire.startswith("$")


@pytest.mark.parametrize("constants", [0.1, 0.6])
def test_passes_keep_what_operators_compute(constants):
    changed = set()
    for seed in range(300):
        module = random_module(seed, constants=constants)
        expected = table(module)
        before = dict(module.operators)
        inline_copies(module, owns)
        while fold_constants(module):
            inline_copies(module, owns)
        assert table(module) == expected, seed
        changed |= {op.kind for wire, op in before.items() if module.operators.get(wire) != op}
        share_operators(module, owns)
        narrow_operators(module, owns)
        assert table(module) == expected, seed
        fit_widths(module)
        assert table(module) == expected, seed
    assert len(changed) > 10


def test_equal_operators_are_shared():
    x = (Slice("x", 0, 4),)
    ops = {name: Operator("neg", (x,), 4) for name in ("$1", "$2", "named")}
    module = Module("m", {name: Wire(name, 4) for name in ("x", *ops)}, operators=dict(ops))
    module.operators["y"] = Operator("add", ((Slice("$1", 0, 4),), (Slice("$2", 0, 4),)), 4)
    module.wires["y"] = Wire("y", 4, "output")
    share_operators(module, owns)
    assert set(module.operators) == {"named", "y"}
    assert module.operators["y"].inputs == ((Slice("named", 0, 4),), (Slice("named", 0, 4),))


def test_bits_that_nothing_reads_are_not_computed():
    sum_op = Operator("add", ((Slice("x", 0, 8),), (Const("1"),)), 9)
    module = Module("m", {"x": Wire("x", 8), "$1": Wire("$1", 9), "y": Wire("y", 4, "output")})
    module.operators["$1"] = sum_op
    module.copies["y"] = (Slice("$1", 0, 4),)
    narrow_operators(module, owns)
    assert module.operators["$1"] == Operator("add", ((Slice("x", 0, 4),), (Const("1"),)), 4)
    assert module.wires["$1"].width == 4


def test_conditions_on_constants_vanish():
    target = Slice("y", 0, 1)

    def to(bit: str) -> Body:
        return (Assign(target, (Const(bit),)),)

    x = Slice("x", 0, 1)
    body = (
        *to("0"),
        Switch((Const("1"), x), ((("10",), to("0")), (("-0", "11"), to("1")), ((), to("0")))),
        Switch((Const("0"),), ((("1",), to("1")),)),
        Switch((Const("01"),), ((("-1",), to("0")), ((), to("1")))),
    )
    module = Module("m", {"x": Wire("x", 1), "y": Wire("y", 1, "output")}, processes={"y": body})
    assert fold_constants(module)
    assert module.processes["y"] == (
        *to("0"),
        Switch((x,), ((("1",), to("1")), ((), to("0")))),
        *to("0"),
    )
    assert not fold_constants(module)


def test_signals():
    sig = sig_of(["0", "1", ("a", 2), ("a", 3), ("b", 0), ("a", 4), "x"])
    assert sig == (Const("10"), Slice("a", 2, 2), Slice("b", 0, 1), Slice("a", 4, 1), Const("x"))
    assert width_of(sig) == 7
    assert sig_of(bits_of(sig)) == sig
    assert part_of(sig, 1, 3) == (Const("1"), Slice("a", 2, 2))
    assert part_of((Slice("a", 2, 4),), 1, 2) == (Slice("a", 3, 2),)
    assert part_of(sig, 3, 0) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("second$41", "second"),
        ("frames_out__payload.data", "frames_out_payload_data"),
        ("weights[3][0]", "weights_3_0"),
        ("read_aligner/bank_rows", "read_aligner_bank_rows"),
        ("output", "net_output"),
        ("logic$2", "net_logic"),
        ("Signal", "net_Signal"),
        ("frames$2.data", "frames_data"),
        ("$", "unnamed"),
    ],
)
def test_identifier(text, expected):
    assert identifier(text) == expected


@pytest.mark.parametrize("text", ["net", "8bit", "module", "tb", "a__b", "_a_", "größe", "-"])
def test_names_of_networks_are_kept(text):
    """The manifest and the testbench have the top module by this name."""
    name = verilog_identifier(text)
    assert identifier(name) == name


def test_wires_are_ordered_by_dependence():
    order, early = dependency_order({"a": ["b", "input"], "b": ["c"], "c": [], "d": ["a"]})
    assert (order, early) == (["c", "b", "a", "d"], set())
    order, early = dependency_order({"a": ["b"], "b": ["a"], "c": ["c"]})
    assert sorted(order) == ["a", "b", "c"]
    assert early == {"a", "c"}


@pytest.mark.parametrize(
    ("separator", "end", "start"), [(", ", ",", ""), (" && ", "", "&& "), (" + ", "", "")]
)
def test_lines_are_broken_at_the_best_blanks(separator, end, start):
    line = f"  assign y = {separator.join(f'name_{index} + 1' for index in range(30))};"
    lines = list(wrapped([line]))
    assert "".join(lines).replace(" ", "") == line.replace(" ", "")
    assert all(COLUMNS // 2 <= len(part) <= COLUMNS for part in lines[:-1])
    assert all(part.endswith(end) for part in lines[:-1])
    assert all(part.startswith(f"      {start}") for part in lines[1:])


def test_lines_without_blanks_stay_long():
    lines = ["  wire a = b;", f"    words[0] = 1024'h{'0' * 256};"]
    assert list(wrapped(lines)) == lines


def test_selections_are_broken_by_case():
    assert list(assignment("assign y =", "a ? b :\nc")) == ["assign y = a ? b : c;"]
    long = f"a ? {'b' * 60} :\n{'c' * 60}"
    assert list(assignment("assign y =", long)) == [
        "assign y =",
        f"  a ? {'b' * 60} :",
        f"  {'c' * 60};",
    ]
