"""TensorFlow Lite files, as the ONNX models that compute the same."""

from .file import is_tflite
from .translate import translate_tflite
from .writer import PRODUCER as TFLITE

__all__ = ["TFLITE", "is_tflite", "translate_tflite"]
