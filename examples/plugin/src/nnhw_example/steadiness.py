"""Designs for a search to choose from: how steady a quantizer is, at which bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SPACE: Mapping[str, Sequence[int | str]] = {
    "quantizer": ("standard", "steady"),
    "weight_bits": (4, 8),
}
