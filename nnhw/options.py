"""Everything about a build that can be chosen: one frozen value, on its own or from a file.

The options have the same names in Python, in a configuration file, in report.json and, with hyphens
for underscores, on the command line.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any

from .errors import DataError, MappingError, OptionError, ToolError
from .mapping import TECHNOLOGIES
from .quantize import CalibrationMethod, QuantizeOptions

SIMULATORS = ("verilator", "icarus")
WEIGHT_PLACES = ("inline", "files")


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """The options of a build. Options that were not chosen are None.

    Parameters
    ----------
    rows, cols
        Size of the array; both or neither.
    macs
        Multipliers to spend, in place of `rows` and `cols`.
    fps, latency_us
        Frames a second, and microseconds from a frame's first beat to its result's last one, that
        the smallest array is to reach; in place of the above.
    clock_mhz
        Frequency of the clock that these two refer to, and the speed in the report.
    weight_bits, act_bits
        Width of a weight, 2 to 8, and of an activation, 4 to 8.
    bits
        Width of the weights of single layers, by the name of their ONNX node.
    calibration
        How the range of an activation is found: "mse", "minmax", "percentile" or "entropy"; see
        `nnhw.quantize.ranges`.
    power_of_two
        Whether all scales are powers of two, so that requantization only shifts; see
        `nnhw.quantize.power_of_two`.
    equalize
        Whether to even out the ranges of channels first; see `nnhw.quantize.equalize`.
    trim
        Whether to leave out channels that no input can change; see `nnhw.trim`.
    weights
        Where weights and other large constants stand: "inline", in the Verilog, or "files", in .hex
        files beside it.
    technology
        What multipliers and memories are built of: "portable" Verilog, or the cells of "ecp5",
        "ice40", "gowin" or "xilinx7"; see `nnhw.hdl.technology`.
    vectors
        Real samples to simulate, or random frames without data; the extreme frames come on top.
    simulate
        Whether to simulate the exported design.
    costs
        Whether to find out by synthesis what optional hardware costs; see `nnhw.synth.costs`.
    simulator
        "verilator" or "icarus".
    seed
        Of the choice of calibration samples, of random frames and of the simulation's pauses.

    Raises
    ------
    NnhwError
        If an option has the wrong type, is out of range or contradicts another one.
    """

    rows: int | None = None
    cols: int | None = None
    macs: int | None = None
    fps: float | None = None
    latency_us: float | None = None
    clock_mhz: float = 100.0
    weight_bits: int = 8
    act_bits: int = 8
    bits: Mapping[str, int] = field(default_factory=dict)
    calibration: CalibrationMethod = "mse"
    power_of_two: bool = False
    equalize: bool = False
    trim: bool = True
    weights: str = "inline"
    technology: str = "portable"
    vectors: int = 8
    simulate: bool = True
    costs: bool = False
    simulator: str = "verilator"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            _check_type(name, value)
        # A copy that is nobody else's, in an order that does not depend on how it was given.
        object.__setattr__(self, "bits", dict(sorted(self.bits.items())))
        self._check_array()
        self.quantization()
        if self.vectors < 1:
            raise DataError(f"Option vectors must be at least 1, not {self.vectors}")
        if self.seed < 0:
            raise OptionError(f"Option seed must be at least 0, not {self.seed}")
        if self.technology not in TECHNOLOGIES:
            raise MappingError(
                f"Option technology must be one of {', '.join(TECHNOLOGIES)}, "
                f"not {self.technology!r}"
            )
        if self.weights not in WEIGHT_PLACES:
            raise OptionError(
                f"Option weights must be one of {', '.join(WEIGHT_PLACES)}, not {self.weights!r}"
            )
        if self.simulator not in SIMULATORS:
            raise ToolError(
                f"Option simulator must be one of {', '.join(SIMULATORS)}, not {self.simulator!r}"
            )

    def _check_array(self) -> None:
        if (self.rows is None) != (self.cols is None):
            given, missing = ("rows", "cols") if self.cols is None else ("cols", "rows")
            raise MappingError(
                f"Option {given} needs {missing} too; or give macs and neither of them"
            )
        if self.macs is not None and self.rows is not None:
            raise MappingError(
                "Options rows and cols already say how many multipliers to spend; drop macs"
            )
        for name in ("fps", "latency_us", "clock_mhz"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise MappingError(f"Option {name} must be a positive number, not {value!r}")
        if self.asks_for_speed and (self.macs is not None or self.rows is not None):
            raise MappingError(
                "Options fps and latency_us find the size of the array; drop rows, cols and macs"
            )

    @property
    def asks_for_speed(self) -> bool:
        """Whether the array is to be as small as a speed allows."""
        return self.fps is not None or self.latency_us is not None

    @property
    def interval_cycles(self) -> float | None:
        """Most clock cycles from frame to frame that `fps` allows."""
        return None if self.fps is None else self.clock_mhz * 1e6 / self.fps

    @property
    def latency_cycles(self) -> float | None:
        """Most clock cycles that `latency_us` allows."""
        return None if self.latency_us is None else self.clock_mhz * self.latency_us

    def quantization(self) -> QuantizeOptions:
        """What of the options concerns `quantize`."""
        return QuantizeOptions(
            weight_bits=self.weight_bits,
            layer_bits=self.bits,
            activation_bits=self.act_bits,
            calibration_method=self.calibration,
            power_of_two=self.power_of_two,
        )

    def replace(self, **changes: Any) -> BuildOptions:
        """The same options with some changed.

        Widths of single layers are added to those there; a size of the array, a number of
        multipliers and a speed take each other's place.

        Raises
        ------
        NnhwError
            If a name is no option, or the result is wrong.
        """
        check_names(changes, "The call of build")
        if isinstance(bits := changes.get("bits"), Mapping):
            changes["bits"] = {**self.bits, **bits}
        sizes = ({"rows", "cols"}, {"macs"}, {"fps", "latency_us"})
        if sum(bool(size & set(changes)) for size in sizes) == 1:
            for size in sizes:
                if not size & set(changes):
                    changes |= dict.fromkeys(size)
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The options by name, for JSON; `BuildOptions(**...)` makes the same options of them."""
        return asdict(self)


