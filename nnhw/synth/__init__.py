"""From exported Verilog to figures of FPGAs and silicon: synthesis, place and route, netlists."""

from .advice import advise
from .asic import AsicResult
from .bitstream import pack_bitstream
from .costs import Cells, HardwareCosts, PieceCost, measure_costs
from .family_synthesis import FamilySynthesis, find_synthesis, target_script
from .floorplan import fix_cells, planned_sites
from .nextpnr import PlacedDesign, has_nextpnr, nextpnr_version, place_and_route
from .options import SynthesisOptions
from .packing import pack
from .placements import Placing, fmax
from .placer import PinPlace, Placer, Sites, find_placer
from .processes import PROCESSES, Process
from .result import SYNTHESIS_FOLDER, NetlistCheck, Speed, SynthesisResult
from .run import run_synthesis
from .saved import load_result, load_results
from .steps import Step, locked
from .synthesize import read_commands
from .targets import find_target
from .timing import ClockTiming, CriticalPath, Placement
from .usage import Usage, count_usage
from .yosys import cell_counts, quote, read_cells, require_yosys, run_yosys

__all__ = [
    "PROCESSES",
    "SYNTHESIS_FOLDER",
    "AsicResult",
    "Cells",
    "ClockTiming",
    "CriticalPath",
    "FamilySynthesis",
    "HardwareCosts",
    "NetlistCheck",
    "PieceCost",
    "PinPlace",
    "PlacedDesign",
    "Placement",
    "Placer",
    "Placing",
    "Process",
    "Sites",
    "Speed",
    "Step",
    "SynthesisOptions",
    "SynthesisResult",
    "Usage",
    "advise",
    "cell_counts",
    "count_usage",
    "find_placer",
    "find_synthesis",
    "find_target",
    "fix_cells",
    "fmax",
    "has_nextpnr",
    "load_result",
    "load_results",
    "locked",
    "measure_costs",
    "nextpnr_version",
    "pack",
    "pack_bitstream",
    "place_and_route",
    "planned_sites",
    "quote",
    "read_cells",
    "read_commands",
    "require_yosys",
    "run_synthesis",
    "run_yosys",
    "target_script",
]
