"""The command line: thin, over `nnhw.build` and its neighbours.

Exit code 0: done, and verified where there was something to verify. 1: the model, the data, a file,
a tool or the verification is at fault; a message on stderr says which. 2: the command line itself
was wrong. 130: interrupted.
"""

from .app import app, main

# Each command registers itself, in the order of the help text.
from . import build, compile, disasm, tune, explore, sweep  # isort: skip
from . import sim, run, inspect, diff, synth, plugins  # isort: skip

__all__ = [
    "app",
    "build",
    "compile",
    "diff",
    "disasm",
    "explore",
    "inspect",
    "main",
    "plugins",
    "run",
    "sim",
    "sweep",
    "synth",
    "tune",
]
