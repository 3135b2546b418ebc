"""A build: the ordered steps from a model file to a verified design."""

from .programmable import build_programmable, compile_network
from .run import BuildResult, build
from .state import BuildState, Progress
from .step import AddedStep, Step, insert_step, replace_step
from .steps import STEPS

__all__ = [
    "STEPS",
    "AddedStep",
    "BuildResult",
    "BuildState",
    "Progress",
    "Step",
    "build",
    "build_programmable",
    "compile_network",
    "insert_step",
    "replace_step",
]
