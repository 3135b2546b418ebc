"""The settings that a search chooses from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...options import OPTIMIZERS, TuneOptions
from ...search.space import Parameter, Point, Space, Value
from ..optimizers import largest_rate

_TRIED: Mapping[str, tuple[Value, ...]] = {
    "lr": (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    "optimizer": OPTIMIZERS,
    "batch": (8, 16, 32, 64, 128),
    "l2": (0.0, 1e-6, 1e-5, 1e-4, 1e-3),
}
"""Values by option; rates are multiples of the one given, or of the optimizer's own."""


def space_of(options: TuneOptions) -> Space:
    """What the options ask to search; a grid has as many points as there are trials, at most."""
    names = [name for name in _TRIED if name in options.search_over]
    space = Space(
        parameters=tuple(Parameter(name=name, values=_TRIED[name]) for name in names), fixed={}
    )
    if options.search != "grid":
        return space
    usual = {"optimizer": options.optimizer, "batch": options.batch, "lr": 1.0}
    return space.thinned(options.trials, usual | {"l2": options.l2 or 0.0})


def with_settings(options: TuneOptions, space: Space, point: Point) -> TuneOptions:
    """The options of a run at a point."""
    values: dict[str, Any] = {**space.fixed, **point}
    factor = values.pop("lr", 1.0)
    if "l2" in values:
        values["l2"] = values["l2"] or None
    chosen = replace(options, **values)
    if "lr" not in options.search_over:
        return chosen
    return replace(chosen, lr=float(f"{factor * largest_rate(chosen):.6g}"))
