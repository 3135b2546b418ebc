"""What the cycles of a frame go to, from the program and its cycle model."""

from __future__ import annotations

from ..mapping import CycleModel, Layer, LayerCycles, Plan
from .layers import ArrayUse, FrameTimes

DIGITS = 3
"""Decimals of a number of cycles that need not be whole."""


def array_use(layer: Layer, timing: LayerCycles, plan: Plan) -> ArrayUse:
    """Share out the fetches of a layer among work and idle multipliers; see `ArrayUse`."""
    carried = timing.fetches * _carried_lanes(layer, plan)
    macs = layer.products / plan.config.mac_units
    return ArrayUse(
        macs=round(macs, DIGITS),
        others=0.0 if layer.macs else round(carried, DIGITS),
        idle_lanes=round(timing.fetches - carried, DIGITS),
        idle_columns=round(carried - macs, DIGITS) if layer.macs else 0.0,
    )


def frame_times(cycles: CycleModel) -> FrameTimes:
    """When a frame is loaded, computed and sent; see `FrameTimes`."""
    return FrameTimes(
        load_cycles=cycles.load_cycles,
        next_load=cycles.next_load,
        next_fetch=cycles.next_fetch,
        compute_cycles=cycles.compute_cycles,
        first_output=cycles.first_output,
        # latency counts from the first input beat
        last_output=cycles.latency_cycles - cycles.load_cycles,
    )


def _carried_lanes(layer: Layer, plan: Plan) -> float:
    """Share of a fetch's lanes that carry operands, on average over the layer's fetches."""
    fetch = layer.fetch
    if layer.is_dense:
        results = (layer.drain.pixels + 1) * layer.nest.results_per_pixel
        products = layer.products // results
        return products / (fetch.fetches_per_roll * plan.config.rows)
    return layer.nest.results_per_pixel / ((fetch.tiles + 1) * plan.config.fetch_width)
