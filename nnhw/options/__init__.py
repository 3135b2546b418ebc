"""All that can be chosen about a build, tuning or exploring: a frozen value, or a file of them.

Every option is defined once, as a field of `BuildOptions`, `TuneOptions` or `ExploreOptions`. The
command line, the configuration file, Python's keyword arguments, report.json and the pages of
options follow from that definition, and call it by the same name (on the command line with hyphens
for underscores).
"""

from .build import OF_INTEGERS, BuildOptions, load_options, options_from
from .choices import (
    BEAT_BYTES,
    BUSES,
    CALIBRATION_METHODS,
    CLOCKS,
    EQUALIZATIONS,
    LOSSES,
    MOST_TAG_BITS,
    OPTIMIZERS,
    RESETS,
    SAMPLERS,
    SCHEDULES,
    SIMULATORS,
    TECHNOLOGIES,
    WEIGHT_PLACES,
    CalibrationMethod,
    Effort,
)
from .command import as_flags, command_arguments, flag_of
from .definition import Definition, definitions
from .explore import Exploration, ExploreOptions, SweepOptions, exploration_from
from .file import check_names, read_table
from .kinds import (
    Best,
    Choice,
    Device,
    Flag,
    InputShapes,
    Integer,
    Kind,
    LayerBits,
    Memory,
    Names,
    Number,
    PluginChoice,
    Share,
    StreamBytes,
    Text,
    ValuesToTry,
    check,
    read_best,
    read_shapes,
)
from .tune import TuneOptions, tune_options_from

__all__ = [
    "BEAT_BYTES",
    "BUSES",
    "CALIBRATION_METHODS",
    "CLOCKS",
    "EQUALIZATIONS",
    "LOSSES",
    "MOST_TAG_BITS",
    "OF_INTEGERS",
    "OPTIMIZERS",
    "RESETS",
    "SAMPLERS",
    "SCHEDULES",
    "SIMULATORS",
    "TECHNOLOGIES",
    "WEIGHT_PLACES",
    "Best",
    "BuildOptions",
    "CalibrationMethod",
    "Choice",
    "Definition",
    "Device",
    "Effort",
    "Exploration",
    "ExploreOptions",
    "Flag",
    "InputShapes",
    "Integer",
    "Kind",
    "LayerBits",
    "Memory",
    "Names",
    "Number",
    "PluginChoice",
    "Share",
    "StreamBytes",
    "SweepOptions",
    "Text",
    "TuneOptions",
    "ValuesToTry",
    "as_flags",
    "check",
    "check_names",
    "command_arguments",
    "definitions",
    "exploration_from",
    "flag_of",
    "load_options",
    "options_from",
    "read_best",
    "read_shapes",
    "read_table",
    "tune_options_from",
]