def load_options(path: str | PathLike[str]) -> BuildOptions:
    """Read options from a TOML file: one key for each, a table for `bits`.

    Raises
    ------
    NnhwError
        If the file cannot be read, names something else, or an option is wrong.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"Configuration file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"Configuration file {path} is not TOML: {error}") from error
    check_names(values, f"Configuration file {path}")
    return BuildOptions(**values)


def check_names(names: Iterable[str], origin: str) -> None:
    """Refuse what is no option.

    Raises
    ------
    OptionError
        It says what `origin` names, and what was probably meant.
    """
    known = [item.name for item in dataclasses.fields(BuildOptions)]
    for name in names:
        if name in known:
            continue
        similar = get_close_matches(name, known, n=1)
        advice = f"did you mean {similar[0]}?" if similar else f"there are {', '.join(known)}"
        raise OptionError(f"{origin} names '{name}', which is no option of a build; {advice}")


def _check_type(name: str, value: object) -> None:
    """Refuse a value of the wrong type; ranges are checked by those who know them."""
    if name in ("power_of_two", "equalize", "trim", "simulate", "costs"):
        fits, wanted = isinstance(value, bool), "true or false"
    elif name in ("calibration", "weights", "technology", "simulator"):
        fits, wanted = isinstance(value, str), "a string"
    elif name == "bits":
        fits = isinstance(value, Mapping) and all(map(_is_integer, value.values()))
        wanted = "a table of layers with an integer each"
    elif name in ("fps", "latency_us", "clock_mhz"):
        fits = isinstance(value, float) or _is_integer(value)
        fits, wanted = fits or (value is None and name != "clock_mhz"), "a number"
    else:
        fits = _is_integer(value) or (value is None and name in ("rows", "cols", "macs"))
        wanted = "an integer"
    if not fits:
        raise OptionError(f"Option {name} must be {wanted}, not {value!r}")


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
