"""The options of a build."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

from ..budget import DEFAULT_MAX_MEMORY
from ..errors import OptionError, reading
from ..families import named_target
from ..plugins import FAMILIES as FAMILY_PLUGINS
from ..plugins import QUANTIZERS as QUANTIZER_PLUGINS
from .choices import (
    BUSES,
    CALIBRATION_METHODS,
    CLOCKS,
    EQUALIZATIONS,
    INITS,
    IOS,
    MEMORY_ADDRESS_BITS,
    MEMORY_DATA_BITS,
    MOST_REQUANTIZERS,
    MOST_TAG_BITS,
    PROTECTIONS,
    QUANTIZERS,
    RESETS,
    SIMULATORS,
    SLICINGS,
    TECHNOLOGIES,
    WEIGHT_PLACES,
    CalibrationMethod,
)
from .definition import definitions, documented, option
from .file import check_names, read_table
from .kinds import (
    Choice,
    Device,
    Flag,
    InputShapes,
    Integer,
    LayerBits,
    Memory,
    Names,
    Number,
    PluginChoice,
    StreamBytes,
    check,
    read_shapes,
    read_stream_bytes,
)

_MODEL = "Model"
_ARRAY = "Array"
_QUANTIZATION = "Quantization"
_HARDWARE = "Hardware"
_VERIFICATION = "Verification"
_LIMITS = "Limits"

_SIDES = (4, 6, 8, 9, 12, 16, 18, 24, 32)
"""Of arrays that a search tries: powers of two, and what suits kernels of 3 x 3."""

_SIZES = ({"rows", "cols"}, {"macs"}, {"fps", "latency_us"})
"""Options that take each other's place."""


