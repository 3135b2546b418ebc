"""Machines as they never were: the means to ask for hardware with and without a feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from ..isa import Instruction, ResidualInstruction
from .limits import instruction_limits
from .machine import Image, Machine

_PINNED = ("operations", "output_counts", "read_granularity", "write_granularity")
"""Limits that are to stay as they are, whatever happens to instructions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Variant:
    """A machine, and contents of its memories to go with it."""

    machine: Machine
    image: Image

    def with_config(self, **changes: Any) -> Variant:
        """Another configuration."""
        config = replace(self.machine.config, **changes)
        return replace(self, machine=replace(self.machine, config=config))

    def with_limits(self, **changes: Any) -> Variant:
        """Other limits."""
        limits = replace(self.machine.limits, **changes)
        return replace(self, machine=replace(self.machine, limits=limits))

    def with_datapath(self, **changes: Any) -> Variant:
        """Another datapath."""
        datapath = replace(self.machine.datapath, **changes)
        return replace(self, machine=replace(self.machine, datapath=datapath))

    def with_widths(self, **changes: Any) -> Variant:
        """Other widths of the datapath."""
        return self.with_datapath(widths=replace(self.machine.datapath.widths, **changes))

    def with_tables(self, *tables: Any) -> Variant:
        """Other tables."""
        image = replace(self.image, tables=tables)
        return replace(self, image=image).with_datapath(tables=len(tables))

    def with_instructions(self, changes: Mapping[str, tuple[Instruction, ...]]) -> Variant:
        """Other instructions of some kinds, none of a kind if there is to be no such list; and the
        limits that these tell."""
        instructions = {**self.image.instructions, **changes}
        instructions = {kind: some for kind, some in instructions.items() if some}
        told = instruction_limits(instructions, self.machine.config)
        kept = {name: limit for name, limit in told.items() if name not in _PINNED}
        image = replace(self.image, instructions=instructions)
        return replace(self, image=image).with_limits(**kept)

    def with_fields(
        self, changes: Mapping[str, Mapping[str, int]], *, only_last: bool = False
    ) -> Variant:
        """Fields of instructions replaced, by kind and name, in all layers or in the last one."""
        kinds = {}
        for kind, values in changes.items():
            instructions = self.image.instructions.get(kind) or self._idle_residuals()
            kept = instructions[:-1] if only_last else ()
            changed = instructions[len(kept) :]
            kinds[kind] = (*kept, *(replace(i, **cast(Any, values)) for i in changed))
        return self.with_instructions(kinds)

    def _idle_residuals(self) -> tuple[Instruction, ...]:
        """Instructions of a residual stage that has nothing to do."""
        idle = ResidualInstruction(**{f.name: 0 for f in fields(ResidualInstruction)})
        return (idle,) * self.machine.limits.layers

    def asks(self, kind: str, *names: str) -> bool:
        """See `Limits.asks`."""
        return self.machine.limits.asks(kind, *names)

    def largest(self, kind: str, name: str) -> int:
        """The largest value of a field."""
        return max(getattr(i, name) for i in self.image.instructions[kind])
