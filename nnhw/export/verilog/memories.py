"""Text of memories, in the form that synthesizers recognize as block RAM and ROM."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping

from .expressions import Expressions, constant
from .netlist import Memory, WritePort
from .signals import Sig, bits_of, part_of


def memory_operands(memory: Memory) -> Iterator[Sig]:
    """What the text of a memory reads."""
    for read in memory.reads:
        yield from (read.address, read.enable)
    for write in memory.writes:
        yield write.address
        for enable, data in _runs(write):
            yield from (enable, data)


def contents_lines(memories: Mapping[str, Memory]) -> Iterator[str]:
    """Initial contents of memories, by their identifiers."""
    uniform: dict[int, list[str]] = defaultdict(list)
    for name, memory in memories.items():
        if len(set(memory.words)) == 1 < memory.depth:
            uniform[memory.depth].append(f"{name}[row] = {constant(memory.words[0])};")
            continue
        digits = -(-memory.width // 4)
        yield "initial begin"
        for row, word in enumerate(memory.words):
            yield f"  {name}[{row}] = {memory.width}'h{int(word, 2):0{digits}x};"
        yield "end"
    for depth, lines in uniform.items():
        yield f"initial begin : fill_{depth}_rows"
        yield "  integer row;"
        yield f"  for (row = 0; row < {depth}; row = row + 1) begin"
        yield from (f"    {line}" for line in lines)
        yield "  end"
        yield "end"


def port_lines(name: str, memory: Memory, expressions: Expressions) -> Iterator[str]:
    """Ports of the memory with the identifier `name`; reads give what was there before writes."""
    clocked: dict[Sig, list[str]] = defaultdict(list)
    for write in memory.writes:
        clocked[write.clock] += _write_lines(name, write, expressions)
    for read in memory.reads:
        word = f"{name}[{_address(read.address, expressions)}]"
        if read.clock:
            data = f"{expressions.wire(read.wire)} <= {word};"
            clocked[read.clock].append(_enabled(read.enable, data, expressions))
        else:
            yield f"assign {expressions.wire(read.wire)} = {word};"
    for clock, lines in clocked.items():
        yield f"always @(posedge {expressions.value(clock)}) begin"
        yield from (f"  {line}" for line in lines)
        yield "end"


def _write_lines(name: str, port: WritePort, expressions: Expressions) -> Iterator[str]:
    start = 0
    word = f"{name}[{_address(port.address, expressions)}]"
    runs = list(_runs(port))
    for enable, data in runs:
        width = sum(1 for _ in bits_of(data))
        place = f"[{start + width - 1}:{start}]" if len(runs) > 1 else ""
        start += width
        yield _enabled(enable, f"{word}{place} <= {expressions.value(data)};", expressions)


def _runs(port: WritePort) -> Iterator[tuple[Sig, Sig]]:
    """Pieces of the data that are written together: their enable bit, and they."""
    start = 0
    for _, run in itertools.groupby(bits_of(port.enable)):
        width = len(list(run))
        yield part_of(port.enable, start, 1), part_of(port.data, start, width)
        start += width


def _enabled(enable: Sig, statement: str, expressions: Expressions) -> str:
    condition = expressions.value(enable)
    return statement if condition == "1'b1" else f"if ({condition}) {statement}"


def _address(sig: Sig, expressions: Expressions) -> str:
    return expressions.value(sig) if sig else "0"
