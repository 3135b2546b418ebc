"""What to do about operators that are not supported."""

from __future__ import annotations

QUANTIZED = frozenset(
    {
        # The standard operators, those of onnxruntime's extension, and those of QONNX.
        "BipolarQuant",
        "ConvInteger",
        "DequantizeLinear",
        "DynamicQuantizeLinear",
        "MatMulInteger",
        "QAttention",
        "QGemm",
        "QLinearAdd",
        "QLinearAveragePool",
        "QLinearConcat",
        "QLinearConv",
        "QLinearGlobalAveragePool",
        "QLinearLeakyRelu",
        "QLinearMatMul",
        "QLinearMul",
        "QLinearSigmoid",
        "QLinearSoftmax",
        "Quant",
        "QuantizeLinear",
        "Trunc",
    }
)
"""Operators of models that are already quantized."""

ALREADY_QUANTIZED = "the model is already quantized; give the float model, which nnhw quantizes"

_ADVICE = {
    "train the network with Relu or Clip (Relu6) instead": (
        "Celu Elu Gelu HardSigmoid HardSwish LeakyRelu Mish PRelu Selu Softplus Softsign Swish "
        "Tanh ThresholdedRelu"
    ),
    "recurrent and attention layers are not supported; use convolutions": (
        "Attention GRU LSTM MultiHeadAttention RNN"
    ),
    "export the model without control flow": "If Loop Scan",
    "use BatchNormalization, whose statistics are constants in inference": (
        "GroupNormalization InstanceNormalization LRN LayerNormalization"
    ),
    "use MaxPool or AveragePool instead": "GlobalLpPool LpPool MaxRoiPool",
    "enlarging an image is not supported; end the network before it": (
        "ConvTranspose DepthToSpace Resize Upsample"
    ),
}
_INSTEAD = {op_type: text for text, names in _ADVICE.items() for op_type in names.split()}
_OTHERWISE = "replace it by supported operators, or end the network before it"


def advice(op_type: str) -> str:
    """What to do about a node of an operator that is not supported."""
    if op_type.rpartition(".")[2] in QUANTIZED:
        return ALREADY_QUANTIZED
    return _INSTEAD.get(op_type, _OTHERWISE)
