"""Operators as Verilog expressions."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from .netlist import Module, Operator
from .signals import Const, Sig, Slice, bits_text, is_constant, width_of
from .widths import is_implicit

_SYMBOLS = {
    "mux": "?:",
    "add": "+",
    "sub": "-",
    "mul": "*",
    "and": "&",
    "or": "|",
    "xor": "^",
    "shl": "<<",
    "shr": ">>",
    "sshr": ">>>",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "not": "~",
    "neg": "-",
    "reduce_or": "|",
    "reduce_and": "&",
    "reduce_xor": "^",
    "reduce_bool": "|",
}
_OF_FLAGS = {"and": "&&", "or": "||", "not": "!"}
_REDUCTIONS = {"reduce_or", "reduce_and", "reduce_xor", "reduce_bool"}
_FLAGS = {"eq", "ne", "lt", "le", "gt", "ge", *_REDUCTIONS, *_OF_FLAGS}
_CHAINED = frozenset({"+", "&", "|", "^", "&&", "||"})

LONGEST = 72
"""Characters of an expression that is still written inside another one."""

LONGEST_VALUE = 110
"""Characters of an expression that is still written as the value of a register."""

SHORTEST = 24
"""Characters of an expression that is rather repeated than given a name."""


def constant(bits: str, *, signed: bool = False) -> str:
    """A sized constant: decimal if it is short, otherwise hexadecimal; binary if bits are open."""
    width = len(bits)
    if "x" in bits or (width == 1 and not signed):
        return f"{width}'b{bits}"
    value = int(bits, 2)
    if signed and bits[0] == "1" and "1" in bits[1:]:
        return f"-{width}'sd{(1 << width) - value}"
    if signed and bits[0] == "1":  # the least value: the sign of "-8'sd128" would get lost
        return f"{width}'sh{value:x}"
    if signed:
        return f"{width}'sd{value}"
    return f"{width}'d{value}" if width <= 12 else f"{width}'h{value:x}"


def range_of(width: int) -> str:
    """Range of a vector for its declaration, with a blank behind it; empty for a single bit."""
    return f"[{width - 1}:0] " if width > 1 else ""


class Expressions:
    """Texts of all that is read in a module.

    What is read once, and has no name that anybody chose, is written where it is read.

    Parameters
    ----------
    module
        Its operators' widths fit (see `fit_widths`).
    names
        Identifiers of wires; may be replaced later on.
    nameless
        Wires of operators that may be written inside of other expressions.
    operands
        All that is read within expressions, besides the inputs of operators.
    values
        All that is the whole right-hand side of an assignment.
    """

    def __init__(
        self,
        module: Module,
        names: Mapping[str, str],
        nameless: Iterable[str],
        *,
        operands: Iterable[Sig],
        values: Iterable[Sig],
    ):
        self._module = module
        self.names = names
        self._inlined: dict[str, bool] = {}
        self._nameless = set(nameless)
        self._as_operand, self._as_value = Counter[str](), Counter[str]()
        for op in module.operators.values():
            for sig in op.inputs:
                self._count(sig, self._as_operand)
                if is_implicit(op) and not op.signed and width_of(sig) < op.width:
                    self._nameless -= {wire for wire in self._wires(sig) if not self._is_flag(wire)}
        for sig in operands:
            self._count(sig, self._as_operand)
        for sig in values:
            whole = module.whole_wire(sig) is not None
            self._count(sig, self._as_value if whole else self._as_operand)

    def _wires(self, sig: Sig) -> set[str]:
        return {piece.wire for piece in sig if isinstance(piece, Slice)}

    def _count(self, sig: Sig, counter: Counter[str]) -> None:
        for piece, _ in itertools.groupby(sig):
            if isinstance(piece, Slice):
                counter[piece.wire] += 1
                if piece.width < self._module.wires[piece.wire].width:
                    self._nameless.discard(piece.wire)

    def _is_flag(self, wire: str) -> bool:
        """Whether an operator's text has its single bit whatever is around it."""
        op = self._module.operators.get(wire)
        return op is not None and op.width == 1 and op.kind in _FLAGS

    def is_inlined(self, wire: str) -> bool:
        """Whether the wire is written where it is read, so that it needs no name."""
        if wire not in self._nameless:
            return False
        if wire not in self._inlined:
            self._inlined[wire] = False  # should wires depend on each other in a circle
            op = self._module.operators[wire]
            uses = self._as_operand[wire] + self._as_value[wire]
            length = len(self._operator(op)[0])
            longest = LONGEST if self._as_operand[wire] else LONGEST_VALUE
            fits = length <= (longest if uses == 1 else SHORTEST)
            self._inlined[wire] = fits and not (is_implicit(op) and self._as_operand[wire])
        return self._inlined[wire]

    def value(self, sig: Sig) -> str:
        """Text for the right-hand side of an assignment."""
        wire = self._module.whole_wire(sig)
        if wire is not None and self.is_inlined(wire):
            return self._operator(self._module.operators[wire])[0]
        return self._concatenation(sig)

    def definition(self, wire: str) -> str:
        """Text for the right-hand side of the assignment of an operator's wire."""
        return self._operator(self._module.operators[wire])[0]

    def operand(self, sig: Sig, around: str = "") -> str:
        """Text as an operand of the operator with the symbol `around`, unary ones marked so."""
        wire = self._module.whole_wire(sig)
        if wire is None or not self.is_inlined(wire):
            return self._concatenation(sig)
        text, symbol = self._operator(self._module.operators[wire])
        is_plain = symbol == "!" and around != "!"
        return text if is_plain or (symbol == around and symbol in _CHAINED) else f"({text})"

    def sources(self, sig: Sig) -> Iterator[str]:
        """Wires whose names are in the text of `sig`."""
        for piece in sig:
            if isinstance(piece, Slice):
                if self.is_inlined(piece.wire):
                    for source in self._module.operators[piece.wire].inputs:
                        yield from self.sources(source)
                else:
                    yield piece.wire

    def wire(self, wire: str) -> str:
        """A wire's identifier."""
        return self.names[wire]

    def bit(self, wire: str, index: int) -> str:
        """Text of a single bit of a wire that has a name."""
        return self.slice(Slice(wire, index, 1))

    def slice(self, piece: Slice) -> str:
        """Text of bits of a wire that has a name."""
        name = self.names[piece.wire]
        if piece.width == self._module.wires[piece.wire].width:
            return name
        if piece.width == 1:
            return f"{name}[{piece.start}]"
        return f"{name}[{piece.start + piece.width - 1}:{piece.start}]"

    def _operator(self, op: Operator) -> tuple[str, str]:
        """An operator's text, and its symbol as `operand` takes it."""
        if op.kind == "mux":
            return self._mux(op)
        inputs = op.inputs
        symbol = _SYMBOLS[op.kind]
        if op.width == 1 and all(width_of(sig) == 1 for sig in inputs):
            symbol = _OF_FLAGS.get(op.kind, symbol)
        if op.kind == "sshr":
            text = f"$signed({self.value(inputs[0])}) >>> {self.operand(inputs[1], symbol)}"
        elif len(inputs) == 1:
            unary = symbol if symbol == "!" else f"unary {symbol}"
            sig = inputs[0]
            return f"{symbol}{self._signed(sig) if op.signed else self.operand(sig, unary)}", unary
        elif op.signed:
            text = f" {symbol} ".join(map(self._signed, inputs))
        else:
            text = f" {symbol} ".join(self.operand(sig, symbol) for sig in inputs)
        return text, symbol

    def _mux(self, op: Operator) -> tuple[str, str]:
        select, if_false, if_true = op.inputs
        if if_true == (Const("0"),):
            return f"!{self.operand(select, '!')} && {self.operand(if_false, '&&')}", "&&"
        if if_false == (Const("1"),):
            return f"!{self.operand(select, '!')} || {self.operand(if_true, '||')}", "||"
        wire = self._module.whole_wire(if_false)
        last = self.operand(if_false, "?:")
        if wire is not None and self.is_inlined(wire):
            text, symbol = self._operator(self._module.operators[wire])
            last = text if symbol == "?:" else last
        return f"{self.operand(select, '?:')} ? {self.operand(if_true, '?:')} : {last}", "?:"

    def _signed(self, sig: Sig) -> str:
        if is_constant(sig):
            return constant(bits_text(sig), signed=True)
        return f"$signed({self.value(sig)})"

    def _concatenation(self, sig: Sig) -> str:
        texts = []
        for piece, run in itertools.groupby(reversed(sig)):
            count = len(list(run))
            if isinstance(piece, Const):
                text = constant(piece.bits)
            elif self.is_inlined(piece.wire):
                text = self.definition(piece.wire)
            else:
                text = self.slice(piece)
            texts.append(text if count == 1 else f"{{{count}{{{text}}}}}")
        return texts[0] if len(texts) == 1 else f"{{{', '.join(texts)}}}"
