"""What to do about operators that are not supported."""

from __future__ import annotations

DYNAMIC = frozenset(
    {
        "ConvInteger",
        "DynamicQuantizeLSTM",
        "DynamicQuantizeMatMul",
        "MatMulInteger",
        "MatMulIntegerToFloat",
    }
)
"""Operators of dynamically quantized models that have no other form."""

DYNAMICALLY_QUANTIZED = (
    "what becomes of its integers is not what onnxruntime's quantize_dynamic writes (Cast, and Mul "
    "by the scales of both operands); quantize with that or with quantize_static, or give the "
    "float model, which nnhw quantizes"
)

_OPTIMIZED = (
    "the file was saved with onnxruntime's optimizations on: save it with them off "
    "(graph_optimization_level=ORT_DISABLE_ALL), or give the file that it was made from"
)
_MADE_BY_OPTIMIZER = (
    "BiasAdd BiasDropout BiasGelu BiasSoftmax BiasSplitGelu BitmaskBiasDropout "
    "EmbedLayerNormalization FastGelu Gelu GemmFastGelu NhwcFusedConv NhwcMaxPool QuickGelu "
    "SkipGroupNorm SkipLayerNormalization SkipSimplifiedLayerNormalization TransposeMatMul"
)

_ADVICE = {
    "recurrent and attention layers are not supported; use convolutions": (
        "Attention FlexAttention GRU LSTM LinearAttention MultiHeadAttention RNN RotaryEmbedding"
    ),
    "give it a condition and a number of trips that are constant, or export the model without "
    "control flow": "If Loop Scan",
    "use BatchNormalization, whose statistics are constants in inference": (
        "GroupNormalization InstanceNormalization LayerNormalization RMSNormalization"
    ),
    "use Resize by integer factors": "GridSample RoiAlign",
    "use MaxPool or AveragePool instead": "GlobalLpPool LpPool MaxRoiPool",
    "compare on the host, or use Clip, Relu, Max or Min, which select by value": (
        "And Equal Greater GreaterOrEqual Less LessOrEqual Not Or Xor"
    ),
    "leave it out: a loss is for training": "NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss",
    "quantize by Quant, per tensor, with thresholds still in the network": "MultiThreshold Trunc",
}
_INSTEAD = {op_type: text for text, names in _ADVICE.items() for op_type in names.split()}
ONLY_IN_TRAINING = frozenset({"training_mode=1"})
"""Attributes of models that were exported for training."""

_IN_QDQ_FORM = "export the quantized model in the QDQ format, channels first"
_OTHERWISE = "replace it by supported operators, or end the network before it"


def advice(op_type: str) -> str:
    """What to do about a node of an operator that is not supported."""
    domain, _, name = op_type.rpartition(".")
    if domain in ("com.microsoft.nchwc", "com.ms.internal.nhwc") or (
        domain == "com.microsoft"
        and (name in _MADE_BY_OPTIMIZER.split() or name.startswith("Fused"))
    ):
        return _OPTIMIZED
    if name in DYNAMIC:
        return DYNAMICALLY_QUANTIZED
    if name.startswith("QLinear") or name.startswith("QGemm"):
        return _IN_QDQ_FORM
    return _INSTEAD.get(name, _OTHERWISE)


def attribute_advice(attribute: str) -> str:
    """What to do about an attribute, as "name=value", that is not supported."""
    if attribute in ONLY_IN_TRAINING:
        return "export the model for inference (after model.eval() in PyTorch)"
    return "export the model without it"
