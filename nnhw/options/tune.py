"""The options of tuning; those of quantization are the options of a build."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

from ..errors import OptionError, reading
from .build import BuildOptions
from .choices import (
    CRITERIA,
    HINTS,
    LOSSES,
    NOISES,
    OPTIMIZERS,
    SCHEDULES,
    SEARCHED,
    TUNE_SAMPLERS,
)
from .definition import definitions, documented, option, same_option
from .file import check_names, read_table
from .kinds import (
    Between,
    Choice,
    Flag,
    Integer,
    Names,
    NoiseLevels,
    Number,
    Share,
    check,
    read_shapes,
)

_QUANTIZATION = "Quantization"
_TRAINING = "Training"
_OPTIMIZER = "Optimizer"
_REGULARIZATION = "Regularization"
_PRUNING = "Pruning"
_SEARCH = "Search"

ARRAY: tuple[str, ...] = (
    *("rows", "cols", "macs", "requantizers", "lane_groups", "target", "technology"),
    "stream_bytes",
)
"""Options of a build that clock cycles and memories depend on, for which alone they are there."""

_BUILD: tuple[str, ...] = (
    *("input_shape", "weight_bits", "act_bits", "bits", "calibration", "power_of_two", "equalize"),
    *ARRAY,
    *("seed", "max_memory"),
)
"""Options that are those of a build, and mean the same."""

_GOALS = ("prune_to", "prune_cycles", "prune_memory_bits")
"""Options that say how far channels are removed."""


@documented
@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """The options of tuning. Options that were not chosen are None."""

    input_shape: Mapping[str, tuple[int, ...]] = same_option(BuildOptions, "input_shape")
    weight_bits: int = same_option(BuildOptions, "weight_bits")
    act_bits: int = same_option(BuildOptions, "act_bits")
    bits: Mapping[str, int] = same_option(BuildOptions, "bits")
    mean_bits: float | None = option(
        Between(2, 8),
        group=_QUANTIZATION,
        help="Most bits a weight on average; those of each layer are chosen by its sensitivity.",
    )
    calibration: str = same_option(BuildOptions, "calibration")
    power_of_two: bool = same_option(BuildOptions, "power_of_two")
    equalize: str = same_option(BuildOptions, "equalize")
    teacher: bool = option(
        Flag(),
        True,
        group=_TRAINING,
        help="Learn from the float network's answers; needs no labels.",
    )
    labels: bool = option(Flag(), False, group=_TRAINING, help="Learn from the labels of the data.")
    loss: str = option(
        Choice(LOSSES),
        "auto",
        group=_TRAINING,
        help="Distance from the float network; auto: kl of scores, mse of all else.",
    )
    temperature: float | None = option(
        Number(),
        group=_TRAINING,
        help="What kl divides scores by; half their standard deviation if not given.",
    )
    hints: str = option(
        Choice(HINTS),
        "auto",
        group=_TRAINING,
        help="Learn from hidden layers, too; auto: where samples are few.",
    )
    learn_ranges: bool = option(
        Flag(),
        False,
        group=_TRAINING,
        help="Learn scales of activations, too; those between convolutions.",
    )
    hardware_noise: Mapping[str, float] = option(
        NoiseLevels(NOISES),
        dict,
        group=_TRAINING,
        help="Learn for hardware that errs; as in --noise of nnhw run.",
    )
    epochs: int = option(Integer(1), 20, group=_TRAINING, help="Passes over the data.")
    batch: int = option(Integer(1), 32, group=_TRAINING, help="Samples of a step.")
    val_share: float = option(
        Share(),
        0.1,
        group=_TRAINING,
        help="Share of the data to choose the epoch by; without --val.",
    )
    patience: int | None = option(
        Integer(1), group=_TRAINING, help="Stop after so many epochs without a smaller loss."
    )
    threads: int | None = option(
        Integer(1), group=_TRAINING, help="Processor threads; PyTorch's own choice if not given."
    )
    optimizer: str = option(Choice(OPTIMIZERS), "adam", group=_OPTIMIZER, help="What learns.")
    lr: float | None = option(
        Number(), group=_OPTIMIZER, help="Largest learning rate; the optimizer's own by default."
    )
    schedule: str = option(
        Choice(SCHEDULES), "cosine", group=_OPTIMIZER, help="How the learning rate falls."
    )
    warmup: int = option(
        Integer(0),
        1,
        group=_OPTIMIZER,
        help="Epochs in which the learning rate rises; shifts stay fixed from then on.",
    )
    l2: float | None = option(
        Number(), group=_REGULARIZATION, help="Decay of weights; of adamw decoupled, else L2."
    )
    l1: float | None = option(
        Number(), group=_REGULARIZATION, help="Penalty on the magnitudes of weights."
    )
    dropout: float | None = option(
        Share(), group=_REGULARIZATION, help="Share of a dense layer's inputs left out of a step."
    )
    shift: int | None = option(
        Integer(1), group=_REGULARIZATION, help="Pixels by which images are moved at random."
    )
    flip: bool = option(
        Flag(), False, group=_REGULARIZATION, help="Mirror half of the images left to right."
    )
    noise: float | None = option(
        Number(), group=_REGULARIZATION, help="Noise on inputs, in their standard deviations."
    )
    mask_rows: int | None = option(
        Integer(1),
        group=_REGULARIZATION,
        help="Rows masked in each sample, at most; one stripe, of its mean.",
    )
    mask_cols: int | None = option(
        Integer(1),
        group=_REGULARIZATION,
        help="Columns masked in each sample, at most; of signals, times.",
    )
    mixup: float | None = option(
        Number(),
        group=_REGULARIZATION,
        help="Mix samples of a step in pairs; their shares are of the distribution Beta(X, X).",
    )
    search: str | None = option(
        Choice(TUNE_SAMPLERS),
        group=_SEARCH,
        help="Find the settings of the run; by the loss on validation samples.",
    )
    trials: int = option(
        Integer(1), 20, group=_SEARCH, help="Runs of a search; those of earlier ones count."
    )
    search_over: Sequence[str] = option(
        Names(),
        SEARCHED,
        group=_SEARCH,
        help="Settings that differ; names with commas between.",
    )
    prune_to: float | None = option(
        Share(),
        group=_PRUNING,
        help="Share of a frame's clock cycles to keep; whole channels go until it is reached.",
    )
    prune_cycles: int | None = option(
        Integer(1),
        group=_PRUNING,
        help="Cycles that a frame may take; in place of `prune_to`.",
    )
    prune_memory_bits: int | None = option(
        Integer(1), group=_PRUNING, help="Bits that the design's memories may have together."
    )
    prune_by: str = option(
        Choice(CRITERIA), "taylor", group=_PRUNING, help="Which channels matter least."
    )
    prune_rounds: int = option(
        Integer(1), 4, group=_PRUNING, help="Rounds in which channels are removed."
    )
    prune_epochs: int = option(
        Integer(1), 4, group=_PRUNING, help="Epochs after each round but the last."
    )
    rows: int | None = same_option(BuildOptions, "rows")
    cols: int | None = same_option(BuildOptions, "cols")
    macs: int | None = same_option(BuildOptions, "macs")
    requantizers: int | None = same_option(BuildOptions, "requantizers")
    lane_groups: int | None = same_option(BuildOptions, "lane_groups")
    target: str | None = same_option(BuildOptions, "target")
    technology: str | None = same_option(BuildOptions, "technology")
    stream_bytes: tuple[int, int] | None = same_option(BuildOptions, "stream_bytes")
    seed: int = same_option(BuildOptions, "seed")
    max_memory: int | str = same_option(BuildOptions, "max_memory")

    def __post_init__(self) -> None:
        if isinstance(self.search_over, str):
            object.__setattr__(self, "search_over", (self.search_over,))
        for name, item in definitions(self).items():
            value = getattr(self, name)
            if value is not None or not item.is_optional:
                check(name, item.kind, value)
        self._check_search()
        for name in ("bits", "hardware_noise"):
            object.__setattr__(self, name, dict(sorted(getattr(self, name).items())))
        shapes = read_shapes(self.input_shape) or {}
        object.__setattr__(self, "input_shape", dict(sorted(shapes.items())))
        if not self.teacher and not self.labels:
            raise OptionError("Options teacher and labels are both off: nothing is to be learned")
        if self.hints == "on" and (self.prunes or not self.teacher):
            without = "teacher" if not self.teacher else "all channels"
            raise OptionError(
                "Option hints compares layers with those of the float network, channel by channel, "
                f"and says nothing without {without}; drop it"
            )
        if (
            self.mean_bits is not None
            and self.weight_bits != definitions(self)["weight_bits"].default
        ):
            raise OptionError(
                "Options mean_bits and weight_bits say the same of all layers; drop one of them"
            )
        if self.power_of_two and self.learn_ranges:
            raise OptionError(
                "Options power_of_two and learn_ranges do not go together: scales that are learned "
                "are no powers of two; drop one of them"
            )
        if self.prune_to is not None and self.prune_cycles is not None:
            raise OptionError("Options prune_to and prune_cycles say the same; drop one of them")
        object.__setattr__(self, "stream_bytes", self.of_build.stream_bytes)
        self._check_idle()
        idle = [name for name in ARRAY if getattr(self, name) is not None]
        if idle and not self.prunes:
            raise OptionError(
                f"Option {idle[0]} says what clock cycles and memories are counted for when "
                f"channels are pruned; give one of {', '.join(_GOALS)}, or drop it"
            )

    def _check_idle(self) -> None:
        """Refuse options of what is not asked for."""
        known = definitions(self)
        for is_asked, names, needed in (
            (
                self.prunes,
                ("prune_by", "prune_rounds", "prune_epochs"),
                f"one of {', '.join(_GOALS)}",
            ),
            (self.search is not None, ("trials", "search_over"), "search"),
        ):
            idle = [name for name in names if getattr(self, name) != known[name].default]
            if idle and not is_asked:
                raise OptionError(f"Option {idle[0]} says nothing without {needed}; give that, too")

    def _check_search(self) -> None:
        names = tuple(part.strip() for name in self.search_over for part in name.split(","))
        object.__setattr__(self, "search_over", names)
        for name in names:
            if name not in SEARCHED:
                raise OptionError(
                    f"Option search_over names '{name}'; there are {', '.join(SEARCHED)}"
                )
        if self.search is not None and self.prunes:
            raise OptionError(
                "Options search and prune_to (prune_cycles, prune_memory_bits) do not go together: "
                "search the settings first, then prune with those that were found"
            )

    @property
    def augments(self) -> bool:
        """Whether samples are changed at random."""
        changes = (self.shift, self.noise, self.mask_rows, self.mask_cols, self.mixup)
        return self.flip or any(change is not None for change in changes)

    @property
    def prunes(self) -> bool:
        """Whether channels are removed."""
        return any(getattr(self, name) is not None for name in _GOALS)

    @property
    def of_build(self) -> BuildOptions:
        """What of them concerns quantization, as a build has it."""
        return BuildOptions(**{name: getattr(self, name) for name in _BUILD})

    def to_dict(self) -> dict[str, Any]:
        """The options by name, for JSON; `TuneOptions(**...)` makes the same options of them."""
        return {**asdict(self), "search_over": list(self.search_over)}


def tune_options_from(
    config: TuneOptions | str | PathLike[str] | None, changes: Mapping[str, Any]
) -> TuneOptions:
    """Options, those of a TOML file, or the defaults if None, with some changed by name.

    Raises
    ------
    OptionError
        If a name is no option, a value is wrong, or the file cannot be read.
    """
    check_names(changes, "The call of tune", TuneOptions, command="tuning")
    if isinstance(config, TuneOptions):
        return dataclasses.replace(config, **changes)
    values: dict[str, Any] = {}
    if config is not None:
        with reading(f"Configuration file {config}", OptionError):
            values = read_table(config)
            check_names(values, f"Configuration file {config}", TuneOptions, command="tuning")
    return TuneOptions(**{**values, **changes})
