"""What is to be known of a family before any of its hardware is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TypedDict

from .target import Resource, Target

_PACKAGE = __name__.rpartition(".")[0]


class Pipeline(TypedDict, total=False):
    """Pipeline parameters of `EngineConfig`; its defaults where there are none."""

    multiplier_stages: int
    tree_levels_per_stage: int
    scale_stages: int


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of FPGAs.

    Parameters
    ----------
    name
        Of its folder, and what users call its cells (`nnhw build --technology`).
    pipeline
        Pipeline parameters of `EngineConfig` that suit it: registers that its multipliers have
        anyway, those that the products of wide factors, put together from narrow ones, take, and
        one more where the way from a multiplier to an adder is long.
    targets
        Devices in their packages.
    ram_bits
        What one memory of each kind holds, by the manufacturer's data sheet.
    package
        The Python package that its parts are in (`__package__`); None for nnhw's own.
    """

    name: str
    pipeline: Pipeline
    targets: tuple[Target, ...]
    ram_bits: Mapping[Resource, int] = field(default_factory=dict)
    package: str | None = None

    def target(self, name: str) -> Target:
        """The target of that name."""
        (found,) = (target for target in self.targets if target.name == name)
        return found

    def most(self, resource: Resource) -> int:
        """How many of a resource the largest of the targets has."""
        return max(target.capacity.get(resource, 0) for target in self.targets)

    def least(self, resource: Resource, count: int) -> int:
        """How many of a resource the smallest target has that has `count`; or else, the largest."""
        numbers = (target.capacity.get(resource, 0) for target in self.targets)
        return min((number for number in numbers if number >= count), default=self.most(resource))

    def memory_bits(self, target: Target) -> int:
        """What all memories of a target hold together, those of look-up tables left out."""
        return sum(bits * target.capacity.get(kind, 0) for kind, bits in self.ram_bits.items())

    def has(self, part: str) -> bool:
        """Whether the family's folder has a module of this name."""
        return find_spec(f"{self._folder}.{part}") is not None

    def part(self, part: str) -> ModuleType:
        """The module of this name in the family's folder; see `nnhw.families`."""
        return import_module(f"{self._folder}.{part}")

    @property
    def _folder(self) -> str:
        return self.package or f"{_PACKAGE}.{self.name}"

    @property
    def cell_models(self) -> Path | None:
        """Verilog file with the behaviour of the cells that its technology has; None if it has
        none."""
        file = self.part("family").__file__
        assert file is not None
        models = Path(file).with_name("cells.v")
        return models if models.is_file() else None
