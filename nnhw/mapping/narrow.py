"""As few bytes a beat as cost no speed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..machine import EngineConfig
from ..options import BEAT_BYTES
from .candidates import EngineSpace

_TOLERANCE = 0.01
"""Largest share of the latency that narrower streams may add."""


def narrowest_streams(
    space: EngineSpace, config: EngineConfig, *, latency: float | None = None
) -> EngineConfig:
    """The configuration with beats of as few bytes as cost no speed.

    The interval stays what it is, and the latency grows by 1% at most. Output beats keep the bytes
    that the drain gives in a cycle: with fewer, the output buffer would grow by more than the
    stream shrinks.

    Parameters
    ----------
    latency
        Most cycles that it may take; None: that is all.
    """
    cycles = space.timed([config])[0].cycles
    longest = cycles.latency_cycles * (1 + _TOLERANCE)
    limits = {
        "interval": float(cycles.interval_cycles),
        "latency": longest if latency is None else min(longest, latency),
    }
    for name, least in (("input_bytes", 1), ("output_bytes", config.lanes)):
        widths = [width for width in BEAT_BYTES if least <= width < getattr(config, name)]
        changes: list[dict[str, Any]] = [{name: width} for width in widths]
        narrower = [replace(config, **change) for change in changes]
        fast = (some for some in narrower if space.timed([some])[0].is_fast_enough(**limits))
        config = next(fast, config)
    return config
