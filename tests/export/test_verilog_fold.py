"""Operators on constants: all small ones, and each rewrite rule, against what operators mean."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from reached import reached_lines, results
from test_verilog_passes import COMPARISONS, REDUCTIONS, evaluate, number

from nnhw.export.verilog import fold
from nnhw.export.verilog.fold import fold_constants
from nnhw.export.verilog.netlist import Module, Operator, Wire
from nnhw.export.verilog.signals import Const, Sig, Slice

P, Q = (Slice("p", 0, 2),), (Slice("q", 0, 2),)
INPUTS = {name: Wire(name, 2, "input") for name in "pq"}


def operands(sig: Sig, *, widths: tuple[int, ...] = (1, 2)) -> Iterator[Sig]:
    """Bits of a wire, and all constants, of these widths."""
    for width in widths:
        yield (Slice(sig[0].wire, 0, width),)
        for bits in itertools.product("01", repeat=width):
            yield (Const("".join(bits)),)


def multiplexers() -> Iterator[Operator]:
    for width in (1, 2):
        choices = [*operands(P, widths=(width,)), *operands(Q, widths=(width,))]
        for select in operands((Slice("p", 1, 1),), widths=(1,)):
            for pair in itertools.product(choices, choices):
                yield Operator("mux", (select, *pair), width)


def others(kind: str) -> Iterator[Operator]:
    if kind in REDUCTIONS:
        yield from (Operator(kind, (a,), width) for a in operands(P) for width in (1, 2))
    elif kind == "not":
        for a, signed in itertools.product(operands(P), (False, True)):
            yield Operator(kind, (a,), 2, signed)
    elif kind in ("shl", "shr", "sshr"):
        for a, b in itertools.product(operands(P), operands(Q)):
            yield Operator(kind, (a, b), 2, kind == "sshr")
    else:
        widths = (1,) if kind in COMPARISONS else (2, 3)
        pairs = itertools.product((*operands(P), P), (*operands(Q), P))
        for (a, b), width, signed in itertools.product(pairs, widths, (False, True)):
            yield Operator(kind, (a, b), width, signed)


def small_operators(kind: str) -> Iterator[Operator]:
    return multiplexers() if kind == "mux" else others(kind)


def folded(op: Operator) -> Operator | Sig:
    """What becomes of an operator."""
    module = Module("m", {**INPUTS, "$0": Wire("$0", op.width)})
    module.operators["$0"] = op
    while fold_constants(module):
        pass
    return module.copies.get("$0") or module.operators["$0"]


def means(found: Operator | Sig, values: dict[str, int]) -> int:
    return evaluate(found, values) if isinstance(found, Operator) else number(found, values)


def test_small_operators_keep_what_they_compute_and_reach_every_rule():
    rules = results(fold, fold._RULES.values())
    assert len(rules) > 15
    with reached_lines(fold) as lines:
        simpler = [(op, folded(op)) for kind in fold._RULES for op in small_operators(kind)]
    assert {text for line, text in rules.items() if line not in lines} == set()
    for op, found in simpler:
        if found == op:
            continue
        for p, q in itertools.product(range(4), repeat=2):
            values = {"p": p, "q": q}
            assert means(found, values) == evaluate(op, values), (op, found)


@pytest.mark.parametrize(
    ("if_false", "if_true", "wanted"),
    [
        ("0", P, "and"),
        (Q, "1", "or"),
        ("1", "0", "not"),
        (P, P, None),
        ("0", "1", None),  # the condition itself
    ],
)
def test_multiplexers_of_a_bit_become_gates(if_false, if_true, wanted):
    bits = [
        (Const(sig),) if isinstance(sig, str) else (Slice(sig[0].wire, 0, 1),)
        for sig in (if_false, if_true)
    ]
    found = folded(Operator("mux", ((Slice("q", 1, 1),), *bits), 1))
    assert (found.kind if isinstance(found, Operator) else None) == wanted
