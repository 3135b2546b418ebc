"""Graph rewrites: each makes the float graph simpler and keeps what it computes."""

from .restore_input import restore_input
from .rewrite import bypass, fuse_pairs, new_tensor, rebuild
from .simplify import PASSES, Pass, simplify_graph

__all__ = [
    "PASSES",
    "Pass",
    "bypass",
    "fuse_pairs",
    "new_tensor",
    "rebuild",
    "restore_input",
    "simplify_graph",
]
