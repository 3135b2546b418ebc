"""What is known about a design: every figure says whether it is exact, measured or estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..families import Resource


class Kind(StrEnum):
    """Where a figure comes from."""

    EXACT = "exact"
    """Computed, and proved by the simulation of every build."""
    MEASURED = "measured"
    """By running the integer network on samples."""
    LEAST = "least"
    """What the parts of a design that is too large take by themselves, by estimate."""
    ESTIMATED = "estimated"
    """By a model that was fitted to other designs, or from a figure that is."""
    SYNTHESIZED = "synthesized"
    """By synthesis of the design itself, for a device that it cannot be placed on here."""
    PLACED = "placed"
    """By synthesis, place and route of the design itself."""


CONFIRMED = (Kind.SYNTHESIZED, Kind.PLACED)
"""Of designs that were built: a trial has these beside its other figures."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure.

    Parameters
    ----------
    name
        What users call it.
    title
        What pages call it.
    unit
        "" if there is none.
    more
        Whether more of it is better.
    """

    name: str
    title: str
    unit: str = ""
    more: bool = False

    @property
    def label(self) -> str:
        """The title with the unit."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure(name="latency", title="latency", unit="µs"),
        Figure(name="fps", title="frames a second", more=True),
        Figure(name="latency_cycles", title="latency", unit="cycles"),
        Figure(name="interval_cycles", title="cycles from frame to frame"),
        Figure(name="multipliers", title="multipliers of the array"),
        Figure(name="memory_bits", title="bits of memories"),
        Figure(name="accuracy", title="right answers", unit="%", more=True),
        Figure(name="accuracy_drop", title="right answers lost", unit="points"),
        Figure(name="agreement", title="same answers as the float network", unit="%", more=True),
        Figure(name="disagreement", title="other answers than the float network", unit="%"),
        Figure(name="sqnr", title="signal to noise at the outputs", unit="dB", more=True),
        Figure(name="luts", title="LUTs"),
        Figure(name="flip_flops", title="flip-flops"),
        Figure(name="dsps", title="DSPs"),
        Figure(name="block_rams", title="block RAMs"),
        Figure(name="clock", title="clock", unit="MHz", more=True),
        Figure(name="energy", title="energy of an inference in silicon", unit="µJ"),
    )
}
"""All of them by name."""

RESOURCES: Mapping[str, Resource] = {
    "luts": Resource.LUTS,
    "flip_flops": Resource.FLIP_FLOPS,
    "dsps": Resource.DSPS,
    "block_rams": Resource.BLOCK_RAMS,
}
"""Those that devices have a limited number of."""

Figures = Mapping[Kind, Mapping[str, float]]
"""What is known about one design, by kind and name."""


def flat(figures: Figures) -> dict[str, float]:
    """The figures by name alone, but for those that confirm others of the same name."""
    return {
        name: value
        for kind, values in figures.items()
        if kind not in CONFIRMED
        for name, value in values.items()
    }


def kind_of(name: str, figures: Figures) -> Kind:
    """Where a figure of `flat` comes from."""
    return next(k for k, values in figures.items() if name in values and k not in CONFIRMED)


def column(name: str, kind: Kind) -> str:
    """What a table calls a figure of a kind."""
    return f"{name}_{kind.value}"
