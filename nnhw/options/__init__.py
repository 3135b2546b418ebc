"""All that can be chosen about a build: one frozen value, on its own or from a file.

Every option is defined once, as a field of `BuildOptions`. The command line, the configuration
file, Python's keyword arguments, report.json and docs/options.md follow from that definition, and
call it by the same name (on the command line with hyphens for underscores).
"""

from .build import BuildOptions, load_options, options_from
from .choices import (
    BEAT_BYTES,
    CALIBRATION_METHODS,
    CLOCKS,
    EQUALIZATIONS,
    MOST_TAG_BITS,
    RESETS,
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
    StreamBytes,
    check,
    read_shapes,
)

__all__ = [
    "BEAT_BYTES",
    "CALIBRATION_METHODS",
    "CLOCKS",
    "EQUALIZATIONS",
    "MOST_TAG_BITS",
    "RESETS",
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
    "StreamBytes",
    "check",
    "definitions",
    "load_options",
    "options_from",
    "read_shapes",
]
