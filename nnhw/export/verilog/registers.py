"""Registers in as few always blocks as possible, with the conditions under which they change."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .netlist import Module
from .processes import Assign, Body, Switch, retarget, targets
from .signals import Sig, Slice, is_constant


@dataclass(frozen=True, slots=True)
class Block:
    """Statements at the rising edge of a clock, with any number of registers as targets."""

    clock: Sig
    body: Body


def take_blocks(module: Module, is_own: Callable[[str], bool]) -> list[Block]:
    """Turn registers, and the processes that make just their next values, into blocks.

    Registers share a block if their conditions are the same in the same order. Those processes are
    removed from the module.
    """
    reads = Counter(
        piece.wire for sig in module.inputs() for piece in sig if isinstance(piece, Slice)
    )
    groups: dict[tuple[Sig, tuple], list[Body]] = defaultdict(list)
    for wire, register in module.registers.items():
        whole = Slice(wire, 0, module.wires[wire].width)
        source = module.whole_wire(register.data)
        if source in module.processes and reads[source] == 1 and not is_own(source):
            body = retarget(module.processes.pop(source), wire)
            if body[0] == Assign(whole, (whole,)):
                body = body[1:]  # a register holds its value anyway
        else:
            body = _assignments(module, whole, register.data)
        groups[register.clock, _conditions(body)].append(body)
    return [
        Block(clock, _reset_first(module, _merge(bodies))) for (clock, _), bodies in groups.items()
    ]


def _assignments(module: Module, target: Slice, value: Sig) -> Body:
    """Assignments of a value; of each of its pieces by itself if most are results of operators."""
    results = [piece for piece in value if module.whole_wire((piece,)) in module.operators]
    if 2 * len(results) <= len(value) or len(value) < 2:
        return (Assign(target, value),)
    statements = []
    start = 0
    for piece in value:
        statements.append(Assign(Slice(target.wire, start, piece.width), (piece,)))
        start += piece.width
    return tuple(statements)


def _conditions(body: Body) -> tuple:
    """The switches of statements, without the assignments."""
    return tuple(
        (switch.select, tuple((patterns, _conditions(inner)) for patterns, inner in switch.cases))
        for switch in body
        if isinstance(switch, Switch)
    )


def _merge(bodies: Sequence[Body]) -> Body:
    """One body that does what all of them do; their conditions are the same."""
    merged: list[Assign | Switch] = []
    rests = [list(body) for body in bodies]
    while True:
        for rest in rests:
            while rest and isinstance(rest[0], Assign):
                merged.append(rest.pop(0))
        heads = [rest.pop(0) for rest in rests if rest]
        switches = [switch for switch in heads if isinstance(switch, Switch)]
        if not switches:
            return tuple(merged)
        branches = zip(*(switch.cases for switch in switches), strict=True)
        cases = tuple((branch[0][0], _merge([inner for _, inner in branch])) for branch in branches)
        merged.append(Switch(switches[0].select, cases))


def _reset_first(module: Module, body: Body) -> Body:
    """Turn "statements; if (rst) resets" into "if (rst) resets else statements"."""
    *rest, last = body
    if not rest or not isinstance(last, Switch) or [p for p, _ in last.cases] != [("1",)]:
        return body
    resets = last.cases[0][1]
    reset = {
        statement.target.wire
        for statement in resets
        if isinstance(statement, Assign)
        and is_constant(statement.value)
        and (statement.target,) == module.whole(statement.target.wire)
    }
    if len(reset) < len(resets) or not reset.issuperset(targets(tuple(rest))):
        return body
    return (Switch(last.select, ((("1",), resets), ((), tuple(rest)))),)
