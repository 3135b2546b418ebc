"""All that can be chosen about a build, or about tuning: one frozen value, or a file of them.

Every option is defined once, as a field of `BuildOptions` or `TuneOptions`. The command line, the
configuration file, Python's keyword arguments, report.json and the pages of options follow from
that definition, and call it by the same name (on the command line with hyphens for underscores).
"""

from .build import BuildOptions, load_options, options_from
from .choices import (
    BEAT_BYTES,
    BUSES,
    CALIBRATION_METHODS,
    CLOCKS,
    EQUALIZATIONS,
    LOSSES,
    MOST_TAG_BITS,
    OPTIMIZERS,
    PROTECTIONS,
    RESETS,
    SCHEDULES,
    SIMULATORS,
    TECHNOLOGIES,
    WEIGHT_PLACES,
    CalibrationMethod,
    Effort,
)
from .definition import Definition, definitions
from .kinds import (
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
    check,
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
    "OPTIMIZERS",
    "PROTECTIONS",
    "RESETS",
    "SCHEDULES",
    "SIMULATORS",
    "TECHNOLOGIES",
    "WEIGHT_PLACES",
    "BuildOptions",
    "CalibrationMethod",
    "Choice",
    "Definition",
    "Device",
    "Effort",
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
    "TuneOptions",
    "check",
    "definitions",
    "load_options",
    "options_from",
    "read_shapes",
    "tune_options_from",
]
