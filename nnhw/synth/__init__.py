"""From exported Verilog to figures of a real device: synthesis, place and route, netlists."""

from .advice import advise
from .bitstream import pack_bitstream
from .costs import Cells, HardwareCosts, PieceCost, measure_costs
from .design import ExportedDesign, read_design
from .family import Family, Resource
from .flow import SynthesisOptions, run_synthesis
from .nextpnr import PlacedDesign, nextpnr_version, place_and_route
from .placements import fmax, place_with_seeds
from .result import NetlistCheck, Speed, SynthesisResult, load_result, load_results
from .steps import Step, digest, locked
from .synthesize import read_cells
from .targets import TARGETS, Target, find_target
from .timing import ClockTiming, CriticalPath, Placement
from .usage import Usage, count_usage
from .yosys import cell_counts, quote, require_yosys, run_yosys

__all__ = [
    "TARGETS",
    "Cells",
    "ClockTiming",
    "CriticalPath",
    "ExportedDesign",
    "Family",
    "HardwareCosts",
    "NetlistCheck",
    "PieceCost",
    "PlacedDesign",
    "Placement",
    "Resource",
    "Speed",
    "Step",
    "SynthesisOptions",
    "SynthesisResult",
    "Target",
    "Usage",
    "advise",
    "cell_counts",
    "count_usage",
    "digest",
    "find_target",
    "fmax",
    "load_result",
    "load_results",
    "locked",
    "measure_costs",
    "nextpnr_version",
    "pack_bitstream",
    "place_and_route",
    "place_with_seeds",
    "quote",
    "read_cells",
    "read_design",
    "require_yosys",
    "run_synthesis",
    "run_yosys",
]
