"""What the model file itself answers: onnxruntime, in a process of its own with limits."""

from .answers import Answers, ask_file, ask_reading
from .check import check_reading
from .consult import consult_file
from .samples import random_samples

__all__ = [
    "Answers",
    "ask_file",
    "ask_reading",
    "check_reading",
    "consult_file",
    "random_samples",
]
