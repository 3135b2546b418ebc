"""Processes without registers, as continuous assignments and tables.

Always blocks without a clock are avoided: for Verilog-2005's `always @*` to run, one of its inputs
has to change, which constants and initial values never do.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from .expressions import Expressions, constant, range_of
from .netlist import Module
from .processes import Assign, Body, Switch
from .signals import Sig, Slice, bits_of, bits_text, is_constant, part_of, sig_of, width_of
from .statements import label, single_bits


@dataclass(frozen=True, slots=True)
class Choice:
    """The value of the first case one of whose patterns fits (see `Switch`), else the last one."""

    select: Sig
    patterns: tuple[tuple[str, ...], ...]
    values: tuple[Selection, ...]
    otherwise: Selection


Selection = Sig | Choice
"""A signal, or a choice between selections."""


def selections(module: Module, wire: str) -> list[tuple[Slice, Selection]]:
    """What a process assigns to its target, by the parts that it assigns as a whole."""
    body = module.processes[wire]
    width = module.wires[wire].width
    borders = sorted({0, width, *_borders(body)})
    parts = [Slice(wire, start, end - start) for start, end in itertools.pairwise(borders)]
    return [(part, _select(body, part, ())) for part in parts]


def _borders(body: Body) -> Iterator[int]:
    for statement in body:
        if isinstance(statement, Assign):
            yield statement.target.start
            yield statement.target.start + statement.target.width
        else:
            for _, inner in statement.cases:
                yield from _borders(inner)


def _select(body: Body, part: Slice, value: Selection) -> Selection:
    """The value of `part` after statements, if it was `value` before."""
    for statement in body:
        if isinstance(statement, Assign):
            offset = part.start - statement.target.start
            if 0 <= offset < statement.target.width:
                value = part_of(statement.value, offset, part.width)
            continue
        values = [_select(inner, part, value) for _, inner in statement.cases]
        patterns = [alternatives for alternatives, _ in statement.cases]
        otherwise = values.pop() if patterns[-1] == () or _is_complete(statement) else value
        while values and values[-1] == otherwise:
            values.pop()
        value = otherwise
        if values:
            kept = tuple(patterns[: len(values)])
            value = Choice(statement.select, kept, tuple(values), otherwise)
    return value


def _is_complete(switch: Switch) -> bool:
    """Whether every value of a switch's signal has a case of its own."""
    found = {pattern for patterns, _ in switch.cases for pattern in patterns if "-" not in pattern}
    return len(found) == 1 << width_of(switch.select)


def is_table(selection: Selection) -> bool:
    """Whether the selection is one of several constants, by number."""
    return (
        isinstance(selection, Choice)
        and len(selection.values) > 2
        and single_bits(selection.select, selection.patterns) is None
        and _is_exclusive(selection)
        and all(
            not isinstance(value, Choice) and is_constant(value)
            for value in (*selection.values, selection.otherwise)
        )
    )


def _is_exclusive(choice: Choice) -> bool:
    """Whether no value fits two patterns."""
    patterns = [pattern for alternatives in choice.patterns for pattern in alternatives]
    return len(set(patterns)) == len(patterns) and not any("-" in p for p in patterns)


def operands(selection: Selection) -> Iterator[Sig]:
    """What the text of a selection reads, but for a selection that is a single signal."""
    if not isinstance(selection, Choice):
        return
    if is_table(selection):
        yield selection.select
        return
    yield from (sig for test in _tests(selection) for sig, _ in test)
    for value in (*selection.values, selection.otherwise):
        if isinstance(value, Choice):
            yield from operands(value)
        else:
            yield value


def signals(selection: Selection) -> Iterator[Sig]:
    """Everything that the text of a selection reads."""
    return operands(selection) if isinstance(selection, Choice) else iter([selection])


def _tests(choice: Choice) -> list[list[tuple[Sig, str]]]:
    """Of every case the signals to compare, and with what; one of them has to fit."""
    return [[_test(choice.select, pattern) for pattern in case] for case in choice.patterns]


def _test(select: Sig, pattern: str) -> tuple[Sig, str]:
    """The bits that a pattern does not leave open."""
    bits = list(bits_of(select))
    tested = [place for place, value in enumerate(reversed(pattern)) if value != "-"]
    return sig_of(bits[place] for place in tested), pattern.replace("-", "")


def selection_text(selection: Selection, expressions: Expressions) -> str:
    """Text for the right-hand side of an assignment; every case begins on a new line."""
    if not isinstance(selection, Choice):
        return expressions.value(selection)
    text = ""
    for test, value in zip(_tests(selection), selection.values, strict=True):
        text += f"{_condition(test, expressions)} ? {_nested(value, expressions)} :\n"
    otherwise = selection.otherwise
    if isinstance(otherwise, Choice):
        return text + selection_text(otherwise, expressions)
    return text + expressions.operand(otherwise, "?:")


def _nested(selection: Selection, expressions: Expressions) -> str:
    if isinstance(selection, Choice):
        return f"({selection_text(selection, expressions)})".replace("\n", " ")
    return expressions.operand(selection, "?:")


def _condition(test: list[tuple[Sig, str]], expressions: Expressions) -> str:
    ((sig, value), *more) = test
    if not more and value == "1":
        return expressions.operand(sig, "?:")
    if not more and value == "0":
        return f"!{expressions.operand(sig, '!')}"
    texts = [f"{expressions.operand(sig, '==')} == {label(value)}" for sig, value in test]
    return f"({' || '.join(texts)})"


def table_lines(name: str, choice: Choice) -> Iterator[str]:
    """A function with the name `name` that computes a selection that `is_table`."""
    assert not isinstance(choice.otherwise, Choice)
    labels: dict[Selection, list[str]] = defaultdict(list)
    for patterns, value in zip(choice.patterns, choice.values, strict=True):
        labels[value] += map(label, patterns)
    labels.pop(choice.otherwise, None)
    yield f"function {range_of(width_of(choice.otherwise))}{name};"
    yield f"  input {range_of(width_of(choice.select))}select;"
    yield "  case (select)"
    for value, names in labels.items():
        yield f"    {', '.join(names)}: {name} = {_constant(value)};"
    yield f"    default: {name} = {_constant(choice.otherwise)};"
    yield "  endcase"
    yield "endfunction"


def _constant(selection: Selection) -> str:
    assert not isinstance(selection, Choice)
    return constant(bits_text(selection))
