"""Ranges and noise of each layer as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from . import text
from .bars import bar, drawing, line
from .layers import LayerReport

MOST_DECIBELS = 60.0
"""End of the scale of noise."""


@dataclass(frozen=True, kw_only=True)
class RangeRow:
    """A layer.

    Parameters
    ----------
    name, ranges, noise
        Its name, and its figures in words.
    range_bar
        SVG: what its result can be, and what the samples made of it; None where neither is known.
    noise_bar
        SVG: signal to noise; None where it was not measured.
    """

    name: str
    ranges: str
    noise: str
    range_bar: Markup | None
    noise_bar: Markup | None


def range_rows(layers: Sequence[LayerReport]) -> tuple[RangeRow, ...]:
    """A row for each layer; every range has a scale of its own."""
    return tuple(
        RangeRow(
            name=layer.name,
            ranges=_range_text(layer),
            noise=_noise_text(layer),
            range_bar=_range_bar(layer),
            noise_bar=_noise_bar(layer),
        )
        for layer in layers
    )


def _range_text(layer: LayerReport) -> str:
    if layer.represented is None:
        return ""
    parts = [f"{layer.act_bits} bits for {_interval(layer.represented)}"]
    if layer.seen is not None:
        parts.append(f"seen {_interval(layer.seen)}")
    if layer.cut_off:
        parts.append(f"{layer.cut_off:.2g}% cut off")
    return ", ".join(parts)


def _interval(ends: tuple[float, float]) -> str:
    lo, hi = (f"{end:.4g}" for end in ends)
    return f"{lo} to {hi}"


def _range_bar(layer: LayerReport) -> Markup | None:
    if layer.represented is None:
        return None
    ends = (*layer.represented, *(layer.seen or ()), 0.0)
    lo, hi = min(ends), max(ends)
    if lo == hi:
        return None

    def place(value: float) -> float:
        return (value - lo) / (hi - lo)

    elements = [bar("represented", *map(place, layer.represented))]
    if layer.seen is not None:
        elements.append(bar("seen", *map(place, layer.seen), top=5, height=6))
    elements.append(line("zero", place(0.0)))
    return drawing(f"{layer.name}: {_range_text(layer)}", elements)


def _noise_text(layer: LayerReport) -> str:
    if layer.sqnr_db is None:
        return ""
    own = "" if layer.own_sqnr_db is None else f", own {text.decibels(layer.own_sqnr_db)}"
    return f"{text.decibels(layer.sqnr_db)}{own}"


def _noise_bar(layer: LayerReport) -> Markup | None:
    if layer.sqnr_db is None:
        return None
    elements = [bar("sqnr", 0, layer.sqnr_db / MOST_DECIBELS)]
    if layer.own_sqnr_db is not None:
        own = min(max(layer.own_sqnr_db / MOST_DECIBELS, 0), 1)
        elements.append(line("own", own))
    elements.append(line("limit", 20 / MOST_DECIBELS))
    return drawing(f"{layer.name}: SQNR {_noise_text(layer)}", elements)
