"""Convolutions."""

from __future__ import annotations

from typing import Any

from ..network import Operator
from ..writer import Refusal, Writer
from .fused import activated
from .operands import (
    channels,
    channels_first,
    channels_last,
    numbers,
    optional_input,
    padding,
)
from .registry import translates


@translates("CONV_2D")
def _conv(op: Operator, w: Writer) -> str:
    weights = op.inputs[1]
    given, inputs = channels(op, w), w.tensor(weights).shape[-1]
    if not inputs or given % inputs:
        raise Refusal(
            f"weights for {inputs} channels do not fit an input of {given}; convert the model again"
        )
    # (out, rows, columns, in) to (out, in, rows, columns)
    return _convolved(op, w, w.real(weights, (0, 3, 1, 2)), given // inputs)


@translates("DEPTHWISE_CONV_2D")
def _depthwise_conv(op: Operator, w: Writer) -> str:
    # (1, rows, columns, out) to (out, 1, rows, columns)
    return _convolved(op, w, w.real(op.inputs[1], (3, 0, 1, 2)), channels(op, w))


def _convolved(op: Operator, w: Writer, weights: str, groups: int) -> str:
    bias = optional_input(op, 2)
    value = w.main(
        "Conv",
        [channels_first(op, w), weights, *([w.real(bias)] if bias >= 0 else [])],
        group=groups,
        strides=[op.option("StrideH"), op.option("StrideW")],
        **_padding(op, w),
    )
    return channels_last(w, activated(op, w, value), 4)


def _padding(op: Operator, w: Writer) -> dict[str, Any]:
    """Attributes of a Conv."""
    dilations = [op.option("DilationHFactor"), op.option("DilationWFactor")]
    if "Pads" in op.options:  # of `fold_dilations`
        return {"pads": op.options["Pads"], "dilations": dilations}
    return padding(op, w, w.tensor(op.inputs[1]).shape[1:3], dilations)


@translates("TRANSPOSE_CONV")
def _transpose_conv(op: Operator, w: Writer) -> str:
    weights, source, bias = op.inputs[1], op.inputs[2], optional_input(op, 3)
    strides = [op.option("StrideH"), op.option("StrideW")]
    kernel = w.tensor(weights).shape[1:3]
    before, after, beyond = [], [], []
    rows_and_columns = numbers(op, w, 0)[1:3]
    for old, new, stride, taps in zip(
        w.tensor(source).shape[1:3], rows_and_columns, strides, kernel, strict=True
    ):
        surplus = (old - 1) * stride + taps - new
        before.append(max(surplus, 0) // 2)
        after.append(max(surplus, 0) - before[-1])
        beyond.append(max(-surplus, 0))
    # (out, rows, columns, in) to (in, out, rows, columns)
    operands = [channels_first(op, w, 2), w.real(weights, (3, 0, 1, 2))]
    value = w.main(
        "ConvTranspose",
        [*operands, *([w.real(bias)] if bias >= 0 else [])],
        strides=strides,
        pads=[*before, *after],
        output_padding=beyond,
    )
    if "FusedActivationFunction" in op.options:
        value = activated(op, w, value)
    return channels_last(w, value, 4)
