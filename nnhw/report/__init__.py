"""What a build has to say: one structure, and its renderers."""

from .accuracy import measure_accuracy, run_real
from .assess import Assessed, find_warnings
from .collect import collect_report
from .costs import COLUMNS, cost_rows
from .curves import Curve, render_tuning
from .datasheet import render_datasheet
from .difference import Difference, Figure, Section, diff_designs
from .difference_table import render_difference
from .exploration import Found, Picture, render_exploration
from .headline import render_headline
from .layers import ArrayUse, FrameTimes, LayerReport
from .model import render_model
from .noise import Noise, decibels, deviation, finite, measure_noise
from .own_noise import NoiseSource, find_noise_source, measure_own_noise
from .page import render_html
from .progress import StepDisplay
from .quality import Quality, measure_quality
from .register_page import render_registers
from .simulation import render_simulation
from .structure import (
    Accuracy,
    BuildReport,
    Equalization,
    Fit,
    Reference,
    Source,
    TableReport,
    Verification,
)
from .synthesis import add_synthesis, render_synthesis
from .terminal import render_terminal, render_warnings
from .text import edited_files
from .warnings import QualityWarning, describe_refusal, describe_warnings

__all__ = [
    "COLUMNS",
    "Accuracy",
    "ArrayUse",
    "Assessed",
    "BuildReport",
    "Curve",
    "Difference",
    "Equalization",
    "Figure",
    "Fit",
    "Found",
    "FrameTimes",
    "LayerReport",
    "Noise",
    "NoiseSource",
    "Picture",
    "Quality",
    "QualityWarning",
    "Reference",
    "Section",
    "Source",
    "StepDisplay",
    "TableReport",
    "Verification",
    "add_synthesis",
    "collect_report",
    "cost_rows",
    "decibels",
    "describe_refusal",
    "describe_warnings",
    "deviation",
    "diff_designs",
    "edited_files",
    "find_noise_source",
    "find_warnings",
    "finite",
    "measure_accuracy",
    "measure_noise",
    "measure_own_noise",
    "measure_quality",
    "render_datasheet",
    "render_difference",
    "render_exploration",
    "render_headline",
    "render_html",
    "render_model",
    "render_registers",
    "render_simulation",
    "render_synthesis",
    "render_terminal",
    "render_tuning",
    "render_warnings",
    "run_real",
]
