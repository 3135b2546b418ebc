"""Graph rewrites: each makes the float graph simpler and keeps what it computes."""

from .simplify import PASSES, Pass, simplify_graph

__all__ = ["PASSES", "Pass", "simplify_graph"]
