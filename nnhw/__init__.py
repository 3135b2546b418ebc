"""nnhw: from a trained ONNX network to verified Verilog of an accelerator made for it."""

__version__ = "0.1.0"
