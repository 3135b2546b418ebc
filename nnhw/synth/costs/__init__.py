"""What optional hardware costs, and what is saved where it was left out, from synthesis.

`removals` and `additions` list the pieces, `measure` has the method, `cells` the synthesis.
"""

from .additions import ADDITIONS
from .cells import Cells, count_cells
from .measure import HardwareCosts, PieceCost, measure_costs
from .removals import REMOVALS
from .variants import Piece

__all__ = [
    "ADDITIONS",
    "REMOVALS",
    "Cells",
    "HardwareCosts",
    "Piece",
    "PieceCost",
    "count_cells",
    "measure_costs",
]
