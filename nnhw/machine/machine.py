"""A machine: what hardware is made from, but for the contents of its memories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..isa import Instruction
from .address_space import AddressSpace
from .config import EngineConfig
from .joining import Shortfall
from .limits import Datapath, Limits
from .operands import OPERANDS
from .timing import Timing


@dataclass(frozen=True, kw_only=True)
class Machine:
    """An engine, whatever program it runs within its limits.

    Parameters
    ----------
    config
        What was chosen.
    limits, datapath
        What programs may ask of it. A fitted engine has those of its one program, one for several
        those of all of them joined.
    output_buffer_depth, tiles_in_flight
        See `Timing`.
    """

    config: EngineConfig
    limits: Limits
    datapath: Datapath
    output_buffer_depth: int
    tiles_in_flight: int

    @classmethod
    def fit(cls, config: EngineConfig, limits: Limits, datapath: Datapath) -> Machine:
        """The machine with these limits."""
        timing = Timing(config, limits)
        return cls(
            config=config,
            limits=limits,
            datapath=datapath,
            output_buffer_depth=timing.output_buffer_depth,
            tiles_in_flight=timing.tiles_in_flight,
        )

    @property
    def addresses(self) -> AddressSpace:
        """Addresses of activations."""
        return AddressSpace(
            depth=self.limits.depth,
            frame_depth=self.limits.frame_depth,
            banks=self.config.banks,
        )

    @property
    def timing(self) -> Timing:
        """Cycles that things take."""
        return Timing(self.config, self.limits)

    @property
    def products(self) -> int:
        """Products that are computed in the same cycle: of the array, the requantizers and the
        addition of earlier results. That of two operands counts as four: it may be so wide."""
        limits, widths = self.limits, self.datapath.widths
        a_lane = (widths.multiplier > 0) + 2 * (limits.residual_depth > 0) + 4 * limits.multiplies
        return self.config.mac_units + self.config.lanes * a_lane

    def join(self, other: Machine) -> Machine:
        """A machine for the programs of both, which have the same configuration."""
        if self.config != other.config:
            raise ValueError("Machines to be joined must have the same configuration")
        return self.fit(
            self.config, self.limits.join(other.limits), self.datapath.join(other.datapath)
        )

    def covers(self, other: Machine) -> bool:
        """Whether it runs all programs of another machine of the same configuration."""
        return self.limits.covers(other.limits) and self.datapath.covers(other.datapath)

    def shortfalls(self, other: Machine) -> Iterator[Shortfall]:
        """What the programs of another machine of the same configuration need more than it has."""
        yield from self.limits.shortfalls(other.limits)
        yield from self.datapath.shortfalls(other.datapath)

    def memory_bits(self) -> dict[str, int]:
        """Bits of each memory."""
        layouts, banks = self.limits.layouts.values(), self.config.program_banks
        program = banks * self.limits.layers * sum(layout.width for layout in layouts)
        return {
            # what nothing writes is loaded, of each network
            operand.name: operand.bits(self) * (1 if operand.writer else banks)
            for operand in OPERANDS
        } | {"program": program}


@dataclass(frozen=True, kw_only=True, eq=False)
class Image:
    """What the memories of a machine hold to make it run a program, without what they have more.

    Parameters
    ----------
    instructions
        By kind; see `Instructions`.
    weights
        int8 or int16 (words, rows, cols): the weight memory.
    parameters
        int64 (words, lanes, 3): bias, multiplier and index into the shifts of each requantizer
        lane.
    tables
        int8 (2 ** activation bits,) each: results of functions by q, lowest first.
    frame_bytes, outputs
        Bytes of an input frame, tensors of an output frame.
    """

    instructions: dict[str, tuple[Instruction, ...]]
    weights: np.ndarray
    parameters: np.ndarray
    tables: tuple[np.ndarray, ...]
    frame_bytes: int
    outputs: int
