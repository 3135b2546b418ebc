"""Where operands come from: a row for each memory that the datapath reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..isa import ROW, WEIGHT, Coordinate, X
from .latency import (
    FETCH_LATENCY,
    MEMORY_LATENCY,
    PARAMETER_ADDRESS_STAGES,
    WEIGHT_REGISTER_LATENCY,
)

if TYPE_CHECKING:
    from .machine import Machine
    from .timing import Timing


@dataclass(frozen=True, kw_only=True, eq=False)
class Operand:
    """What a memory holds for the datapath.

    Parameters
    ----------
    name
        Of the memory, in reports.
    words, width
        Words of the memory, and bits of each.
    coordinates
        Those of a fetch whose sum is the address; none where another sequencer reads.
    writer
        What writes it: "input", "write-back"; "" for constants.
    address_stages
        Registers of the address on its way to the memory, so that the operand comes in time.
    """

    name: str
    words: Callable[[Machine], int]
    width: Callable[[Machine], int]
    coordinates: tuple[Coordinate, ...] = ()
    writer: str = ""
    address_stages: Callable[[Timing], int] = lambda timing: 0

    def bits(self, machine: Machine) -> int:
        """Bits of the memory."""
        return self.words(machine) * self.width(machine)


def _row_bits(machine: Machine) -> int:
    return machine.config.banks * machine.datapath.widths.activation


WEIGHTS = Operand(
    name="weights",
    words=lambda machine: machine.datapath.weight_words,
    width=lambda machine: machine.config.mac_units * machine.datapath.widths.weight,
    coordinates=(WEIGHT,),
    # a word is in the array together with its activations
    address_stages=lambda timing: (
        timing.read_latency - FETCH_LATENCY - MEMORY_LATENCY - WEIGHT_REGISTER_LATENCY
    ),
)

ACTIVATIONS = Operand(
    name="activations",
    words=lambda machine: machine.limits.depth,
    width=_row_bits,
    coordinates=(ROW, X),
    writer="write-back",
    address_stages=lambda timing: timing.row_latency,
)

FRAMES = Operand(
    name="frame_buffer",
    words=lambda machine: machine.config.frame_buffers * machine.limits.frame_depth,
    width=_row_bits,
    coordinates=(ROW, X),
    writer="input",
    address_stages=lambda timing: timing.row_latency,
)

PARAMETERS = Operand(
    name="parameters",
    words=lambda machine: machine.datapath.parameter_words,
    width=lambda machine: machine.config.lanes * sum(machine.datapath.parameter_fields),
    address_stages=lambda timing: PARAMETER_ADDRESS_STAGES,
)

RESIDUALS = Operand(
    name="residuals",
    words=lambda machine: machine.limits.residual_depth,
    width=lambda machine: machine.config.lanes * machine.datapath.widths.activation,
    writer="write-back",
)

OPERANDS = (WEIGHTS, ACTIVATIONS, FRAMES, PARAMETERS, RESIDUALS)
