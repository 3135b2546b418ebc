"""The design that trials begin with; making it also warms up all that a build imports."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import sys
from pathlib import Path

import numpy as np
import typer.main

import nnhw.cli

from .archives import archive, npy
from .draw import Draw
from .net import Net
from .outcome import SIM
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
    # The same in every call, and slower than most inputs.
    typer.main.get_command = functools.cache(typer.main.get_command)
    size = ("--rows", "2", "--cols", "2", "--no-sim")
    for command in (
        ("build", base.model, "--data", base.data, "--out", base.design, *size),
        ("run", base.design, "--data", base.data, "--out", base.outputs),
        ("inspect", base.model),
    ):
        with contextlib.redirect_stdout(io.StringIO()):
            nnhw.cli.app([str(word) for word in command], standalone_mode=False)
    importlib.import_module("onnx.reference.ops")
    sys.path.insert(0, str(SIM))
    importlib.import_module("run")  # the testbench's script, whose modules are no package
    return base
