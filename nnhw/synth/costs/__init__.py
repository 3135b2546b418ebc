"""What features cost, and what is saved where they were left out, from synthesis.

`measure` has the method, `cells` the synthesis; the features are those of `nnhw.machine`.
"""

from .cells import Cells, count_cells
from .measure import HardwareCosts, PieceCost, measure_costs

__all__ = ["Cells", "HardwareCosts", "PieceCost", "count_cells", "measure_costs"]
