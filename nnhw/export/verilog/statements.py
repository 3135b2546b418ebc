"""Text of the statements in always blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .expressions import Expressions
from .processes import Assign, Body, Switch
from .signals import Sig, part_of, width_of

LONGEST_IF = 80
"""Characters of a condition and its only assignment that share a line."""

Branch = tuple[Sig, str, Body]
"""A bit, the value that it must have ("" for any), and the statements to run then."""


def single_bits(select: Sig, patterns: Sequence[tuple[str, ...]]) -> list[tuple[Sig, str]] | None:
    """The bit that each case of a switch tests, and for what; None if any tests several bits."""
    tests = []
    width = width_of(select)
    for alternatives in patterns:
        if len(alternatives) != 1 or len(alternatives[0].strip("-")) != 1:
            return None
        (pattern,) = alternatives
        place = len(pattern.rstrip("-"))
        tests.append((part_of(select, width - place, 1), pattern[place - 1]))
    return tests


def branches(switch: Switch) -> list[Branch] | None:
    """A switch as an if-else chain; None if any case tests several bits."""
    cases = list(switch.cases)
    while cases and not cases[-1][1]:
        cases.pop()
    tests = single_bits(switch.select, [patterns for patterns, _ in cases if patterns])
    if tests is None:
        return None
    if len(cases) == 2 == len(tests) and tests[0][0] == tests[1][0] and tests[0][1] != tests[1][1]:
        tests.pop()
    tests += [((), "")] * (len(cases) - len(tests))
    chain = [(*test, inner) for test, (_, inner) in zip(tests, cases, strict=True)]
    if chain and not chain[-1][0] and len(chain[-1][2]) == 1:
        (statement,) = chain[-1][2]
        further = branches(statement) if isinstance(statement, Switch) else None
        if further is not None:  # "else if" in place of an "if" within an "else"
            chain[-1:] = further
    return chain


def reads(body: Body) -> tuple[list[Sig], list[Sig]]:
    """What statements read within expressions, and as whole right-hand sides."""
    operands: list[Sig] = []
    values: list[Sig] = []
    for statement in body:
        if isinstance(statement, Assign):
            values.append(statement.value)
            continue
        chain = branches(statement)
        if chain is None:
            operands.append(statement.select)
            bodies = [inner for _, inner in statement.cases]
        else:
            operands += [bit for bit, _, _ in chain]
            bodies = [inner for _, _, inner in chain]
        for inner in bodies:
            more_operands, more_values = reads(inner)
            operands += more_operands
            values += more_values
    return operands, values


def statement_lines(body: Body, expressions: Expressions) -> Iterator[str]:
    """Lines of nonblocking assignments, conditional ones indented by two spaces each."""
    for statement in body:
        if isinstance(statement, Assign):
            target, value = expressions.slice(statement.target), expressions.value(statement.value)
            yield f"{target} <= {value};"
            continue
        chain = branches(statement)
        if chain is None:
            yield from _case_lines(statement, expressions)
        else:
            yield from _if_lines(chain, expressions)


def _if_lines(chain: list[Branch], expressions: Expressions) -> Iterator[str]:
    for index, (bit, value, inner) in enumerate(chain):
        start = "end else " if index else ""
        condition = _condition(bit, value, expressions)
        lines = list(statement_lines(inner, expressions))
        if len(chain) == len(lines) == 1 and len(condition + lines[0]) <= LONGEST_IF:
            yield f"{condition}{lines[0]}"
            return
        yield f"{start}{condition}begin"
        yield from (f"  {line}" for line in lines)
    if chain:
        yield "end"


def _condition(bit: Sig, value: str, expressions: Expressions) -> str:
    if not value:
        return ""
    text = expressions.value(bit) if value == "1" else f"!{expressions.operand(bit, '!')}"
    return f"if ({text}) "


def _case_lines(switch: Switch, expressions: Expressions) -> Iterator[str]:
    has_any = any("-" in pattern for patterns, _ in switch.cases for pattern in patterns)
    yield f"{'casez' if has_any else 'case'} ({expressions.value(switch.select)})"
    for patterns, inner in switch.cases:
        labels = ", ".join(label(pattern) for pattern in patterns) or "default"
        lines = list(statement_lines(inner, expressions))
        if len(lines) < 2:
            yield f"  {labels}: {''.join(lines) or ';'}"
        else:
            yield f"  {labels}: begin"
            yield from (f"    {line}" for line in lines)
            yield "  end"
    if all(patterns for patterns, _ in switch.cases):
        yield "  default: ;"
    yield "endcase"


def label(pattern: str) -> str:
    """A pattern as a case label."""
    if "-" in pattern:
        return f"{len(pattern)}'b{pattern.replace('-', '?')}"
    return f"{len(pattern)}'d{int(pattern, 2)}"
