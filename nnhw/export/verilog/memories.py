"""Text of memories, in the form that synthesizers recognize as block RAM and ROM."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping

from .expressions import Expressions, constant
from .netlist import Memory, WritePort
from .signals import Sig, bits_of, part_of

BLOCK_ROWS = 16
"""Most words that one initial block sets."""


def memory_operands(memory: Memory) -> Iterator[Sig]:
    """What the text of a memory reads."""
    for read in memory.reads:
        yield from (read.address, read.enable)
    for write in memory.writes:
        yield write.address
        for enable, data in _runs(write):
            yield from (enable, data)


def contents_lines(memories: Mapping[str, Memory], files: Mapping[str, str]) -> Iterator[str]:
    """Initial contents of memories, by their identifiers.

    Parameters
    ----------
    files
        Names of the files that hold the contents, of those memories that have one.
    """
    uniform: dict[int, list[str]] = defaultdict(list)
    cleared: dict[int, list[str]] = defaultdict(list)
    for name, memory in memories.items():
        if name in files:
            yield f'initial $readmemh("{files[name]}", {name});'
        elif len(set(memory.words)) > 1 or memory.depth == 1:
            yield from _word_lines(name, memory)
        else:
            is_cleared = memory.writes and not memory.words[0]
            alike = cleared if is_cleared else uniform
            bits = f"{memory.words[0]:0{memory.width}b}"
            alike[memory.depth].append(f"{name}[row] = {constant(bits)};")
    yield from _fill_lines("fill", uniform)
    if cleared:
        yield "`ifndef SYNTHESIS // RAM powers up as zeros; synthesizers take long to unroll this"
        yield from _fill_lines("clear", cleared)
        yield "`endif"


def _word_lines(name: str, memory: Memory) -> Iterator[str]:
    """A statement for each word, in several blocks: Yosys takes a time that grows with the square
    of a block's length."""
    digits = -(-memory.width // 4)
    for start in range(0, memory.depth, BLOCK_ROWS):
        yield "initial begin"
        for row, word in enumerate(memory.words[start : start + BLOCK_ROWS], start):
            yield f"  {name}[{row}] = {memory.width}'h{word:0{digits}x};"
        yield "end"


def _fill_lines(verb: str, statements: Mapping[int, list[str]]) -> Iterator[str]:
    """Loops over all rows, one for each depth."""
    for depth, lines in statements.items():
        yield f"initial begin : {verb}_{depth}_rows"
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
