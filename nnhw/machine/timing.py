"""When things happen in an engine: latencies of its stages, added up."""

from __future__ import annotations

from dataclasses import dataclass

from ..isa import Operation
from .config import EngineConfig
from .latency import (
    ACTIVATION_STAGES,
    DRAIN_LATENCY,
    FETCH_LATENCY,
    RESULT_BUFFER_LATENCY,
    adder_latency,
    aligner_latency,
    column_latency,
    lane_latency,
    row_stages,
    scaler_latency,
    write_back_latency,
    write_stages,
)
from .limits import Limits


@dataclass(frozen=True)
class Timing:
    """Cycles that things take in an engine; they follow from its configuration and limits."""

    config: EngineConfig
    limits: Limits

    def array_latency(self, *, dense: bool) -> int:
        """Cycles from operands to the accumulator that holds them; only `dense` has a tree."""
        config = self.config
        if not dense:
            return lane_latency(multiplier_stages=config.multiplier_stages)
        return column_latency(
            rows=config.rows,
            multiplier_stages=config.multiplier_stages,
            tree_levels_per_stage=config.tree_levels_per_stage,
        )

    @property
    def row_latency(self) -> int:
        """Cycles from an address to the rows of the banks that it stands for."""
        return row_stages(banks=self.config.banks, granularity=self.limits.read_granularity)

    @property
    def read_latency(self) -> int:
        """Cycles from a fetch's issue to its operands in the array: address, memory, alignment, and
        the way to all columns."""
        align = aligner_latency(banks=self.config.banks, granularity=self.limits.read_granularity)
        return FETCH_LATENCY + align + ACTIVATION_STAGES

    def result_latency(self, *, dense: bool) -> int:
        """Cycles from a tile's last issue to its first result at the end of write-back."""
        limits, stages = self.limits, self.config.scale_stages
        residual_stages = adder_latency(stages=stages) if limits.residual_depth else 0
        return (
            self.read_latency
            + self.array_latency(dense=dense)
            + DRAIN_LATENCY
            + scaler_latency(stages=stages, paired=limits.paired, multiplies=limits.multiplies)
            + write_back_latency(tables=limits.has_tables, residual_stages=residual_stages)
        )

    @property
    def longest_latency(self) -> int:
        """`result_latency` of the layers that take longest."""
        return max(
            self.result_latency(dense=operation == Operation.DOT)
            for operation in self.limits.operations
        )

    @property
    def memory_delay(self) -> int:
        """Cycles by which a read must be issued later than if results were in memory right after
        write-back: alignment takes its time, before the write and before the read."""
        stages = write_stages(banks=self.config.banks, granularity=self.limits.write_granularity)
        return max(0, stages - self.row_latency)

    @property
    def output_buffer_depth(self) -> int:
        """Entries of the output buffer: enough for all results in flight and two tiles more, so
        that a sink that is always ready never makes the array wait."""
        # of an entry that becomes free, the decision about a fetch knows two cycles later
        free = RESULT_BUFFER_LATENCY + 2
        return self.longest_latency + 2 * self.limits.tile_cycles + free

    @property
    def tiles_in_flight(self) -> int:
        """Most tiles between issue and memory: at most one is issued each cycle."""
        return self.longest_latency + self.memory_delay + 2
