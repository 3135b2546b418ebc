"""Gates: all that may hold back a fetch, each with its hardware and its term in the cycle model."""

from .chase import ChaseGate
from .drain import DrainGate
from .fence import FenceGate
from .frame import FrameGate
from .gate import Clock, Fetch, Frames, Gate, Layer
from .output_model import OutputModel
from .room import RoomGate

FRAME = FrameGate()
FENCE = FenceGate()
CHASE = ChaseGate()
DRAIN = DrainGate()
ROOM = RoomGate()

GATES: tuple[Gate, ...] = (FRAME, FENCE, CHASE, DRAIN, ROOM)
LAYER_GATES: tuple[Gate, ...] = (FENCE, CHASE)
"""Those of the first fetches of layers within a frame."""

__all__ = [
    "DRAIN",
    "FRAME",
    "GATES",
    "LAYER_GATES",
    "ROOM",
    "Clock",
    "Fetch",
    "Frames",
    "Gate",
    "Layer",
    "OutputModel",
]
