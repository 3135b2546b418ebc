"""Every instruction of the engine, defined once.

A program runs once for each frame. It has one `FetchInstruction`, one `DrainInstruction`, one
`WriteBackInstruction` and, where layers add the results of earlier ones to their own, one
`ResidualInstruction` for each layer. The fetch sequencer walks the first list and issues one fetch
a cycle: a vector of activations, a word of weights and an operation for the array. The drain
sequencer walks the second list and scales finished tiles; the write-back stage walks the third and
puts the results in their place; the residual stage within it walks the fourth. All lists run in the
same order; the only message from fetch to drain is the end of a tile, and from drain to write-back
the end of a layer, which travel with the data.

Encoder, decoder, disassembler, the hardware's own instruction layout and the documentation come
from the dataclasses of this module. The engine generated for a network holds just the fields, and
of each field just the bits, that its program uses (see `layout`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enum import IntEnum
else:  # the same, with a shape in hardware
    from amaranth.lib.enum import IntEnum


class Operation(IntEnum, shape=2):
    """What the array does with the fetches of a tile."""

    #: cols dot products of `rows` lanes, accumulated: dense convolution, matrix product.
    DOT = 0
    #: Each lane's products, accumulated: depthwise, average pooling. Where a strip has several
    #: rolls, each lane has sums for as many output rows that are in the making, and every roll
    #: finishes the oldest one.
    LANE_SUM = 1
    #: The largest of each lane's products: max pooling.
    LANE_MAX = 2
    #: Two fetches, kept apart; the drain scales and adds them, multiplies them, or combines them
    #: in a way of its own.
    LANE_PAIR = 3


class ParameterMode(IntEnum, shape=2):
    """How the drain walks through its requantization parameters."""

    #: One word for the whole layer (two for `Operation.LANE_PAIR`, one an operand).
    LAYER = 0
    #: One word a drain step, starting again at each pixel: parameters by channel. All tiles of a
    #: strip use the same words.
    CHANNEL = 1
    #: One word a pixel: parameters by position.
    PIXEL = 2
    #: One word a drain step, starting again at each tile: every tile has the same channels.
    TILE = 3


def _doc(text: str, *, signed: bool = False) -> int:
    """A dataclass field with its documentation, always given by keyword."""
    return field(metadata={"doc": text, "signed": signed})


@dataclass(frozen=True, kw_only=True)
class FetchInstruction:
    """One layer for the fetch sequencer: seven nested loops over addresses.

    Outermost to innermost: output rows, output columns, tiles, rolls, kernel rows (taps_y), kernel
    columns (taps_x), chunks of a run. A tile is a group of results that leave together. A
    strip is a column of such tiles, one a roll, each further down the image by the rows of a roll;
    the first rolls may only warm up sums that later ones finish. Where strips overlap, a strip's
    last tile gets nothing from the roll that finishes it, which is the first one of the next strip:
    this one begins its own sums meanwhile. After the last strip there is one roll more for it.

    A fetch reads the bytes at row address + x. The row address and y belong to an image row, x is
    the byte within it; lanes outside of 0 <= y < height, 0 <= x + lane < row_length deliver
    `pad_value`. Addresses count bytes, modulo the address space. All counts are stored less one.
    How loops move what a fetch reads: see `Coordinate`.
    """

    operation: int = _doc("what the array does (`Operation`)")
    source: int = _doc("row address of the first fetch")
    y_start: int = _doc("y of the first fetch; negative in the upper padding", signed=True)
    x_start: int = _doc("x of the first fetch; negative in the left padding", signed=True)
    out_rows: int = _doc("output rows less one")
    out_cols: int = _doc("output columns less one")
    tiles: int = _doc("tiles, or strips of tiles, a pixel, less one")
    rolls: int = _doc("rolls a strip, less one")
    warmup: int = _doc("rolls of a strip that finish no results")
    overlaps: int = _doc("1: a strip's last tile is finished by the next one's first roll")
    taps_y: int = _doc("kernel rows, or image rows of a roll, less one")
    taps_x: int = _doc("separate runs a kernel row, less one")
    chunks: int = _doc("fetches a run, less one")
    out_row_pitch: int = _doc("row address step from output row to output row")
    out_row_y: int = _doc("y step from output row to output row")
    out_col_x: int = _doc("x step from a pixel's last tile to the next pixel", signed=True)
    tile_x: int = _doc("x step from tile to tile")
    roll_pitch: int = _doc("row address step from a roll's last run to the next roll", signed=True)
    roll_y: int = _doc("y step from a roll's last kernel row to the next roll", signed=True)
    tap_y_pitch: int = _doc("row address step from a row's last run to the next row", signed=True)
    tap_y_y: int = _doc("y step from kernel row to kernel row")
    tap_x_x: int = _doc("x step from a run's last fetch to the next run", signed=True)
    tap_x_pitch: int = _doc("row address step from run to run within a kernel row")
    chunk_x: int = _doc("x step from fetch to fetch of a run")
    last_run_short: int = _doc("1: the last run of a kernel row has one fetch less")
    row_length: int = _doc("bytes of an image row; x from here on is padding")
    height: int = _doc("image rows; y from here on is padding")
    pad_value: int = _doc("what padding lanes deliver", signed=True)
    weight_base: int = _doc("weight word of the first fetch")
    tile_weight: int = _doc("weight word step from tile to tile")
    tap_y_weight: int = _doc("weight word step from a row's last fetch to the next", signed=True)
    tap_x_weight: int = _doc("weight word step from a run's last fetch to the next", signed=True)
    chunk_weight: int = _doc("weight word step from fetch to fetch of a run")
    fence: int = _doc("1: wait until all earlier layers' results are in memory")
    chase: int = _doc("1: wait for just those bytes that the layer before has not written yet")
    frees_frame: int = _doc("1: the input frame is not read after this layer")
    to_stream: int = _doc("1: results leave through the output stream, whose buffer needs room")
    drain_cycles: int = _doc("drain cycles of a tile, less one")
    drain_cycles_last: int = _doc("drain cycles of a pixel's last tile, less one")

    @property
    def fetches_per_roll(self) -> int:
        """Fetches from the first to the last of a roll."""
        kernel_row = (self.taps_x + 1) * (self.chunks + 1) - self.last_run_short
        return (self.taps_y + 1) * kernel_row

    @property
    def fetches(self) -> int:
        """Fetches of the layer."""
        pixels = (self.out_rows + 1) * (self.out_cols + 1)
        rolls = pixels * (self.tiles + 1) * (self.rolls + 1) + self.overlaps
        return rolls * self.fetches_per_roll

    @property
    def tile_entries(self) -> int:
        """Most entries of the output buffer that a tile takes."""
        cycles = max(self.drain_cycles, self.drain_cycles_last) + 1
        return cycles // 2 if self.operation == Operation.LANE_PAIR else cycles


@dataclass(frozen=True, kw_only=True)
class DrainInstruction:
    """One layer for the drain sequencer: pixels, tiles, rolls, steps of up to `lanes` results."""

    paired: int = _doc("1: results of `Operation.LANE_PAIR`, two cycles a step")
    combination: int = _doc("of two terms: 0 adds, 1 multiplies, n + 2: n-th of the engine's own")
    joined: int = _doc(
        "1: dot products of two slices of weights, the upper ones in further columns"
    )
    pixels: int = _doc("output pixels less one")
    row_pixels: int = _doc("output pixels of an image row less one; 0 without gaps")
    tiles: int = _doc("tiles, or strips of tiles, a pixel, less one")
    rolls: int = _doc("tiles a strip, less one")
    steps: int = _doc("steps of a tile, less one")
    steps_last: int = _doc("steps of a pixel's last tile, less one")
    count: int = _doc("results in the last step of a tile")
    count_last: int = _doc("results in the last step of a pixel's last tile")
    parameter_base: int = _doc("first word of requantization parameters")
    parameter_mode: int = _doc("how parameters advance (`ParameterMode`)")
    later_words: int = _doc("words from the parameters of a strip's first tile to the later ones'")
    last_words: int = _doc("words from the parameters of a strip's first tile to the last one's")

    @property
    def total_steps(self) -> int:
        """Steps of the layer."""
        steps = self.tiles * (self.steps + 1) + self.steps_last + 1
        return (self.pixels + 1) * (self.rolls + 1) * steps

    def results(self, lanes: int) -> int:
        """Results of the layer, of which a step holds up to `lanes`."""
        tile = self.steps * lanes + self.count
        tile_last = self.steps_last * lanes + self.count_last
        return (self.pixels + 1) * (self.rolls + 1) * (self.tiles * tile + tile_last)

    def counts(self, lanes: int) -> set[int]:
        """How many results a step may hold."""
        counts = {self.count_last}
        if self.tiles:
            counts.add(self.count)
        if self.steps_last or (self.tiles and self.steps):
            counts.add(lanes)
        return counts


@dataclass(frozen=True, kw_only=True)
class WriteBackInstruction:
    """One layer for the write-back stage: what becomes of scaled results.

    Without rolls, results come in channels-last order, so the destination is a running address.
    With rolls, the tiles of a strip lie one image row apart, and each strip begins where the first
    tile of the one before it ended. With gaps, the results are a part of a larger tensor.
    """

    zero_point: int = _doc("zero point of the results", signed=True)
    lo: int = _doc("lower bound of the results", signed=True)
    hi: int = _doc("upper bound of the results", signed=True)
    rolls: int = _doc("tiles a strip, less one")
    roll_pitch: int = _doc("address step from tile to tile of a strip")
    pixel_gap: int = _doc("bytes left out after each pixel but a row's last one")
    row_gap: int = _doc("bytes left out after a row's last pixel")
    table: int = _doc("0: results as they are; n: results through table n - 1")
    destination: int = _doc("address of the first result")
    to_stream: int = _doc("1: to the output stream in place of the activation memory")
    residual_only: int = _doc("1: to nothing but the residual memory")

    @property
    def to_memory(self) -> bool:
        """Whether results go to the activation memory."""
        return not (self.to_stream or self.residual_only)


@dataclass(frozen=True, kw_only=True)
class ResidualInstruction:
    """One layer for the residual stage: the addition of an earlier layer's results to its own.

    The residual memory holds results as they leave write-back, a word a drain step. A layer that
    adds gets one word a step, in the order of writing, and what leaves write-back is, from its own
    result q and the earlier layer's r,

        clamp(round(((q + bias) * multiplier + (r + residual_bias) * residual_multiplier)
                    / 2**shift) + zero_point, lo, hi)

    rounded to the nearest integer, ties to even. In layers that do not add, all that belongs to the
    addition is as in one that does, so that it takes fewer bits.
    """

    add: int = _doc("1: results of an earlier layer are added")
    source: int = _doc("word of the residual memory with the first of them")
    bias: int = _doc("added to the layer's own results", signed=True)
    multiplier: int = _doc("of the layer's own results")
    residual_bias: int = _doc("added to the earlier layer's results", signed=True)
    residual_multiplier: int = _doc("of the earlier layer's results")
    shift: int = _doc("of the sum, to the right")
    zero_point: int = _doc("zero point of the sums", signed=True)
    lo: int = _doc("lower bound of the sums", signed=True)
    hi: int = _doc("upper bound of the sums", signed=True)
    store: int = _doc("1: what leaves write-back is kept in the residual memory")
    destination: int = _doc("word for the first of it")


Instruction = FetchInstruction | DrainInstruction | WriteBackInstruction | ResidualInstruction


def field_docs(kind: type[Instruction]) -> dict[str, tuple[str, bool]]:
    """Name -> (documentation, signed) of each field of an instruction, in encoding order."""
    return {f.name: (f.metadata["doc"], f.metadata["signed"]) for f in fields(kind)}
