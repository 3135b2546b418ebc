"""What goes into and out of each memory for a frame."""

from __future__ import annotations

from dataclasses import dataclass

from ..machine.operands import (
    ACTIVATIONS,
    FRAMES,
    OPERANDS,
    PARAMETERS,
    RESIDUALS,
    WEIGHTS,
    Operand,
)
from .program import Layer, Program


@dataclass(frozen=True, kw_only=True)
class MemoryTraffic:
    """A memory, and what a frame takes to and from it.

    Parameters
    ----------
    name
        As in reports.
    bits
        What it holds.
    read_bits, written_bits
        Of a frame: whole words where it is read, results and inputs where it is written.
    """

    name: str
    bits: int
    read_bits: int
    written_bits: int


def count_traffic(program: Program) -> tuple[MemoryTraffic, ...]:
    """Traffic of the memories that the array and its requantizers have, by the program alone.

    Each fetch reads a word of weights and a row of activations, in the memory that its tensor is
    in; each drain step a word of parameters, and of residuals where it adds some. Those that there
    are not are left out.
    """
    config, widths = program.config, program.machine.datapath.widths
    reads = dict.fromkeys(OPERANDS, 0)
    written = dict.fromkeys(OPERANDS, 0) | {FRAMES: 8 * program.input_size}
    for layer in program.layers:
        fetches, steps = layer.fetch.fetches, layer.drain.total_steps
        reads[WEIGHTS] += fetches
        for operand in _sources(layer, program):
            reads[operand] += fetches // len(layer.inputs)
        reads[PARAMETERS] += steps
        results = layer.drain.results(config.lanes) * widths.activation
        written[ACTIVATIONS] += results * layer.write_back.to_memory
        if program.residual:
            reads[RESIDUALS] += steps * layer.residual.add
            written[RESIDUALS] += steps * layer.residual.store * RESIDUALS.width(program.machine)
    return tuple(
        MemoryTraffic(
            name=operand.name,
            bits=operand.bits(program.machine),
            read_bits=words * operand.width(program.machine),
            written_bits=written[operand],
        )
        for operand, words in reads.items()
        if operand.bits(program.machine)
    )


def _sources(layer: Layer, program: Program) -> list[Operand]:
    """The memories that a layer's operands are in."""
    return [FRAMES if program.memory.is_input(tensor) else ACTIVATIONS for tensor in layer.inputs]
