"""Names what a run of the tests has left out, so that nobody misses it silently."""

import re
from collections import Counter
from collections.abc import Iterable

TOOLS = {
    r"torch|onnxscript|'train'": "PyTorch (pip install 'nnhw[exporters]')",
    r"sklearn|skl2onnx": "scikit-learn and skl2onnx (pip install 'nnhw[dev]')",
    r"pyosys|yowasp|nextpnr|Yosys": "synthesis (pip install 'nnhw[synth]')",
    r"serial|amaranth_boards": "boards (pip install 'nnhw[dev,boards]')",
    r"Icarus": "Icarus Verilog (apt install iverilog)",
    r"\bsta\b|OpenSTA|osu018|Liberty|library of cells": "OpenSTA, osu018 (docs/synthesis.md)",
    r"pythondata_cpu_vexriscv|compiler for RISC-V": "RISC-V (pip install 'nnhw[riscv]')",
    r"real networks|folder of cases|cases/reading|other networks": "networks beside the project",
    r"root may|no disk": "a user who is not root, or a disk of its own",
}
"""What tests need, by a pattern of what they say where it is missing."""


def left_out(reasons: Iterable[str]) -> str:
    """One line for all skipped tests, by what they need; "" if there are none."""
    counts = Counter(_tool(reason) for reason in reasons)
    if not counts:
        return ""
    told = ", ".join(f"{tool} {count}" for tool, count in counts.most_common())
    return f"Left out, by what they need: {told}. Reasons: pytest -rs"


def _tool(reason: str) -> str:
    return next((tool for pattern, tool in TOOLS.items() if re.search(pattern, reason)), "other")
