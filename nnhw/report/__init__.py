"""What a build has to say: one structure, and its renderers."""

from .accuracy import measure_accuracy
from .collect import collect_report
from .costs import COLUMNS, cost_rows
from .layers import ArrayUse, FrameTimes, LayerReport
from .model import render_model
from .noise import measure_noise
from .page import render_html
from .progress import StepDisplay
from .simulation import render_simulation
from .structure import Accuracy, BuildReport, Fit, Source, TableReport, Verification
from .synthesis import add_synthesis, render_synthesis
from .terminal import render_terminal
from .text import edited_files

__all__ = [
    "COLUMNS",
    "Accuracy",
    "ArrayUse",
    "BuildReport",
    "Fit",
    "FrameTimes",
    "LayerReport",
    "Source",
    "StepDisplay",
    "TableReport",
    "Verification",
    "add_synthesis",
    "collect_report",
    "cost_rows",
    "edited_files",
    "measure_accuracy",
    "measure_noise",
    "render_html",
    "render_model",
    "render_simulation",
    "render_synthesis",
    "render_terminal",
]
