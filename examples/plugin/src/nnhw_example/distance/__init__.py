"""|a - b| of two tensors: an operator with hardware of its own.

Importing this package enters all parts of it; each module says what of the way it is.
"""

from . import engine, frontend, golden
from .contract import Distance, QDistance

__all__ = ["Distance", "QDistance", "engine", "frontend", "golden"]
