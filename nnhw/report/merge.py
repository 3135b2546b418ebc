"""Layers of the program as operators of the network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from itertools import groupby

from .layers import ArrayUse, LayerReport
from .schedule import DIGITS


def merge_parts(layers: Iterable[LayerReport]) -> tuple[LayerReport, ...]:
    """One report for all layers in a row that compute the same operator."""
    return tuple(_merge(list(parts)) for _, parts in groupby(layers, lambda layer: layer.name))


def _merge(parts: list[LayerReport]) -> LayerReport:
    def total(name: str) -> int:
        return sum(getattr(part, name) for part in parts)

    cycles = total("cycles")
    return replace(
        parts[0],
        parts=len(parts),
        macs=total("macs"),
        cycles=cycles,
        fence_wait=total("fence_wait"),
        drain_wait=total("drain_wait"),
        stream_wait=total("stream_wait"),
        array=ArrayUse(
            **{
                field.name: round(sum(getattr(part.array, field.name) for part in parts), DIGITS)
                for field in fields(ArrayUse)
            }
        ),
        utilisation=round(sum(part.utilisation * part.cycles for part in parts) / cycles, DIGITS),
    )