@documented
@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """The options of a build. Options that were not chosen are None."""

    input_shape: Mapping[str, tuple[int, ...]] = option(
        InputShapes(),
        dict,
        group=_MODEL,
        help="Shape of an input of open size; all of its axes, in the model's order.",
    )
    rows: int | None = option(
        Integer(1),
        group=_ARRAY,
        help="Products a column adds up each cycle; with `cols`.",
        tried=(2, 3, *_SIDES),
    )
    cols: int | None = option(
        Integer(1),
        group=_ARRAY,
        help="Output channels side by side; with `rows`.",
        tried=_SIDES,
    )
    macs: int | None = option(
        Integer(1), group=_ARRAY, help="Multipliers to spend; rows and columns are chosen to suit."
    )
    fps: float | None = option(
        Number(), group=_ARRAY, help="Frames a second that the smallest array is to reach."
    )
    latency_us: float | None = option(
        Number(), group=_ARRAY, help="Latency in µs that the smallest array is to reach."
    )
    clock_mhz: float = option(
        Number(),
        100,
        group=_ARRAY,
        help="Clock in MHz; `fps`, `latency_us` and the reported speed refer to it.",
    )
    requantizers: int | None = option(
        Integer(1, MOST_REQUANTIZERS),
        group=_ARRAY,
        help="Results requantized a cycle; as many as pay unless given.",
        tried=(1, 2, 4, 8, 16, 32),
    )
    lane_groups: int | None = option(
        Integer(1),
        group=_ARRAY,
        help="Times `rows` lanes for layers on single channels; as many as pay unless given, at "
        "most `cols`.",
        tried=(1, 2, 4),  # every number of columns that is tried has room for them
    )
    slice_weights: str = option(
        Choice(SLICINGS),
        "auto",
        group=_ARRAY,
        help="Wide weights take two columns; those of more than 5 bits, so that columns are as "
        "narrow as the others. auto: what is better, where the fastest or the smallest array for a "
        "`target` is looked for.",
    )
    weight_bits: int = option(
        Integer(2, 8),
        8,
        group=_QUANTIZATION,
        help="Bits of a weight; of a model that arrived quantized, if it has more.",
        tried=(3, 4, 5, 6, 7, 8),
    )
    act_bits: int = option(
        Integer(4, 8),
        8,
        group=_QUANTIZATION,
        help="Bits of an activation.",
        tried=(5, 6, 7, 8),
    )
    bits: Mapping[str, int] = option(
        LayerBits(Integer(2, 8)),
        dict,
        group=_QUANTIZATION,
        help="Bits of the weights of single layers; by the name of their ONNX node.",
    )
    calibration: CalibrationMethod = option(  # noqa: RUF009 - a field, as all of these
        Choice(CALIBRATION_METHODS),
        "mse",
        group=_QUANTIZATION,
        help="Ranges of activations; how they are found.",
        tried=CALIBRATION_METHODS,
    )
    power_of_two: bool = option(
        Flag(),
        False,
        group=_QUANTIZATION,
        help="Scales are powers of two: requantization only shifts.",
        tried=(False, True),
    )
    scale_bits: int | None = option(
        Integer(10, 24),
        group=_QUANTIZATION,
        help="Most bits of a requantization multiplier; fewer take less logic, and change some "
        "roundings of a model that arrived quantized.",
    )
    equalize: str = option(
        Choice(EQUALIZATIONS),
        "auto",
        group=_QUANTIZATION,
        help="Even out the ranges of channels; auto: if that is better on calibration samples.",
        tried=("on", "off"),  # auto is one of the two
    )
    quantizer: str = option(
        PluginChoice(QUANTIZERS, QUANTIZER_PLUGINS),
        "standard",
        group=_QUANTIZATION,
        help="What makes integers of the network.",
    )
    plugins: Sequence[str] = option(
        Names(),
        (),
        group=_QUANTIZATION,
        help="Installed plug-ins that take part; their operators, passes and steps.",
    )
    trim: bool = option(
        Flag(),
        True,
        group=_HARDWARE,
        help="Leave out channels that no input can change.",
        tried=(True, False),
    )
    weights: str = option(
        Choice(WEIGHT_PLACES),
        "inline",
        group=_HARDWARE,
        help="Where large constants are; in the Verilog or in .hex files beside it.",
    )
    init: str = option(
        Choice(INITS),
        "contents",
        group=_HARDWARE,
        help="Initial contents; none: constants are logic, for silicon and flows without them.",
    )
    target: str | None = option(
        Device(),
        group=_HARDWARE,
        help="FPGA to fit; without a size or speed, the fastest array that does is found.",
    )
    technology: str | None = option(
        PluginChoice(TECHNOLOGIES, FAMILY_PLUGINS),
        group=_HARDWARE,
        help="Cells to use, however many; portable unless there is a `target`.",
        tried=TECHNOLOGIES,
    )
    stream_bytes: tuple[int, int] | None = option(
        StreamBytes(),
        group=_HARDWARE,
        help="Bytes a beat of the input and output streams; as few as cost no speed unless given.",
        tried=("1,1", "2,2", "4,4", "8,8", "16,16"),
    )
    frame_check: bool = option(
        Flag(),
        False,
        group=_HARDWARE,
        help="Drop input frames whose tlast is misplaced; early, late or missing, it raises "
        "`frame_error`.",
    )
    keep: bool = option(
        Flag(),
        False,
        group=_HARDWARE,
        help="Give both streams tkeep; lanes that a tensor does not use are 0.",
    )
    tag_bits: int = option(
        Integer(0, MOST_TAG_BITS),
        0,
        group=_HARDWARE,
        help="Bits of tuser that come back with a frame's result; frames are checked then.",
    )
    idle: bool = option(
        Flag(),
        False,
        group=_HARDWARE,
        help="Add an output idle: no frame is inside. Frames are checked then.",
    )
    clocks: str = option(
        Choice(CLOCKS),
        "one",
        group=_HARDWARE,
        help="Clocks of a design; two: streams and registers have one of their own, `axis_clk`.",
    )
    programmable: bool = option(
        Flag(),
        False,
        group=_HARDWARE,
        help="Program, weights and constants are loaded; the design runs other networks, too.",
    )
    protect: str = option(
        Choice(PROTECTIONS),
        "none",
        group=_HARDWARE,
        help="Parity of what is loaded; with `programmable` and `bus`, whose registers say of an "
        "error.",
    )
    banks: int = option(
        Integer(1, 2),
        1,
        group=_HARDWARE,
        help="Networks that a programmable design holds; 2: one is loaded over the bus while the "
        "other one runs.",
    )
    reset: str = option(
        Choice(tuple(RESETS)),
        "active-high",
        group=_HARDWARE,
        help="Polarity of the reset; active-low: the port `aresetn` in place of `rst`.",
    )
    bus: str | None = option(
        Choice(BUSES),
        group=_HARDWARE,
        help="Control bus; registers, an interrupt and drivers come with it, and `frame_check`.",
    )
    bus_errors: bool = option(
        Flag(),
        False,
        group=_HARDWARE,
        help="Unmapped addresses answer with an error; else they read zero and ignore writes.",
    )
    io: str = option(
        Choice(IOS),
        "stream",
        group=_HARDWARE,
        help="How frames come and go; mapped: word by word over the control bus, for small "
        "processors; dma: from and to memory over AXI4, as descriptors say.",
    )
    memory_data_bits: int = option(
        Integer(MEMORY_DATA_BITS[0], MEMORY_DATA_BITS[-1]),
        MEMORY_DATA_BITS[0],
        group=_HARDWARE,
        help="Bits of a word on the bus to memory: 32 or 64.",
    )
    memory_address_bits: int = option(
        Integer(MEMORY_ADDRESS_BITS[0], MEMORY_ADDRESS_BITS[-1]),
        MEMORY_ADDRESS_BITS[0],
        group=_HARDWARE,
        help="Bits of an address on it: 32 or 64.",
    )
    memory_cache: int = option(
        Integer(0, 15),
        3,
        group=_HARDWARE,
        help="AxCACHE of all accesses to memory; 3: normal, neither cached nor coherent.",
    )
    memory_prot: int = option(
        Integer(0, 7),
        0,
        group=_HARDWARE,
        help="AxPROT of all accesses to memory; 0: unprivileged, secure, data.",
    )
    costs: bool = option(
        Flag(),
        False,
        group=_HARDWARE,
        help="Synthesize what optional hardware costs; needs the extra 'synth'.",
    )
    vectors: int = option(
        Integer(1),
        8,
        group=_VERIFICATION,
        help="Real samples to simulate; random frames without data, and extreme frames on top.",
    )
    strict: bool = option(
        Flag(),
        False,
        group=_VERIFICATION,
        help="Refuse a design of which there is something to warn.",
    )
    sim: bool = option(
        Flag(), True, group=_VERIFICATION, help="Simulate the design.", formerly="simulate"
    )
    simulator: str = option(
        Choice(SIMULATORS), "verilator", group=_VERIFICATION, help="What simulates the Verilog."
    )
    seed: int = option(
        Integer(0), 0, group=_VERIFICATION, help="Seed of everything that is drawn at random."
    )

    max_memory: int | str = option(
        Memory(),
        DEFAULT_MAX_MEMORY,
        group=_LIMITS,
        help="Most memory that a build takes; model, data and what is computed count.",
    )

    def __post_init__(self) -> None:
        for name, item in definitions(self).items():
            value = getattr(self, name)
            if value is not None or not item.is_optional:
                check(name, item.kind, value)
        # A copy that is nobody else's, in an order that does not depend on how it was given.
        object.__setattr__(self, "bits", dict(sorted(self.bits.items())))
        shapes = read_shapes(self.input_shape) or {}
        object.__setattr__(self, "input_shape", dict(sorted(shapes.items())))
        object.__setattr__(self, "plugins", tuple(self.plugins))
        object.__setattr__(self, "stream_bytes", read_stream_bytes(self.stream_bytes))
        self._check_array()
        self._check_technology()
        if self.bus_errors and self.bus is None:
            raise OptionError("Option bus_errors needs a control bus; give bus, too")
        self._check_io()
        self._check_programmable()
        self._check_init()

    def _check_io(self) -> None:
        """Refuse what only streams have if there are none."""
        self._check_memory()
        if self.io == "stream":
            return
        if self.bus is None:
            raise OptionError(f"Option io is {self.io}, which needs a control bus; give bus, too")
        for name in ("stream_bytes", "keep", "tag_bits"):
            if getattr(self, name):
                raise OptionError(
                    f"Option {name} is of streams, and io is {self.io}, where a beat is a word of "
                    f"the bus; drop {name}"
                )

    def _check_memory(self) -> None:
        """Refuse a bus to memory that there is none of, or of other widths."""
        for name, widths in (
            ("memory_data_bits", MEMORY_DATA_BITS),
            ("memory_address_bits", MEMORY_ADDRESS_BITS),
        ):
            if getattr(self, name) not in widths:
                allowed = " or ".join(map(str, widths))
                raise OptionError(f"Option {name} must be {allowed}, not {getattr(self, name)}")
        for name in ("memory_data_bits", "memory_address_bits", "memory_cache", "memory_prot"):
            if self.io != "dma" and getattr(self, name) != definitions(self)[name].default:
                raise OptionError(
                    f"Option {name} is of the bus to memory, and io is {self.io}; give io dma, or "
                    f"drop {name}"
                )

    def _check_array(self) -> None:
        if (self.rows is None) != (self.cols is None):
            given, missing = ("rows", "cols") if self.cols is None else ("cols", "rows")
            raise OptionError(
                f"Option {given} needs {missing} too; or give macs and neither of them"
            )
        if self.macs is not None and self.rows is not None:
            raise OptionError(
                "Options rows and cols already say how many multipliers to spend; drop macs"
            )
        if self.asks_for_speed and (self.macs is not None or self.rows is not None):
            raise OptionError(
                "Options fps and latency_us find the size of the array; drop rows, cols and macs"
            )

    def _check_programmable(self) -> None:
        if self.programmable and self.weights == "files":  # there are none in the Verilog
            raise OptionError("Option weights does not go with programmable yet; drop one of them")
        if self.programmable and self.keep and not self.bus:
            raise OptionError(
                "Option keep of a programmable design follows what is loaded over a control bus; "
                "give bus, too"
            )
        if self.protect != "none" and not (self.programmable and self.bus):
            raise OptionError(
                "Option protect is for what is loaded over a control bus; give programmable and "
                "bus, too, or drop it"
            )
        if self.banks > 1:
            self._check_banks()

    def _check_banks(self) -> None:
        """Refuse what cannot be had with a second bank."""
        if not (self.programmable and self.bus):
            raise OptionError(
                "Option banks is for networks that are loaded over a control bus; give "
                "programmable and bus, too, or drop it"
            )
        if self.clocks == "two":
            raise OptionError(
                "Option banks needs registers in the engine's clock, and clocks is two; drop one "
                "of them"
            )
        if self.keep:
            raise OptionError(
                "Option keep follows one network that is loaded, and banks asks for two; drop one "
                "of them"
            )

    def _check_technology(self) -> None:
        if self.technology not in (None, self.cells):
            raise OptionError(
                f"Option technology is {self.technology} and target {self.target} has cells of "
                f"{self.cells}; drop one of them"
            )

    def _check_init(self) -> None:
        """Refuse what could only be there as initial contents if the target has none."""
        if self.init != "none":
            return
        if self.cells != "portable" and not self.programmable:  # whose contents are loaded
            raise OptionError(
                f"Option init is none, and devices of {self.cells} load contents with their "
                "configuration; drop init, or target and technology"
            )
        if self.weights == "files":
            raise OptionError(
                "Option init is none, and weights in files are initial contents; drop weights, so "
                "that constants are logic"
            )

    @property
    def cells(self) -> str:
        """Name of the technology: that of the target, if there is one."""
        target = self.target and named_target(self.target)
        return target.family if target else self.technology or "portable"

    @property
    def beat_bytes(self) -> tuple[int, int] | None:
        """Bytes a beat of input and output frames; None if they are to be chosen."""
        if self.io == "dma":
            return (self.memory_data_bits // 8,) * 2
        return (4, 4) if self.io == "mapped" else self.stream_bytes

    @property
    def has_size(self) -> bool:
        """Whether the size of the array is given, or a speed that determines it."""
        return any(getattr(self, name) is not None for size in _SIZES for name in size)

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

    @property
    def of_integers(self) -> tuple[Any, ...]:
        """All of them that the integers of a network depend on: to be compared, and a key."""
        values = (getattr(self, name) for name in OF_INTEGERS)
        return tuple(tuple(v.items()) if isinstance(v, Mapping) else v for v in values)

    @property
    def narrowest_bits(self) -> int:
        """The fewest bits of any weight or activation."""
        return min(self.weight_bits, self.act_bits, *self.bits.values())

    def replace(self, **changes: Any) -> BuildOptions:
        """The same options with some changed.

        Widths of single layers and shapes of inputs are added to those there; a size of the array,
        a number of multipliers and a speed take each other's place.

        Raises
        ------
        OptionError
            If a name is no option, or the result is wrong.
        """
        check_names(changes, "The call of build", BuildOptions)
        if isinstance(bits := changes.get("bits"), Mapping):
            changes["bits"] = {**self.bits, **bits}
        if shapes := read_shapes(changes.get("input_shape")):
            changes["input_shape"] = {**self.input_shape, **shapes}
        if sum(bool(size & set(changes)) for size in _SIZES) == 1:
            for size in _SIZES:
                if not size & set(changes):
                    changes |= dict.fromkeys(size)
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The options by name, for JSON; `BuildOptions(**...)` makes the same options of them."""
        return {**asdict(self), "plugins": list(self.plugins)}


OF_INTEGERS = (
    *(name for name, item in definitions(BuildOptions).items() if item.group == _QUANTIZATION),
    *("trim", "seed"),
)
"""Options that the integers of a network depend on."""


def load_options(path: str | PathLike[str]) -> BuildOptions:
    """Read options from a TOML file: one key for each, a table for `bits`.

    Raises
    ------
    OptionError
        If the file cannot be read, names something else, or an option is wrong.
    """
    with reading(f"Configuration file {path}", OptionError):
        values = read_table(path)
        check_names(values, f"Configuration file {path}", BuildOptions)
        return BuildOptions(**values)


def options_from(
    config: BuildOptions | str | PathLike[str] | None, changes: Mapping[str, Any]
) -> BuildOptions:
    """Options, those of a TOML file, or the defaults if None, with some changed by name.

    Raises
    ------
    OptionError
        See `load_options` and `BuildOptions.replace`.
    """
    if config is None:
        config = BuildOptions()
    if not isinstance(config, BuildOptions | str | PathLike):
        raise OptionError(
            "Option config must be BuildOptions or the path of a TOML file, not "
            f"{type(config).__name__}"
        )
    options = config if isinstance(config, BuildOptions) else load_options(config)
    return options.replace(**changes)
