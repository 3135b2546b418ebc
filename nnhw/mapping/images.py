"""Contents of the memories for weights and requantization parameters, and of tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..isa import ParameterMode
from ..machine import EngineConfig
from .layer_plan import LayerPlan
from .weights import Weights


def weight_bases(plans: Sequence[LayerPlan]) -> list[int]:
    """First word of each layer's weights; layers that share weights have the same."""
    bases: dict[Weights, int] = {}
    end = 0
    for plan in plans:
        if plan.weights not in bases:
            bases[plan.weights] = end
            end += plan.weights.count
    return [bases[plan.weights] for plan in plans]


def weight_image(plans: Sequence[LayerPlan], config: EngineConfig, *, slots: int) -> np.ndarray:
    """The weight memory, int8 or int16 (words, rows, cols); `slots`: see `Weights.words`."""
    distinct = dict.fromkeys(plan.weights for plan in plans)
    return np.concatenate([weights.words(config, slots) for weights in distinct])


def parameter_count(plan: LayerPlan, config: EngineConfig) -> int:
    """Words of requantization parameters of a layer."""
    steps, steps_last = plan.nest.drain_steps(config)
    match plan.parameter_mode:
        case ParameterMode.CHANNEL:
            return sum(plan.parameter_sets) * ((plan.nest.tiles - 1) * steps + steps_last)
        case ParameterMode.TILE:
            return sum(plan.parameter_sets) * steps
        case ParameterMode.PIXEL:
            return plan.nest.pixels
    return len(plan.inputs)


def parameter_bases(plans: Sequence[LayerPlan], config: EngineConfig) -> list[int]:
    """First word of each layer's requantization parameters."""
    bases: list[int] = []
    end = 0
    for plan, is_stored in zip(plans, _stored_parameters(plans), strict=True):
        bases.append(end if is_stored else bases[-1])
        end += parameter_count(plan, config) * is_stored
    return bases


def parameter_image(
    plans: Sequence[LayerPlan],
    tables: Sequence[np.ndarray],
    config: EngineConfig,
    shifts: tuple[int, ...],
) -> np.ndarray:
    """The parameter memory, int64 (words, lanes, 3); `tables`: see `requantizer_tables`."""
    return np.concatenate(
        [
            parameter_words(table, plan, config, shifts)
            for plan, table, is_stored in zip(plans, tables, _stored_parameters(plans), strict=True)
            if is_stored
        ]
    )


def _stored_parameters(plans: Sequence[LayerPlan]) -> list[bool]:
    """Whether each layer has parameters of its own: not if they are those of the one before, of
    the same operator."""
    return [
        before is None
        or plan.node is not before.node
        or not np.array_equal(plan.parameters, before.parameters)
        for plan, before in zip(plans, [None, *plans], strict=False)
    ]


def parameter_words(
    table: np.ndarray, plan: LayerPlan, config: EngineConfig, shifts: tuple[int, ...]
) -> np.ndarray:
    """Parameter words in the order in which the drain reads them, int64 (words, lanes, 3).

    Parameters
    ----------
    table
        int64 (n, 3): bias, multiplier and shift of each channel, position, operand, or of all;
        once for each of the plan's `parameter_sets`.
    """
    table = table.copy()
    table[:, 2] = np.searchsorted(np.array(shifts), table[:, 2])
    if plan.parameter_mode in (ParameterMode.LAYER, ParameterMode.PIXEL):
        return np.repeat(table[:, None, :], config.lanes, axis=1)
    one_set = _tile_words if plan.parameter_mode is ParameterMode.TILE else _channel_words
    sets = np.split(table, sum(plan.parameter_sets))
    return np.concatenate([one_set(each, plan.nest.tile_size, config.lanes) for each in sets])


def _tile_words(table: np.ndarray, tile_size: int, lanes: int) -> np.ndarray:
    """Words of one tile, whose channels repeat."""
    steps = -(-tile_size // lanes)
    return table[np.arange(steps * lanes) % len(table)].reshape(steps, lanes, 3)


def _channel_words(table: np.ndarray, tile_size: int, lanes: int) -> np.ndarray:
    """Words of all channels, tile by tile."""
    words = []
    for start in range(0, len(table), tile_size):
        tile = table[start : start + tile_size]
        steps = -(-len(tile) // lanes)
        padded = np.zeros((steps * lanes, 3), np.int64)
        padded[: len(tile)] = tile
        words.append(padded.reshape(steps, lanes, 3))
    return np.concatenate(words)


def table_image(table: np.ndarray, bits: int) -> np.ndarray:
    """A table with an entry for each number of `bits`, also where its input is narrower."""
    return np.pad(table, ((1 << bits) - len(table)) // 2)
