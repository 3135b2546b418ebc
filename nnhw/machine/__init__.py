"""The machine: what an engine is, whatever program it runs."""

from .address_space import AddressSpace
from .config import MOST_MACS, MOST_ROWS, EngineConfig
from .features import FEATURES, Feature, feature_rows
from .latency import (
    ACTIVATION_STAGES,
    FETCH_LATENCY,
    GEARBOX_LATENCY,
    LANE_LATENCY,
    MEMORY_LATENCY,
    PARAMETER_ADDRESS_STAGES,
    PARAMETER_LATENCY,
    RELEASE_LATENCY,
    RESULT_BUFFER_LATENCY,
    ROTATION_LEVELS_PER_STAGE,
    WEIGHT_REGISTER_LATENCY,
    adder_latency,
    aligner_latency,
    column_latency,
    drain_latency,
    lane_latency,
    residual_turnaround,
    rotation_stages,
    row_stages,
    scaler_latency,
    write_back_latency,
    write_stages,
)
from .limits import Datapath, Instructions, Limits, Widths
from .machine import Image, Machine
from .timing import Timing
from .variant import Variant

__all__ = [
    "ACTIVATION_STAGES",
    "FEATURES",
    "FETCH_LATENCY",
    "GEARBOX_LATENCY",
    "LANE_LATENCY",
    "MEMORY_LATENCY",
    "MOST_MACS",
    "MOST_ROWS",
    "PARAMETER_ADDRESS_STAGES",
    "PARAMETER_LATENCY",
    "RELEASE_LATENCY",
    "RESULT_BUFFER_LATENCY",
    "ROTATION_LEVELS_PER_STAGE",
    "WEIGHT_REGISTER_LATENCY",
    "AddressSpace",
    "Datapath",
    "EngineConfig",
    "Feature",
    "Image",
    "Instructions",
    "Limits",
    "Machine",
    "Timing",
    "Variant",
    "Widths",
    "adder_latency",
    "aligner_latency",
    "column_latency",
    "drain_latency",
    "feature_rows",
    "lane_latency",
    "residual_turnaround",
    "rotation_stages",
    "row_stages",
    "scaler_latency",
    "write_back_latency",
    "write_stages",
]
