"""Scores of classes, and how often the largest is that of the label."""

from __future__ import annotations

import numpy as np


def predict(outputs: np.ndarray) -> np.ndarray:
    """The class that each sample's scores are for: int64 (N,).

    Parameters
    ----------
    outputs
        (N, ...), ONNX order: a score for every class. A single score per sample is a logit, that
        of class 1 against class 0.
    """
    scores = outputs.reshape(len(outputs), -1)
    if scores.shape[1] > 1:
        return scores.argmax(axis=1)
    return (scores[:, 0] > 0).astype(np.int64)


def top1(outputs: np.ndarray, y: np.ndarray) -> float:
    """Accuracy in per cent.

    Parameters
    ----------
    outputs
        As `predict` takes them.
    y
        (N,), labels.
    """
    return float(100 * np.mean(predict(outputs) == y))
