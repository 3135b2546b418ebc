"""Graph rewrites: each makes the float graph simpler and keeps what it computes."""

from .restore_input import restore_input
from .simplify import PASSES, Pass, simplify_graph

__all__ = ["PASSES", "Pass", "restore_input", "simplify_graph"]
