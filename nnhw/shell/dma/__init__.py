"""What moves frames between memory and an engine by itself: a manager of AXI4 with descriptors."""

from .memory_mover import MemoryMover

__all__ = ["MemoryMover"]
