"""The design that trials begin with; making it also warms up all that a build imports."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

import nnhw
from nnhw.inference import run_design

from .archives import archive, npy
from .commands import SIM
from .draw import Draw
from .networks import Net
from .trials import Base


def make_base(folder: Path) -> Base:
    """Build a small network of two layers in a folder, and import what the commands do."""
    base = Base(folder)
    draw = Draw("base")
    net = Net(draw)
    x = net.add("Relu", net.conv(net.input(1, 2, 4, 4), 2, 3))
    x = net.add("Flatten", net.add("GlobalAveragePool", x))
    model = net.model(net.add("Gemm", x, net.weight(3, 2), net.weight(2)))
    base.model.write_bytes(model.SerializeToString())
    arrays = {"x": draw.normal(8, 2, 4, 4), "y": np.arange(8) % 2}
    base.data.write_bytes(archive({f"{name}.npy": npy(array) for name, array in arrays.items()}))
    nnhw.build(base.model, data=base.data, out=base.design, rows=2, cols=2, simulate=False)
    shutil.rmtree(base.design / "sim" / "__pycache__", ignore_errors=True)
    run_design(base.design, base.data).save(base.outputs)
    sys.path.insert(0, str(SIM))
    import run  # noqa: F401 (the testbench's script, whose modules are no package)

    return base
