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

POWER_UP = "power_up"
"""Plusarg of simulators, +power_up=SEED: which random numbers RAM powers up with."""


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

    Memories that are written have none in silicon; simulators fill them with random numbers.

    Parameters
    ----------
    files
        Names of the files that hold the contents, of those memories that have one.
    """
    uniform: dict[int, list[str]] = defaultdict(list)
    powered_up: dict[str, Memory] = {}
    for name, memory in memories.items():
        if name in files:
            yield f'initial $readmemh("{files[name]}", {name});'
        elif memory.writes and not any(memory.words):
            powered_up[name] = memory
        elif len(set(memory.words)) > 1 or memory.depth == 1:
            yield from _word_lines(name, memory)
        else:
            bits = f"{memory.words[0]:0{memory.width}b}"
            uniform[memory.depth].append(f"{name}[row] = {constant(bits)};")
    yield from _fill_lines("fill", uniform)
    if powered_up:
        yield "`ifndef SYNTHESIS // RAM powers up with anything: in simulation with random numbers"
        for name, memory in powered_up.items():
            yield from _power_up_lines(name, memory)
        yield "`endif"


def _power_up_lines(name: str, memory: Memory) -> Iterator[str]:
    """Words of random numbers, the same in all simulators: the upper bits of what a linear
    congruential generator makes of the seed (Numerical Recipes, 1992, chapter 7.1)."""
    word = f"{name}[row]"
    is_wide = memory.width > 16
    yield f"initial begin : power_up_{name}"
    yield f"  integer row{', low' if is_wide else ''};"
    yield "  reg [31:0] noise;"
    yield f'  if (!$value$plusargs("{POWER_UP}=%d", noise)) noise = 32\'d1;'
    rows = f"  for (row = 0; row < {memory.depth}; row = row + 1)"
    if is_wide:
        yield rows
        yield f"    for (low = 0; low < {memory.width}; low = low + 16) begin"
        bits = f"{{{word}[{memory.width - 17}:0], noise[31:16]}}"
    else:
        yield f"{rows} begin"
        bits = f"noise[31:{32 - memory.width}]"
    indent = "      " if is_wide else "    "
    yield f"{indent}noise = noise * 32'd1664525 + 32'd1013904223;"
    yield f"{indent}{word} = {bits};"
    yield f"{indent[2:]}end"
    yield "end"


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


def logic_lines(memory: Memory, expressions: Expressions) -> Iterator[str]:
    """A read-only memory as logic, for flows in which nothing has initial contents."""
    (read,) = memory.reads
    address, data = expressions.value(read.address), expressions.wire(read.wire)
    bits, digits = sum(1 for _ in bits_of(read.address)), -(-memory.width // 4)
    yield f"always @(posedge {expressions.value(read.clock)}) begin"
    yield f"  case ({address})"
    last = memory.depth - 1
    for row, word in enumerate(memory.words):
        label = "default" if row == last else f"{bits}'d{row}"
        yield f"    {label}: {data} <= {memory.width}'h{word:0{digits}x};"
    yield "  endcase"
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
