"""How operands get from memory to the array."""

from __future__ import annotations

from dataclasses import replace

from ...isa import Operation
from ..machine import Machine
from ..variant import Variant
from .feature import Feature


def _mask(machine: Machine) -> str:
    lanes = machine.config.fetch_width * machine.datapath.widths.activation
    return "" if machine.limits.padded else f"{lanes} two-input multiplexers"


PADDING = Feature(
    name="padding mask",
    kept_if="a window reaches beyond the image",
    left_out="no layer pads",
    components=("read_aligner", "fetch"),
    limits={"padded": False},
    add=lambda variant: variant.with_limits(padded=True),
    kept=lambda machine: "by position",
    saved=_mask,
)


def _multiplexers(machine: Machine, granularity: int) -> str:
    """A rotator has a row of multiplexers for each power of two from its granularity on."""
    elements = machine.config.banks * machine.datapath.widths.activation
    spared = (granularity - 1).bit_length() * elements
    return f"{spared} two-input multiplexers" if spared else ""


def _steps(machine: Machine, granularity: int) -> str:
    return f"by multiples of {granularity} of {machine.config.banks} bytes"


READ_ROTATOR = Feature(
    name="read rotator",
    kept_if="a fetch begins at another byte than a multiple of the banks",
    left_out="all",
    rest="finer steps",
    components=("read_aligner", "frame_buffer"),
    is_in=lambda machine: machine.limits.read_granularity < machine.config.banks,
    remove=lambda variant: variant.with_limits(read_granularity=variant.machine.config.banks),
    kept=lambda machine: _steps(machine, machine.limits.read_granularity),
    saved=lambda machine: _multiplexers(machine, machine.limits.read_granularity),
)

WRITE_ROTATOR = Feature(
    name="write rotator",
    kept_if="results begin at such a byte",
    left_out="all",
    rest="finer steps",
    components=("write_aligner",),
    is_in=lambda machine: (
        machine.limits.write_granularity < machine.config.banks and machine.limits.depth > 0
    ),
    remove=lambda variant: variant.with_limits(write_granularity=variant.machine.config.banks),
    kept=lambda machine: _steps(machine, machine.limits.write_granularity),
    saved=lambda machine: _multiplexers(machine, machine.limits.write_granularity),
)

READ_SINGLE_BYTES = Feature(
    name="read rotator, single bytes",
    kept_if=READ_ROTATOR.kept_if,
    left_out="finer steps",
    listed_as=READ_ROTATOR.name,
    components=("read_aligner", "frame_buffer"),
    is_in=lambda machine: machine.limits.read_granularity == 1,
    add=lambda variant: variant.with_limits(read_granularity=1),
)

WRITE_SINGLE_BYTES = Feature(
    name="write rotator, single bytes",
    kept_if=WRITE_ROTATOR.kept_if,
    left_out="finer steps",
    listed_as=WRITE_ROTATOR.name,
    components=("write_aligner",),
    is_in=lambda machine: machine.limits.write_granularity == 1 or machine.limits.depth == 0,
    add=lambda variant: variant.with_limits(write_granularity=1),
)


def _with_one_group(variant: Variant) -> Variant | None:
    """Fetches as wide as a dot product; memories hold as much in fewer banks."""
    limits, config = variant.machine.limits, variant.machine.config
    if limits.operations != {Operation.DOT}:
        return None
    banks = replace(config, lane_groups=1).banks
    ratio = config.banks // banks
    return variant.with_config(lane_groups=1).with_limits(
        depth=limits.depth * ratio,
        frame_depth=limits.frame_depth * ratio,
        read_granularity=min(limits.read_granularity, banks),
        write_granularity=min(limits.write_granularity, banks),
    )


LANE_GROUPS = Feature(
    name="more lanes than rows",
    kept_if="it makes operators on single channels faster",
    left_out="it would gain nothing",
    components=("read_aligner", "write_aligner", "drain", "fetch", "frame_buffer"),
    is_in=lambda machine: machine.config.lane_groups > 1,
    remove=_with_one_group,
    kept=lambda machine: f"{machine.config.fetch_width} lanes",
)


def _frame_bits(machine: Machine) -> str:
    row = machine.config.banks * machine.datapath.widths.activation
    bits = (2 - machine.config.frame_buffers) * machine.limits.frame_depth * row
    return f"{bits} bits of memory" if bits else ""


FRAME_CHECK = Feature(
    name="frame check",
    kept_if="it is asked for (`--frame-check`)",
    left_out="it was not asked for",
    components=("frame_buffer",),
    is_in=lambda machine: machine.config.frame_check,
    remove=lambda variant: variant.with_config(frame_check=False),
    add=lambda variant: variant.with_config(frame_check=True),
)

PROGRAMMABLE = Feature(
    name="loadable program",
    kept_if="it is asked for (`--programmable`)",
    left_out="it was not asked for",
    components=(
        *("fetch", "weights", "drain", "parameters", "write_back"),
        *("frame_buffer", "output_stream"),
    ),
    is_in=lambda machine: machine.config.programmable,
    remove=lambda variant: variant.with_config(programmable=False, parity=False, program_banks=1),
    add=lambda variant: variant.with_config(programmable=True),
    kept=lambda machine: "two networks" if machine.config.program_banks > 1 else "yes",
)

SECOND_FRAME = Feature(
    name="second frame buffer",
    kept_if="loading the next frame early gains speed",
    left_out="it would gain nothing",
    components=("frame_buffer",),
    is_in=lambda machine: machine.config.frame_buffers == 2,
    remove=lambda variant: variant.with_config(frame_buffers=1),
    add=lambda variant: variant.with_config(frame_buffers=2),
    saved=_frame_bits,
)
