"""Which hardware a network pays for, and which it is spared: pieces and their cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version

from ...export import component_verilog, generate_verilog
from ...hdl import component_count, engine_component
from ...machine import Feature, Variant, features
from ...mapping import Program
from ..yosys import require_yosys
from .cache import Cached
from .cells import Cells, Netlist, count_cells
from .facts import cost_facts
from .fields import FIELD_BITS, trimmed_fields


@dataclass(frozen=True, kw_only=True)
class PieceCost:
    """An optional piece of hardware.

    Parameters
    ----------
    name
        Of the piece.
    kept
        Whether the engine has it.
    cells
        What it costs, or would cost.
    """

    name: str
    kept: bool
    cells: Cells


@dataclass(frozen=True, kw_only=True)
class HardwareCosts:
    """What an engine consists of, and what was left out of it.

    Parameters
    ----------
    yosys
        Version of the synthesizer.
    whole
        Cells of the whole accelerator.
    pieces
        Optional hardware: first what was kept, in the order in which it was taken away, then what
        was left out, in the order in which it was added.
    """

    yosys: str
    whole: Cells
    pieces: tuple[PieceCost, ...]

    def total(self, *, kept: bool) -> Cells:
        """Sum of the pieces that were kept, or of those that were left out."""
        return sum((piece.cells for piece in self.pieces if piece.kept is kept), Cells())


@dataclass(frozen=True, kw_only=True)
class _Step:
    """A feature, and the components that it changes: (name, number) before and after."""

    feature: Feature
    before: tuple[tuple[Netlist, int], ...]
    after: tuple[tuple[Netlist, int], ...]

    @property
    def netlists(self) -> list[Netlist]:
        return [netlist for netlist, _ in (*self.before, *self.after)]


def measure_costs(
    program: Program, *, progress: Callable[[float], None] | None = None
) -> HardwareCosts:
    """Synthesize the engine's components with and without each feature.

    Those that the engine has are taken away one after the other; the cost of each is what its
    components lose. The others are added one after the other to the engine as it is. So
    no cell counts twice, and the figures of each list add up. They are those of components on their
    own: when a device's tools optimize across them, and use its special cells, they will differ.

    Parameters
    ----------
    program
        What the engine is made for. Its technology makes no difference: nothing is built of the
        cells of a device.
    progress
        Called with the share of the work that is done, in (0, 1].

    Raises
    ------
    ToolError
        If Yosys is not installed or fails.
    """
    require_yosys()
    cached = Cached("costs", cost_facts(program))
    if known := cached.load():
        return _from_json(known)
    portable = replace(program, config=replace(program.config, technology="portable"))
    costs = _measure(portable, progress)
    cached.store(asdict(costs))
    return costs


def _measure(program: Program, progress: Callable[[float], None] | None) -> HardwareCosts:
    """`measure_costs` of a program in portable technology."""
    variant = Variant(machine=program.machine, image=program.image)
    removals = _steps(variant, features(), Feature.taken_from)
    additions = _steps(_twice(variant), features()[::-1], Feature.added_to)
    whole = (program.name, generate_verilog(program))
    netlists = [netlist for step in (*removals, *additions) for netlist in step.netlists]
    cells = count_cells([whole, *netlists], progress=progress)

    def total(components: Sequence[tuple[Netlist, int]]) -> Cells:
        return sum((cells[netlist] * count for netlist, count in components), Cells())

    kept = [(step, total(step.before) - total(step.after), True) for step in removals]
    left_out = [(step, total(step.after) - total(step.before), False) for step in additions]
    spared = trimmed_fields(program.machine.limits)
    trimmed = PieceCost(name=f"{FIELD_BITS}-bit instruction fields", kept=False, cells=spared)
    return HardwareCosts(
        yosys=version("pyosys"),
        whole=cells[whole],
        pieces=(
            *(
                PieceCost(name=step.feature.name, kept=is_kept, cells=difference)
                for step, difference, is_kept in (*kept, *left_out)
            ),
            trimmed,
        ),
    )


def _twice(variant: Variant) -> Variant:
    """A program of one layer with that layer twice: in one of a single layer, nothing varies."""
    instructions = variant.image.instructions
    if variant.machine.limits.layers > 1:
        return variant
    return variant.with_instructions({kind: some * 2 for kind, some in instructions.items()})


def _steps(
    variant: Variant,
    features: Sequence[Feature],
    change: Callable[[Feature, Variant], Variant | None],
) -> list[_Step]:
    """Change a variant feature by feature; those with nothing to change are left out."""
    steps: list[_Step] = []
    components: dict[str, tuple[tuple[Netlist, int], ...]] = {}
    for feature in features:
        changed = change(feature, variant)
        if changed is None:
            continue
        for name in feature.components:
            if name not in components:
                components[name] = _component(variant, name)
        before = sum((components[name] for name in feature.components), ())
        components |= {name: _component(changed, name) for name in feature.components}
        after = sum((components[name] for name in feature.components), ())
        steps.append(_Step(feature=feature, before=before, after=after))
        variant = changed
    return steps


def _component(variant: Variant, name: str) -> tuple[tuple[Netlist, int], ...]:
    """A component's Verilog and how many of it there are; empty if there is none."""
    component = engine_component(variant.machine, variant.image, name)
    if component is None:
        return ()
    return (((name, component_verilog(component, name)), component_count(variant.machine, name)),)


def _from_json(values: dict) -> HardwareCosts:
    """What `asdict` made of costs."""
    pieces = [{**piece, "cells": Cells(**piece["cells"])} for piece in values["pieces"]]
    return HardwareCosts(
        yosys=values["yosys"],
        whole=Cells(**values["whole"]),
        pieces=tuple(PieceCost(**piece) for piece in pieces),
    )
