"""What a build has to say: one structure, and its renderers."""

from .accuracy import measure_accuracy
from .collect import collect_report
from .model import render_model
from .noise import measure_noise
from .page import render_html
from .progress import StepDisplay
from .simulation import render_simulation
from .structure import Accuracy, BuildReport, Fit, LayerReport, Source, TableReport, Verification
from .terminal import render_terminal

__all__ = [
    "Accuracy",
    "BuildReport",
    "Fit",
    "LayerReport",
    "Source",
    "StepDisplay",
    "TableReport",
    "Verification",
    "collect_report",
    "measure_accuracy",
    "measure_noise",
    "render_html",
    "render_model",
    "render_simulation",
    "render_terminal",
]
