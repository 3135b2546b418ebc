"""Names that options choose among, for those who offer them and those who know their meaning."""

from typing import Literal, get_args

from ..families import FAMILIES

CalibrationMethod = Literal["mse", "minmax", "percentile", "entropy"]

CALIBRATION_METHODS: tuple[CalibrationMethod, ...] = get_args(CalibrationMethod)
"""How the range of an activation is found: see `nnhw.quantize.ranges`."""

EQUALIZATIONS = ("auto", "on", "off")
"""Whether channels are equalized; auto measures both: see `nnhw.conversion.convert`."""

SIMULATORS = ("verilator", "icarus")
"""What can simulate an exported design."""

TECHNOLOGIES = ("portable", *FAMILIES)
"""What multipliers and memories can be built of: see `nnhw.hdl.technology`."""

WEIGHT_PLACES = ("inline", "files")
"""Where large constants can stand: in the Verilog, or in .hex files beside it."""
