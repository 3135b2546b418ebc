"""The free choices of a design."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import MappingError
from ..families import FAMILIES, named_target
from ..options import BEAT_BYTES


def _power_of_two_at_least(value: int) -> int:
    return 1 << (value - 1).bit_length()


#: Most multipliers of an array: words of all of their factors and products are no wider than the
#: 65,536 bits that Amaranth's values may have. Most rows, or columns.
MOST_MACS = 2048
MOST_ROWS = 1024


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """Configuration of an engine: one frozen value from which all else is computed.

    Parameters
    ----------
    rows
        Reduction lanes: length of the dot product taken each cycle.
    cols
        Output channels computed side by side.
    lanes
        Requantizer lanes: results that leave the drain each cycle.
    input_bytes, output_bytes
        Bytes a beat of the input and the output stream; powers of two up to 16.
    frame_buffers
        1, or 2 to load a frame while the one before is still being read.
    multiplier_stages
        Registers behind each multiplier of the array, at least 1.
    tree_levels_per_stage
        Adder tree levels between two registers, at least 1.
    lane_groups
        Lanes of operations on single channels, in multiples of `rows`; at most `cols`. With more
        than one, the array's columns are shared out among the groups.
    column_slices, lane_slices
        Columns that weights take which are too wide for one (see `nnhw.machine.slices`), of dot
        products and of operations on single channels: 1 or 2. In dot products, the upper slices
        are half of all columns behind the lower ones, and weights that are narrow take one column
        each; a lane has all of its weights in slices side by side. It changes nothing about
        results.
    scale_stages
        Registers behind each requantizer multiplier, at least 1.
    frame_check
        Whether an input frame whose tlast is not where the frame ends is dropped and reported. It
        changes nothing about the cycles of other frames.
    programmable
        Whether program, weights, constants and the geometry of frames are in memories and registers
        that are loaded. It changes nothing about cycles and results.
    parity
        Whether the memories that are loaded have parity, which is checked. Only if `programmable`.
        It changes nothing about cycles and results.
    program_banks
        Networks that the memories which are loaded have room for: 1, or 2 to load one while the
        other one runs. 2 only if `programmable`. It changes nothing about cycles and results.
    technology
        What multipliers and memories are built of: "portable" Verilog, or the cells of a device;
        "portable" or one of `nnhw.families.FAMILIES`. It changes nothing about cycles and results.
    target
        Device of that family whose multipliers are shared out; "": as many as there are products.
        It changes nothing about cycles and results either.

    Raises
    ------
    MappingError
        If a parameter is out of range.
    """

    rows: int
    cols: int
    lanes: int = 1
    input_bytes: int = 8
    output_bytes: int = 8
    frame_buffers: int = 2
    multiplier_stages: int = 1
    tree_levels_per_stage: int = 2
    lane_groups: int = 1
    column_slices: int = 1
    lane_slices: int = 1
    scale_stages: int = 2
    frame_check: bool = False
    programmable: bool = False
    parity: bool = False
    program_banks: int = 1
    technology: str = "portable"
    target: str = ""

    def __post_init__(self) -> None:
        technologies = ("portable", *FAMILIES)
        if self.technology not in technologies:
            raise MappingError(
                f"'technology' must be one of {', '.join(technologies)}, not {self.technology!r}"
            )
        if self.target:
            target = named_target(self.target)
            if target is None or target.family != self.technology:
                raise MappingError(
                    f"'target' must be a device of the technology {self.technology}, "
                    f"not {self.target!r}"
                )
        for f in fields(self):
            value = getattr(self, f.name)
            if f.type == "int" and (not isinstance(value, int) or value < 1):
                raise MappingError(f"'{f.name}' must be a positive integer, not {value!r}")
        for name in ("frame_check", "programmable", "parity"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise MappingError(f"'{name}' must be True or False, not {value!r}")
        if self.parity and not self.programmable:
            raise MappingError("'parity' is of memories that are loaded; give 'programmable', too")
        if self.program_banks > 2:
            raise MappingError(f"'program_banks' must be 1 or 2, not {self.program_banks!r}")
        if self.program_banks > 1 and not self.programmable:
            raise MappingError(
                "'program_banks' are of memories that are loaded; give 'programmable', too"
            )
        for name in ("input_bytes", "output_bytes"):
            value = getattr(self, name)
            if value not in BEAT_BYTES:
                sizes = ", ".join(map(str, BEAT_BYTES[:-1]))
                raise MappingError(f"'{name}' must be {sizes} or {BEAT_BYTES[-1]}, not {value!r}")
        if self.frame_buffers > 2:
            raise MappingError(f"'frame_buffers' must be 1 or 2, not {self.frame_buffers!r}")
        if self.lane_groups > self.cols:
            raise MappingError(
                f"'lane_groups' must be at most 'cols' ({self.cols}), not {self.lane_groups!r}"
            )
        for name, needed in (("column_slices", 1), ("lane_slices", self.lane_groups)):
            slices = getattr(self, name)
            if slices > 2:
                raise MappingError(f"'{name}' must be 1 or 2, not {slices!r}")
            if needed * slices > self.cols:
                raise MappingError(
                    f"'{name}' of {slices} need {needed * slices} columns, 'cols' is {self.cols}"
                )
        if self.mac_units > MOST_MACS or max(self.rows, self.cols) > MOST_ROWS:
            raise MappingError(
                f"An array of at most {MOST_MACS} multipliers, in at most {MOST_ROWS} rows or "
                f"columns, can be built, not {self.rows} x {self.cols}"
            )

    @property
    def mac_units(self) -> int:
        """Multipliers that the design holds for multiply-accumulates."""
        return self.rows * self.cols

    @property
    def fetch_width(self) -> int:
        """Bytes a fetch: lanes of operations on single channels."""
        return self.rows * self.lane_groups

    @property
    def lane_slots(self) -> int:
        """Products that each lane can take at once."""
        return self.cols // (self.lane_groups * self.lane_slices)

    @property
    def banks(self) -> int:
        """Byte-wide banks of the activation memories: a power of two, so that the bank of a byte
        is the low bits of its address."""
        return _power_of_two_at_least(max(self.fetch_width, self.lanes, self.input_bytes))

    def to_dict(self) -> dict[str, Any]:
        """The parameters by name, for reports and manifests."""
        return asdict(self)
