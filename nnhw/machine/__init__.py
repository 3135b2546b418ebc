"""The machine: what an engine is, whatever program it runs."""

from .address_space import AddressSpace
from .combinations import PRODUCT, combination_code
from .comparison import is_less
from .config import MOST_MACS, MOST_ROWS, EngineConfig
from .contents import columns_of, load_writes, parameter_words, section_words, weight_words
from .features import (
    Feature,
    combination_feature,
    feature_rows,
    features,
    register_feature,
)
from .headroom import Headroom
from .joining import Shortfall
from .latency import (
    ACTIVATION_STAGES,
    DRAIN_LATENCY,
    FETCH_LATENCY,
    GEARBOX_LATENCY,
    LANE_LATENCY,
    LIMIT_LATENCY,
    MEMORY_LATENCY,
    PARAMETER_ADDRESS_STAGES,
    PARAMETER_LATENCY,
    RELEASE_LATENCY,
    RESULT_BUFFER_LATENCY,
    ROTATION_LEVELS_PER_STAGE,
    TAG_LEAD,
    WEIGHT_REGISTER_LATENCY,
    adder_latency,
    aligner_latency,
    column_latency,
    lane_latency,
    residual_turnaround,
    rotation_stages,
    row_stages,
    scaler_latency,
    write_back_latency,
    write_stages,
)
from .limits import Datapath, Instructions, Limits, Widths
from .load_map import GEOMETRY, LOAD_BITS, LoadMap, Section
from .machine import Image, Machine
from .slices import SLICE_BITS, SLICED, WHOLE_BITS, needs_slices, slices_of
from .stored import MACHINE_FILE, machine_sha256, read_machine, write_machine
from .timing import Timing
from .variant import Variant

__all__ = [
    "ACTIVATION_STAGES",
    "DRAIN_LATENCY",
    "FETCH_LATENCY",
    "GEARBOX_LATENCY",
    "GEOMETRY",
    "LANE_LATENCY",
    "LIMIT_LATENCY",
    "LOAD_BITS",
    "MACHINE_FILE",
    "MEMORY_LATENCY",
    "MOST_MACS",
    "MOST_ROWS",
    "PARAMETER_ADDRESS_STAGES",
    "PARAMETER_LATENCY",
    "PRODUCT",
    "RELEASE_LATENCY",
    "RESULT_BUFFER_LATENCY",
    "ROTATION_LEVELS_PER_STAGE",
    "SLICED",
    "SLICE_BITS",
    "TAG_LEAD",
    "WEIGHT_REGISTER_LATENCY",
    "WHOLE_BITS",
    "AddressSpace",
    "Datapath",
    "EngineConfig",
    "Feature",
    "Headroom",
    "Image",
    "Instructions",
    "Limits",
    "LoadMap",
    "Machine",
    "Section",
    "Shortfall",
    "Timing",
    "Variant",
    "Widths",
    "adder_latency",
    "aligner_latency",
    "column_latency",
    "columns_of",
    "combination_code",
    "combination_feature",
    "feature_rows",
    "features",
    "is_less",
    "lane_latency",
    "load_writes",
    "machine_sha256",
    "needs_slices",
    "parameter_words",
    "read_machine",
    "register_feature",
    "residual_turnaround",
    "rotation_stages",
    "row_stages",
    "scaler_latency",
    "section_words",
    "slices_of",
    "weight_words",
    "write_back_latency",
    "write_machine",
    "write_stages",
]
