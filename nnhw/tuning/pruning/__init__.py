"""Pruning: whole channels are removed, so that hardware gets faster and not just sparser."""

from .rounds import Pruning

__all__ = ["Pruning"]
