"""TensorFlow Lite files, as the ONNX models that compute the same."""

from .file import is_tflite
from .translate import translate_tflite
from .writer import PRODUCER as TFLITE
from .writer import tflite_kind

__all__ = ["TFLITE", "is_tflite", "tflite_kind", "translate_tflite"]
