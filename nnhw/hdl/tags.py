"""What travels along with data: structs of flags and small numbers that belong together."""

from __future__ import annotations

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from ..isa import Operation


class FetchTags(data.StructLayout):
    """What the array does with a fetch.

    Fields
    ------
    first, last : 1
        It begins a roll, ends a roll that finishes a tile.
    carry : 1
        With `first`: the sums of the roll before go on.
    finishes : 1
        The roll only finishes the last tile of the strip before, but may begin sums of its own.
    operation : Operation
    """

    def __init__(self):
        flags = dict.fromkeys(("first", "last", "carry", "finishes"), unsigned(1))
        super().__init__({**flags, "operation": Operation})


class Padding(data.StructLayout):
    """Which lanes of a fetch are padding.

    Parameters
    ----------
    lanes : int
    pad_width : int
        Bits of `pad_value`.

    Fields
    ------
    row_inside : 1
        The image row is not padding.
    lane_start, lane_end : range(lanes + 1)
        Lanes from start to before end are not padding. A cycle later than the other fields.
    pad_value : signed(pad_width)
        What the other lanes deliver.
    """

    def __init__(self, *, lanes: int, pad_width: int):
        super().__init__(
            {
                "row_inside": unsigned(1),
                "lane_start": range(lanes + 1),
                "lane_end": range(lanes + 1),
                "pad_value": signed(pad_width),
            }
        )


class StepTags(data.StructLayout):
    """What there is to say of a drain step's results, of which there are up to `lanes`.

    Fields
    ------
    count : range(lanes + 1)
        How many of them count.
    tile_done, pixel_done, row_done, layer_done : 1
        They are the last of a tile, of a pixel, of an image row, of a layer.
    """

    def __init__(self, *, lanes: int):
        ends = ("tile_done", "pixel_done", "row_done", "layer_done")
        super().__init__({"count": range(lanes + 1), **dict.fromkeys(ends, unsigned(1))})


class Passing(data.StructLayout):
    """That results of a drain step are at a place.

    Fields
    ------
    step : 1
        They are there.
    layer_done : 1
        They are the last of their layer; without `step` it means nothing.
    """

    def __init__(self):
        super().__init__({"step": 1, "layer_done": 1})


class Progress(data.StructLayout):
    """How far results have got.

    Parameters
    ----------
    chased_bytes : int
        Most bytes of a layer that is read while it is written.
    chunk : int
        Bytes of a read.

    Fields
    ------
    retired : 1
        In the next cycle the last results of a tile are there.
    covered : range(-chunk, chased_bytes - chunk + 1)
        Up to the next cycle so much of a layer has been there that a read may begin at this byte,
        none if that is negative, and all of the layers before.
    layer_written : 1
        From the next cycle on that is said of the layer that follows.
    """

    def __init__(self, *, chased_bytes: int, chunk: int):
        super().__init__(
            {
                "retired": unsigned(1),
                "covered": range(-chunk, chased_bytes - chunk + 1),
                "layer_written": unsigned(1),
            }
        )
