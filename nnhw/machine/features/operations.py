"""What the array and the requantizers are able to do."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from ...isa import DrainInstruction, Operation
from ..combinations import PRODUCT, SUM, combination_code
from ..variant import Variant
from .feature import Feature

MULTIPLIER_BITS = 16
"""Of the requantizers that a network without any is spared."""


def _operation(
    operation: Operation, name: str, kept_if: str, left_out: str, components: tuple[str, ...]
) -> Feature:
    paired = int(operation is Operation.LANE_PAIR)

    def remove(variant: Variant) -> Variant | None:
        """Its layers are given to another operation."""
        others = variant.machine.limits.operations - {operation}
        other = max(others - {Operation.LANE_PAIR}, default=None)
        if other is None:
            return None
        instructions = variant.image.instructions
        gives = [i.operation == operation for i in instructions["fetch"]]  # type: ignore[union-attr]
        given = {
            kind: tuple(
                replace(i, **change) if gives_away else i  # type: ignore[arg-type]
                for i, gives_away in zip(instructions[kind], gives, strict=True)
            )
            for kind, change in (("fetch", {"operation": int(other)}), ("drain", {"paired": 0}))
        }
        return variant.with_instructions(given).with_limits(operations=others)

    def add(variant: Variant) -> Variant:
        operations = variant.machine.limits.operations | {operation}
        asks = {"fetch": {"operation": int(operation)}, "drain": {"paired": paired}}
        return variant.with_fields(asks, only_last=True).with_limits(operations=operations)

    return Feature(
        name=name,
        kept_if=kept_if,
        left_out=left_out,
        components=components,
        is_in=lambda machine: operation in machine.limits.operations,
        remove=remove,
        add=add,
    )


LANE_MAXIMUM = _operation(
    Operation.LANE_MAX,
    "lane maximum",
    "there is max pooling",
    "no layer needs one",
    ("lane_unit", "drain", "fetch"),
)

LANE_SUMS = _operation(
    Operation.LANE_SUM,
    "lane sums",
    "there is average pooling, a depthwise convolution, a function or a move",
    "no layer needs them",
    ("lane_unit", "drain", "fetch"),
)

PAIRS = _operation(
    Operation.LANE_PAIR,
    "pairs of operands",
    "a layer multiplies two tensors, or adds what cannot be added while it is written",
    "no layer reads two",
    ("lane_unit", "drain", "scaler", "write_back", "fetch"),
)

PRODUCTS = Feature(
    name="products of tensors",
    kept_if="a layer multiplies two tensors",
    left_out="no layer multiplies tensors",
    components=("drain", "scaler"),
    is_in=lambda machine: machine.limits.multiplies,
    remove=lambda variant: _without_combination(variant, PRODUCT),
    add=lambda variant: variant.with_fields({"drain": {"combination": PRODUCT}}, only_last=True),
)


def _without_combination(variant: Variant, code: int) -> Variant:
    """Its pairs are added."""
    drain = cast(tuple[DrainInstruction, ...], variant.image.instructions["drain"])
    added = tuple(replace(i, combination=SUM) if i.combination == code else i for i in drain)
    return variant.with_instructions({"drain": added})


def combination_feature(combination: str, *, name: str, kept_if: str, left_out: str) -> Feature:
    """The feature of a way of its own to combine pairs; see `nnhw.hdl.combines`.

    Parameters
    ----------
    combination
        Its name.
    name, kept_if, left_out
        See `Feature`.
    """

    def remove(variant: Variant) -> Variant | None:
        """It goes if it is the last one, as the others keep their codes."""
        own = variant.machine.limits.combinations
        if own[-1] != combination:
            return None
        without = _without_combination(variant, combination_code(combination, own))
        return without.with_limits(combinations=own[:-1])

    def add(variant: Variant) -> Variant | None:
        own = (*variant.machine.limits.combinations, combination)
        code = combination_code(combination, own)
        asks = {"drain": {"combination": code}}
        return variant.with_fields(asks, only_last=True).with_limits(combinations=own)

    return Feature(
        name=name,
        kept_if=kept_if,
        left_out=left_out,
        components=("drain", "scaler"),
        is_in=lambda machine: combination in machine.limits.combinations,
        remove=remove,
        add=add,
    )


MAXIMA = combination_feature(
    "max",
    name="maxima of tensors",
    kept_if="a layer takes the larger one of two tensors' elements",
    left_out="no layer takes the larger of two",
)

MINIMA = combination_feature(
    "min",
    name="minima of tensors",
    kept_if="a layer takes the smaller one of two tensors' elements",
    left_out="no layer takes the smaller of two",
)

SHIFTS = Feature(
    name="choice of shifts",
    kept_if="requantizations differ in their shifts",
    left_out="there is just one shift",
    components=("scaler", "parameters"),
    is_in=lambda machine: len(machine.datapath.shifts) > 1,
    remove=lambda variant: variant.with_datapath(shifts=variant.machine.datapath.shifts[:1]),
    kept=lambda machine: ", ".join(map(str, machine.datapath.shifts)),
)


def _without_multipliers(variant: Variant) -> Variant:
    """Shifts are smaller by the multiplier's bits for results of the same size."""
    datapath = variant.machine.datapath
    shifts = tuple(max(0, shift - datapath.widths.multiplier) for shift in datapath.shifts)
    return variant.with_widths(multiplier=0).with_datapath(shifts=shifts)


def _with_multipliers(variant: Variant) -> Variant:
    shifts = tuple(shift + MULTIPLIER_BITS for shift in variant.machine.datapath.shifts)
    return variant.with_widths(multiplier=MULTIPLIER_BITS).with_datapath(shifts=shifts)


MULTIPLIERS = Feature(
    name="requantizer multipliers",
    kept_if="scales are no powers of two",
    left_out="all factors are powers of two",
    components=("scaler", "parameters", "write_back"),
    is_in=lambda machine: machine.datapath.widths.multiplier > 0,
    remove=_without_multipliers,
    add=_with_multipliers,
    kept=lambda machine: f"{machine.datapath.widths.multiplier} bits",
)
