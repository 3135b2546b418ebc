"""Headroom: what a machine has more than the programs that it was made for need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..isa import InstructionLayout
from .config import EngineConfig
from .limits import Datapath, Limits
from .machine import Machine

BLOCK_ROWS = 512
"""Rows of memory blocks that are as wide as they can be: larger memories have multiples of it."""

_CHOICES = frozenset({"operation", "parameter_mode", "combination", "chunk_x"})
"""Fields that choose among what the limits list, or that are the same nearly everywhere."""
_FLAGS = frozenset(
    {
        *("overlaps", "last_run_short", "fence", "chase", "frees_frame", "to_stream"),
        *("paired", "residual_only", "add", "store"),
    }
)
_ACTIVATIONS = frozenset({"pad_value", "zero_point", "lo", "hi", "bias", "residual_bias"})
"""Fields that hold values of activations; biases, which are differences, one bit more."""


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """What a machine gets beyond what its programs need.

    Rows of memories are rounded up to what memory blocks have (see `BLOCK_ROWS`). Hardware that no
    program needs is not added: a field that is zero in all layers stays so, but for `fence`, which
    costs least of what others may need.

    Parameters
    ----------
    program
        Factor on the number of layers.
    memory
        Factor on the rows of memories: weights, requantization constants, activations, earlier
        results and frames.
    bits
        Further bits of instruction fields that vary, and of coordinates.
    sums
        Further bits of accumulators and biases, and further shifts on both ends of those that there
        are, between which there are all.
    tables
        Further tables, if there are any.
    any_address
        Whether tensors and their parts may begin at any byte, so that channels may have any number.
    """

    program: float = 1.5
    memory: float = 1.25
    bits: int = 2
    sums: int = 1
    tables: int = 1
    any_address: bool = True

    def of(self, machine: Machine) -> Machine:
        """The machine with this headroom."""
        return Machine.fit(
            machine.config,
            self._limits(machine.limits, machine.config, machine.datapath),
            self._datapath(machine.datapath),
        )

    def _rows(self, rows: int) -> int:
        """Rows of a memory; none of one that is not there."""
        return rounded_rows(math.ceil(rows * self.memory)) if rows else 0

    def _shifts(self, shifts: tuple[int, ...]) -> tuple[int, ...]:
        """All shifts between the ends, if there are any."""
        if not shifts:
            return ()
        return tuple(range(max(0, min(shifts) - self.sums), max(shifts) + self.sums + 1))

    def _datapath(self, datapath: Datapath) -> Datapath:
        widths, shifts = datapath.widths, datapath.shifts
        return replace(
            datapath,
            widths=replace(
                widths,
                accumulator=widths.accumulator + self.sums,
                bias=widths.bias + self.sums,
                operand=widths.operand + self.sums,
                multiplicand=widths.multiplicand + self.sums,
            ),
            shifts=self._shifts(shifts),
            weight_words=self._rows(datapath.weight_words),
            parameter_words=self._rows(datapath.parameter_words),
            tables=datapath.tables + self.tables if datapath.tables else 0,
        )

    def _limits(self, limits: Limits, config: EngineConfig, datapath: Datapath) -> Limits:
        frame_depth = self._rows(limits.frame_depth)
        # a tile has at most a result of every column or of every lane
        a_step = 2 if limits.paired else 1
        steps = -(-max(config.cols, config.fetch_width) // config.lanes)
        return replace(
            limits,
            layers=rounded_rows(math.ceil(limits.layers * self.program)),
            layouts={
                kind: layout.widened(self._field_widths(layout, datapath))
                for kind, layout in limits.layouts.items()
            },
            x_bits=limits.x_bits + self.bits,
            y_bits=limits.y_bits + self.bits,
            tile_cycles=max(limits.tile_cycles, steps * a_step),
            tile_entries=max(limits.tile_entries, steps),
            output_counts=frozenset(range(1, max(limits.output_counts) + 1)),
            chased_bytes=math.ceil(limits.chased_bytes * self.memory),
            residual_shifts=self._shifts(limits.residual_shifts),
            depth=self._rows(limits.depth),
            frame_depth=frame_depth,
            residual_depth=self._rows(limits.residual_depth),
            frame_bytes=max(limits.frame_bytes, frame_depth * config.banks),
            read_granularity=1 if self.any_address else limits.read_granularity,
            write_granularity=1 if self.any_address else limits.write_granularity,
        )

    def _field_widths(self, layout: InstructionLayout, datapath: Datapath) -> Mapping[str, int]:
        """By name: bits of the fields that have headroom."""
        widths = {"fence": 1} if "fence" in layout.fields else {}
        tables = datapath.tables + self.tables if datapath.tables else 0
        for name, place in layout.fields.items():
            if name in _CHOICES or place.constant == 0:
                continue
            if name in _FLAGS:
                widths[name] = 1
            elif name in _ACTIVATIONS:
                is_difference = name.endswith("bias")
                widths[name] = max(place.width, datapath.widths.activation + is_difference)
            elif name == "table":
                widths[name] = tables.bit_length()
            else:
                widths[name] = place.width + self.bits
        return widths


def rounded_rows(rows: int) -> int:
    """Rows of a writable memory for at least so many: powers of two, from `BLOCK_ROWS` on its
    multiples."""
    if rows <= BLOCK_ROWS:
        return 1 << (rows - 1).bit_length()
    return -(-rows // BLOCK_ROWS) * BLOCK_ROWS
