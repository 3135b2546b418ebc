"""Instructions walked step by step, written from the definition of the instruction set alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnhw.isa import DrainInstruction, FetchInstruction, ParameterMode, WriteBackInstruction


@dataclass(frozen=True)
class Fetch:
    """One fetch: where it reads, and what it begins and ends."""

    row: int
    x: int
    y: int
    weight_address: int
    layer_first: bool
    roll_first: bool
    roll_last: bool
    strip_last: bool
    pixel_last: bool
    layer_last: bool
    in_first_roll: bool
    in_warmup: bool
    finishes: bool
    in_last_strip: bool

    @property
    def tile_last(self) -> bool:
        """Whether results are finished."""
        return self.roll_last and not self.in_warmup


def walk_fetch(i: FetchInstruction, *, space: int) -> Iterator[Fetch]:
    """The fetches of an instruction.

    Parameters
    ----------
    space
        Number of addresses.
    """
    pixels = list(np.ndindex(i.out_rows + 1, i.out_cols + 1))
    taps = [
        (tap_y, tap_x, chunk)
        for tap_y, tap_x in np.ndindex(i.taps_y + 1, i.taps_x + 1)
        for chunk in range(i.chunks + 1 - (i.last_run_short and tap_x == i.taps_x))
    ]
    strips = [(*pixel, tile) for pixel in pixels for tile in range(i.tiles + 1)]
    x = strip_x = i.x_start
    weight = i.weight_base
    for strip, (out_row, out_col, tile) in enumerate(strips):
        is_last = strip == len(strips) - 1
        rolls = i.rolls + 1 + (i.overlaps and is_last)
        if tile > 0:
            strip_x += i.tile_x
        elif out_col > 0:
            strip_x += i.out_col_x
        else:
            strip_x = i.x_start
        row = i.source + out_row * i.out_row_pitch
        y = i.y_start + out_row * i.out_row_y
        for roll in range(rolls):
            finishes = i.overlaps and (roll == 0 < strip or (is_last and roll == rolls - 1))
            for number, (tap_y, tap_x, chunk) in enumerate(taps):
                roll_last = number == len(taps) - 1
                strip_last = roll_last and roll == rolls - 1
                pixel_last = strip_last and tile == i.tiles
                if chunk > 0:
                    x += i.chunk_x
                    weight += i.chunk_weight
                elif tap_x > 0:
                    x += i.tap_x_x
                    row += i.tap_x_pitch
                    weight += i.tap_x_weight
                elif tap_y > 0:
                    x = strip_x
                    row += i.tap_y_pitch
                    y += i.tap_y_y
                    weight += i.tap_y_weight
                else:
                    x = strip_x
                    weight = i.weight_base + tile * i.tile_weight
                    if roll > 0:
                        row += i.roll_pitch
                        y += i.roll_y
                yield Fetch(
                    row=row % space,
                    x=x,
                    y=y,
                    weight_address=weight,
                    layer_first=(out_row, out_col, tile, roll, number) == (0, 0, 0, 0, 0),
                    roll_first=number == 0,
                    roll_last=roll_last,
                    strip_last=strip_last,
                    pixel_last=pixel_last,
                    layer_last=pixel_last and (out_row, out_col) == pixels[-1],
                    in_first_roll=roll == 0,
                    in_warmup=roll < i.warmup and not finishes,
                    finishes=bool(finishes),
                    in_last_strip=tile == i.tiles,
                )


@dataclass(frozen=True)
class DrainStep:
    """One step of the drain: `count` results of a tile from `first` on, and the parameter words
    that scale them."""

    first: int
    count: int
    parameters: tuple[int, ...]
    tile_done: bool
    pixel_done: bool
    row_done: bool
    layer_done: bool


def walk_drain(i: DrainInstruction, *, lanes: int) -> Iterator[DrainStep]:
    """The steps of an instruction."""
    for pixel in range(i.pixels + 1):
        strip_word = 0  # first word of the strip, in a pixel
        for tile in range(i.tiles + 1):
            last_strip = tile == i.tiles
            steps, count = (i.steps_last, i.count_last) if last_strip else (i.steps, i.count)
            for roll, step in np.ndindex(i.rolls + 1, steps + 1):
                word = i.parameter_base
                match i.parameter_mode:
                    case ParameterMode.CHANNEL:
                        word += strip_word + step
                    case ParameterMode.TILE:
                        word += step
                    case ParameterMode.PIXEL:
                        word += pixel
                if roll > 0:
                    word += i.later_words if roll < i.rolls else i.last_words
                tile_done = step == steps
                pixel_done = tile_done and roll == i.rolls and last_strip
                yield DrainStep(
                    first=step * lanes,
                    count=count if tile_done else lanes,
                    parameters=(word, word + 1) if i.paired else (word,),
                    tile_done=tile_done,
                    pixel_done=pixel_done,
                    row_done=pixel_done and pixel % (i.row_pixels + 1) == i.row_pixels,
                    layer_done=pixel_done and pixel == i.pixels,
                )
            strip_word += steps + 1


def walk_write_back(i: WriteBackInstruction, steps: list[DrainStep]) -> Iterator[int]:
    """Address of the first result of each drain step."""
    tile = address = after_first_tile = i.destination
    roll = 0
    for step in steps:
        yield address
        address += step.count
        if step.pixel_done:
            address += i.row_gap if step.row_done else i.pixel_gap
        if not step.tile_done:
            continue
        if roll == 0:
            after_first_tile = address
        if roll < i.rolls:
            tile += i.roll_pitch
            roll += 1
        else:
            tile = after_first_tile
            roll = 0
        address = tile
