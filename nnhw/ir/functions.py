"""The functions of one real number that a `Function` node can be.

Float execution, the tables of `QFunction`, and import from and export to ONNX all read this table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class FunctionDefinition:
    """One function.

    Parameters
    ----------
    operator
        ONNX operator that computes it, from its definition in the newest opset.
    parameters
        Names of the operator's attributes whose values are the function's parameters, in order.
    evaluate
        Takes float64 of any shape and the parameters, gives float64 of the same shape: NaN or
        infinity where the function is not defined or exceeds float64.
    """

    operator: str
    parameters: tuple[str, ...]
    evaluate: Callable[..., np.ndarray]


def evaluate_function(function: str, parameters: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """The function named `function` of any real array, in float64.

    NaN or infinity where the function is not defined or exceeds float64.

    Raises
    ------
    KeyError
        If there is no function of that name.
    """
    with np.errstate(all="ignore"):  # NaN and infinity are part of the result
        return FUNCTIONS[function].evaluate(x.astype(np.float64), *parameters)


_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


def _hard_sigmoid(x: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    return np.clip(alpha * x + beta, 0, 1)


def _elu(x: np.ndarray, alpha: float) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _selu(x: np.ndarray, alpha: float, gamma: float) -> np.ndarray:
    return gamma * _elu(x, alpha)


def _celu(x: np.ndarray, alpha: float) -> np.ndarray:
    return np.maximum(x, 0) + np.minimum(alpha * np.expm1(x / alpha), 0)


def _gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def _gelu_tanh(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _shrink(x: np.ndarray, lambd: float, bias: float) -> np.ndarray:
    return np.where(x < -lambd, x + bias, np.where(x > lambd, x - bias, 0))


def _define(
    operator: str, evaluate: Callable[..., np.ndarray], *parameters: str
) -> FunctionDefinition:
    return FunctionDefinition(operator=operator, parameters=parameters, evaluate=evaluate)


FUNCTIONS: Mapping[str, FunctionDefinition] = {
    "abs": _define("Abs", np.abs),
    "atan": _define("Atan", np.arctan),
    "ceil": _define("Ceil", np.ceil),
    "celu": _define("Celu", _celu, "alpha"),
    "cos": _define("Cos", np.cos),
    "elu": _define("Elu", _elu, "alpha"),
    "erf": _define("Erf", _erf),
    "exp": _define("Exp", np.exp),
    "floor": _define("Floor", np.floor),
    "gelu": _define("Gelu", _gelu),
    # The same operator with approximate="tanh".
    "gelu_tanh": _define("Gelu", _gelu_tanh),
    "hard_sigmoid": _define("HardSigmoid", _hard_sigmoid, "alpha", "beta"),
    "hard_swish": _define("HardSwish", lambda x: x * _hard_sigmoid(x, 1 / 6, 0.5)),
    "leaky_relu": _define("LeakyRelu", lambda x, a: np.where(x < 0, a * x, x), "alpha"),
    "log": _define("Log", np.log),
    "mish": _define("Mish", lambda x: x * np.tanh(_softplus(x))),
    # The exponent is an input of the operator, not an attribute.
    "pow": _define("Pow", np.power, "exponent"),
    "reciprocal": _define("Reciprocal", np.reciprocal),
    "round": _define("Round", np.rint),
    "selu": _define("Selu", _selu, "alpha", "gamma"),
    "shrink": _define("Shrink", _shrink, "lambd", "bias"),
    "sigmoid": _define("Sigmoid", _sigmoid),
    "sign": _define("Sign", np.sign),
    "sin": _define("Sin", np.sin),
    "softplus": _define("Softplus", _softplus),
    "softsign": _define("Softsign", lambda x: x / (1 + np.abs(x))),
    "sqrt": _define("Sqrt", np.sqrt),
    "swish": _define("Swish", lambda x, a: x * _sigmoid(a * x), "alpha"),
    "tanh": _define("Tanh", np.tanh),
    "thresholded_relu": _define("ThresholdedRelu", lambda x, a: np.where(x > a, x, 0), "alpha"),
}
"""All functions by the name that `Function.function` has."""
