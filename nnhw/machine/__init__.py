"""The machine: what an engine is, whatever program it runs."""

from .address_space import AddressSpace
from .combinations import PRODUCT, combination_code
from .config import MOST_MACS, MOST_ROWS, EngineConfig
from .features import (
    Feature,
    combination_feature,
    feature_rows,
    features,
    register_feature,
)
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
    "FETCH_LATENCY",
    "GEARBOX_LATENCY",
    "LANE_LATENCY",
    "MEMORY_LATENCY",
    "MOST_MACS",
    "MOST_ROWS",
    "PARAMETER_ADDRESS_STAGES",
    "PARAMETER_LATENCY",
    "PRODUCT",
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
    "combination_code",
    "combination_feature",
    "drain_latency",
    "feature_rows",
    "features",
    "lane_latency",
    "register_feature",
    "residual_turnaround",
    "rotation_stages",
    "row_stages",
    "scaler_latency",
    "write_back_latency",
    "write_stages",
]
