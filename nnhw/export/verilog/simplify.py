"""Rewrites of single modules that make them shorter without changing what they do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial

from .netlist import Module, Operator
from .processes import Body, Switch
from .signals import Bit, Sig, Slice, bits_of, part_of, sig_of, width_of

#: Operators whose low bits depend on just the low bits of the inputs given here.
_LOW_BITS = {
    **dict.fromkeys(["add", "sub", "mul", "and", "or", "xor"], (0, 1)),
    **dict.fromkeys(["neg", "not", "shl"], (0,)),
    "mux": (1, 2),
}


def inline_copies(module: Module, is_own: Callable[[str], bool]) -> None:
    """Read what wires are copies of, so that only output ports remain as copies.

    Processes without a switch are copies, too, but for signals that `is_own` and that are composed
    of several. A wire with several names gets the best of them: that of a port, or else one that
    `is_own`.
    """
    simple = {
        wire: _value(module, wire, body)
        for wire, body in module.processes.items()
        if not any(isinstance(statement, Switch) for statement in body)
    }
    module.copies |= {wire: value for wire, value in simple.items() if not is_own(wire)}
    module.copies |= {
        wire: value
        for wire, value in simple.items()
        if module.whole_wire(sig_of(_resolve_sig(module, value))) is not None
    }
    for wire in module.copies:
        module.processes.pop(wire, None)

    values = {wire: sig_of(module.resolve(wire)) for wire in module.copies}
    names: dict[str, list[str]] = defaultdict(list)
    for wire, value in values.items():
        source = module.whole_wire(value)
        if source is not None:
            names[source].append(wire)
    module.map_inputs(partial(_substitute, values=values))
    module.copies = {
        wire: value for wire, value in values.items() if module.wires[wire].direction == "output"
    }
    better = {}
    for source, others in names.items():
        ports = [port for port in module.ports if port in others]
        owned = [] if is_own(source) else [wire for wire in others if is_own(wire)]
        if not module.wires[source].direction and (ports or owned):
            better[source] = (ports or owned)[0]
    _rename(module, better)


def _rename(module: Module, names: dict[str, str]) -> None:
    """Let wires that are values of `names`, copies of its keys, take the keys' places."""
    for old, new in names.items():
        module.copies.pop(new, None)
        module.wires[new].init = module.wires[old].init
        module.wires[new].attributes |= module.wires[old].attributes
    module.rename_drivers(names)
    values = {old: module.whole(new) for old, new in names.items()}
    module.map_inputs(partial(_substitute, values=values))


def _value(module: Module, wire: str, body: Body) -> Sig:
    """What assignments alone make of a wire."""
    bits: list[Bit] = ["x"] * module.wires[wire].width
    for statement in body:
        assert not isinstance(statement, Switch)
        start, width = statement.target.start, statement.target.width
        bits[start : start + width] = bits_of(statement.value)
    return sig_of(bits)


def _resolve_sig(module: Module, sig: Sig) -> list[Bit]:
    bits: list[Bit] = []
    for piece in sig:
        if isinstance(piece, Slice):
            bits += module.resolve(piece.wire)[piece.start : piece.start + piece.width]
        else:
            bits += bits_of((piece,))
    return bits


def _substitute(sig: Sig, values: dict[str, Sig]) -> Sig:
    """`sig` with wires replaced by their values."""
    if not any(isinstance(piece, Slice) and piece.wire in values for piece in sig):
        return sig
    bits: list[Bit] = []
    for piece in sig:
        if isinstance(piece, Slice) and piece.wire in values:
            bits += bits_of(part_of(values[piece.wire], piece.start, piece.width))
        else:
            bits += bits_of((piece,))
    return sig_of(bits)


def share_operators(module: Module, is_own: Callable[[str], bool]) -> None:
    """Compute once what several nameless wires compute alike."""
    while True:
        first: dict[Operator, str] = {}
        by_rank = sorted(module.operators, key=lambda wire: not _is_fixed(module, wire, is_own))
        for wire in by_rank:
            first.setdefault(module.operators[wire], wire)
        copies = {
            wire: module.whole(first[operator])
            for wire, operator in module.operators.items()
            if first[operator] != wire and not _is_fixed(module, wire, is_own)
        }
        if not copies:
            return
        for wire in copies:
            del module.operators[wire]
        module.map_inputs(partial(_substitute, values=copies))


def _is_fixed(module: Module, wire: str, is_own: Callable[[str], bool]) -> bool:
    return is_own(wire) or bool(module.wires[wire].direction)


def narrow_operators(module: Module, is_own: Callable[[str], bool]) -> None:
    """Do not compute high bits of nameless wires that nothing reads."""
    while True:
        used = _used_widths(module)
        changed = False
        for wire, operator in module.operators.items():
            inputs = _LOW_BITS.get(operator.kind)
            width = used.get(wire, operator.width)
            if inputs is None or width >= operator.width or _is_fixed(module, wire, is_own):
                continue
            changed = True
            module.wires[wire].width = width
            module.operators[wire] = Operator(
                operator.kind,
                tuple(
                    part_of(sig, 0, min(width, width_of(sig))) if index in inputs else sig
                    for index, sig in enumerate(operator.inputs)
                ),
                width,
                operator.signed,
            )
        if not changed:
            return


def _used_widths(module: Module) -> dict[str, int]:
    """Position of the highest bit that is read of each wire, plus one."""
    used: dict[str, int] = defaultdict(int)
    for sig in module.inputs():
        for piece in sig:
            if isinstance(piece, Slice):
                used[piece.wire] = max(used[piece.wire], piece.start + piece.width)
    return used
