"""A build: the ordered steps from a model file to a verified design."""

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
    "insert_step",
    "replace_step",
]
