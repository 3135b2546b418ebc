"""From (seed, number) to input files and commands."""

from __future__ import annotations

import contextlib
import math
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx

from nnhw.design import write_checksums
from nnhw.ir import Graph

from . import limits
from .archives import archive, members_of, mutate_archive, mutate_array, npy
from .bombs import BOMBS
from .draw import Draw
from .fields import FIELDS
from .folders import FOLDERS, MARK, occupy
from .insertions import insert_operator
from .keeping import KEEPING
from .net import with_output_shapes
from .networks import float_network
from .quantized import quantized_network
from .settings import make_settings
from .tflite_files import mutate_tflite, tflite_file
from .wiring import WIRING
from .wraps import WRAPS, write_outside

KINDS = ("onnx",) * 4 + ("npz", "onnx", "folder", "onnx", "toml", "onnx", "tflite", "npy")
"""Of the numbers from 0 on, over and over: half of them are ONNX models."""

DATA = ("--data", "in/data.npz")

FULL_EXPORTS = 150
"""One model in so many is exported to the end, which takes longest by far."""


@dataclass
class Trial:
    """Input files in a sandbox, and what to do with them.

    Parameters
    ----------
    kind, number, seed
    base
        What was mutated.
    steps
        What was done to it.
    commands
        Arguments of nnhw, run one after the other in the sandbox; the first may also be "sim" or
        "link", the readers of the testbench and of the link.
    writable
        Where they may write, relative to the sandbox.
    protected
        What in these folders has to stay as it is.
    model
        The ONNX file whose answers count, if it is a model that is tried.
    writes_data
        Whether the data file is still to be made, when the inputs of the model are known.
    full
        Whether the build goes on to its end.
    answers
        File of outputs that has to equal those of the design that was mutated.
    """

    kind: str
    number: int
    seed: int
    base: str = ""
    steps: list[str] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)
    writable: tuple[str, ...] = ("out",)
    protected: tuple[str, ...] = ()
    model: Path | None = None
    writes_data: bool = False
    full: bool = False
    answers: Path | None = None


@dataclass(frozen=True)
class Base:
    """What is made once: a small design with its model, data and outputs."""

    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "base.onnx"

    @property
    def data(self) -> Path:
        return self.folder / "base.npz"

    @property
    def design(self) -> Path:
        return self.folder / "design"

    @property
    def outputs(self) -> Path:
        return self.folder / "outputs.npz"


def kind_of(number: int) -> str:
    return KINDS[number % len(KINDS)]


def make_trial(
    seed: int, number: int, sandbox: Path, base: Base, without: Collection[int] = ()
) -> Trial:
    """Write the files of a trial to a sandbox.

    Parameters
    ----------
    without
        Mutations that are left out, by their place: for finding out which ones matter.
    """
    for name in ("in", "out", "keep", "keep/folder", "tmp"):
        (sandbox / name).mkdir()
    (sandbox / "keep" / "secret.bin").write_bytes(b"secret" * 100)
    (sandbox / "keep" / "folder" / "precious.txt").write_text("mine")
    (sandbox / "keep" / f"{MARK}.v").write_text("module x; endmodule\n")
    trial = Trial(kind_of(number), number, seed)
    make = {
        "onnx": _onnx,
        "npz": _npz,
        "npy": _npy,
        "toml": _toml,
        "folder": _folder,
        "tflite": _tflite,
    }[trial.kind]
    make(trial, Draw(seed, number), sandbox, base, frozenset(without))
    return trial


def _onnx(trial: Trial, draw: Draw, sandbox: Path, base: Base, without: frozenset[int]) -> None:
    trial.base, model = (quantized_network if draw.chance(0.25) else float_network)(draw)
    families = [KEEPING, (insert_operator,), FIELDS, WIRING, WRAPS, BOMBS]
    gentle = draw.chance(0.6)
    if gentle:
        weights: tuple[int, ...] = draw.choice([(1, 0, 0, 0, 0, 0), (19, 1, 0, 0, 0, 0)])
    else:
        weights = draw.choice(
            [(0, 6, 3, 2, 1, 0), (0, 9, 0, 0, 0, 0), (1, 1, 6, 2, 1, 0), (1, 2, 1, 1, 2, 1)]
        )
    count = draw.choice([1, 2, 3, 4] if gentle else [1, 1, 1, 2, 2, 3])
    for place in range(count):
        step = Draw(trial.seed, trial.number, place)
        mutate = step.choice(step.choices(families, weights)[0])
        if place in without:
            continue
        try:
            detail = mutate(model, step)
        except Exception:  # the mutation before has left nothing to change
            if not trial.steps:
                raise
            break
        trial.steps.append(f"{place}: {mutate.__name__}: {detail}")
        if mutate in BOMBS:
            break
        if step.chance(0.8):
            model = with_output_shapes(model)
    trial.model = sandbox / "in" / draw.choice(["model.onnx"] * 9 + ["a b'c.onnx"])
    write_outside(model, trial.model.parent)
    content = model.SerializeToString()
    if draw.chance(0.0 if gentle else 0.08) and count not in without:
        content, detail = _damaged(content, draw)
        trial.steps.append(f"{count}: bytes: {detail}")
    trial.model.write_bytes(content)
    trial.writes_data = True
    name = trial.model.relative_to(sandbox)
    options = _options(draw, model)
    printed = draw.choice([["--quiet"]] * 5 + [["--json"], []])
    trial.full = draw.randrange(FULL_EXPORTS) == 0
    trial.commands.append(_build(str(name), *DATA, *options, *printed))
    if draw.chance(0.15):
        printed = ["--json"] if draw.chance(0.5) else []
        trial.commands.append(["inspect", str(name), *DATA, *options, *printed])


def _build(model: str, *options: str) -> list[str]:
    return ["build", model, "--out", "out/design", "--no-sim", *options]


def _options(draw: Draw, model: onnx.ModelProto) -> list[str]:
    """Options of the build: mostly those that take the least time."""
    quantized = any("Quant" in n.op_type or "QLinear" in n.op_type for n in model.graph.node)
    rows, cols = draw.choice([("2", "2")] * 6 + [("4", "4"), ("1", "3")])
    given = ["--rows", rows, "--cols", cols] if draw.chance(0.97) else ["--macs", "6"]
    if not quantized:
        given += ["--calibration", draw.choice(["minmax"] * 20 + ["mse", "percentile", "entropy"])]
        given += draw.choice([[]] * 12 + [["--power-of-two"], ["--act-bits", "5"]])
        given += draw.choice([["--equalize", "off"]] * 10 + [["--equalize", "on"], []])
    return given


def _damaged(content: bytes, draw: Draw) -> tuple[bytes, str]:
    data = bytearray(content)
    what = draw.choice(["flip", "flip", "cut", "insert", "delete"])
    place = draw.randrange(len(data))
    if what == "flip":
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
    elif what == "cut":
        del data[place:]
    elif what == "insert":
        data[place:place] = bytes([draw.randrange(256)])
    else:
        del data[place : place + draw.randint(1, 8)]
    return bytes(data), what


def _npz(trial: Trial, draw: Draw, sandbox: Path, base: Base, without: frozenset[int]) -> None:
    trial.base = "data file"
    content = base.data.read_bytes()
    for place in range(draw.choice([1, 1, 1, 2])):
        step = Draw(trial.seed, trial.number, place)
        if place in without:
            continue
        try:
            content, detail = mutate_archive(content, step)
        except Exception:  # the mutation before has left nothing to read
            break
        trial.steps.append(f"{place}: {detail}")
    (sandbox / "in" / "data.npz").write_bytes(content)
    if draw.chance(0.5):
        shutil.copytree(base.design, sandbox / "in" / "design", symlinks=True)
        trial.commands.append(["run", "in/design", *DATA, "--out", "out/y.npz"])
    else:
        shutil.copy(base.model, sandbox / "in" / "model.onnx")
        trial.commands.append(
            _build("in/model.onnx", *DATA, "--rows", "2", "--cols", "2", "--quiet")
        )


def _npy(trial: Trial, draw: Draw, sandbox: Path, base: Base, without: frozenset[int]) -> None:
    trial.base = "data file of one array"
    content = members_of(base.data.read_bytes())["x.npy"]
    if 0 not in without:
        content, detail = mutate_array(content, Draw(trial.seed, trial.number, 0))
        trial.steps.append(f"0: {detail}")
    (sandbox / "in" / "data.npy").write_bytes(content)
    shutil.copy(base.model, sandbox / "in" / "model.onnx")
    size = ("--rows", "2", "--cols", "2", "--quiet")
    trial.commands.append(_build("in/model.onnx", "--data", "in/data.npy", *size))


def _tflite(trial: Trial, draw: Draw, sandbox: Path, base: Base, without: frozenset[int]) -> None:
    name, content = tflite_file(draw)
    trial.base = f"TFLite, {name}"
    for place in range(draw.choice([0, 1, 1, 1, 1, 2])):
        step = Draw(trial.seed, trial.number, place)
        if place in without:
            continue
        try:
            content, detail = mutate_tflite(content, step)
        except Exception:  # the mutation before has left nothing to read
            break
        trial.steps.append(f"{place}: {detail}")
    (sandbox / "in" / "model.tflite").write_bytes(content)
    trial.writes_data = True
    options = ("--rows", "2", "--cols", "2", "--quiet")
    trial.commands.append(_build("in/model.tflite", *DATA, *options))
    if draw.chance(0.15):
        trial.commands.append(["inspect", "in/model.tflite", *DATA, "--rows", "2", "--cols", "2"])


def _toml(trial: Trial, draw: Draw, sandbox: Path, base: Base, without: frozenset[int]) -> None:
    trial.base = "options"
    content, detail = make_settings(draw)
    trial.steps.append(f"0: {detail}")
    (sandbox / "in" / "options.toml").write_bytes(content)
    shutil.copy(base.model, sandbox / "in" / "model.onnx")
    shutil.copy(base.data, sandbox / "in" / "data.npz")
    options = ["--config", "in/options.toml", "--quiet"]
    trial.commands.append(_build("in/model.onnx", *DATA, *options))


def _folder(trial: Trial, draw: Draw, sandbox: Path, base: Base, without: frozenset[int]) -> None:
    reader = draw.choice(["run", "run", "run", "synth", "synth", "sim", "sim", "link", "build"])
    trial.base = f"folder for {reader}"
    if reader == "build":
        shutil.copy(base.model, sandbox / "in" / "model.onnx")
        shutil.copy(base.data, sandbox / "in" / "data.npz")
        protected, detail = occupy(sandbox / "out", draw)
        trial.steps.append(f"0: {detail}")
        trial.protected = tuple(f"out/{name}" for name in protected)
        force = ["--force"] if draw.chance(0.7) else []
        trial.commands.append(_build("in/model.onnx", *DATA, "--quiet", *force))
        return
    design = sandbox / "in" / "design"
    shutil.copytree(base.design, design, symlinks=True)
    for place in range(draw.choice([1, 1, 1, 2])):
        step = Draw(trial.seed, trial.number, place)
        if place in without:
            continue
        mutate = step.choice(FOLDERS)
        try:
            detail = mutate(design, step)
        except Exception:  # the mutation before has left nothing to change
            break
        trial.steps.append(f"{place}: {mutate.__name__}: {detail}")
    vouched = draw.chance(0.6)
    if vouched:  # as who means harm does
        with contextlib.suppress(Exception):
            write_checksums(design)
    if reader == "run":
        shutil.copy(base.data, sandbox / "in" / "data.npz")
        trial.answers = None if vouched else sandbox / "out" / "y.npz"
        trial.commands.append(["run", "in/design", *DATA, "--out", "out/y.npz"])
    elif reader == "synth":
        target = draw.choice(["ecp5-25k", "ice40up5k", "asic-osu018"])
        trial.writable = ("out", "in/design/syn")
        trial.commands.append(["synth", "in/design", "--target", target])
    elif reader == "sim":
        trial.writable = ("out", "in/design/sim/sim_build")
        trial.commands.append(["sim", "in/design"])
    else:
        trial.commands.append(["link", "in/design"])


def write_data(trial: Trial, network: Graph, path: Path) -> None:
    """Write samples for the inputs of a network, of the types that the model file declares."""
    draw = Draw(trial.seed, trial.number, "data")
    types = {}
    if trial.model is not None:
        graph = onnx.load(trial.model, load_external_data=False).graph
        types = {value.name: value.type.tensor_type.elem_type for value in graph.input}
    count = draw.choice([8, 8, 24])
    elements = sum(math.prod(port.onnx_shape) for port in network.inputs)
    count = max(2, min(count, limits.DATA_ELEMENTS // elements))
    scale = draw.choice([1.0, 1.0, 1.0, 0.1, 5.0])
    arrays = {}
    for port in network.inputs:
        dtype = numpy_type(types.get(port.onnx_name, onnx.TensorProto.FLOAT))
        shape = (count, *port.onnx_shape)
        if dtype.kind in "iu":
            low, high = (0, 255) if dtype.kind == "u" else (-128, 127)
            arrays[port.onnx_name] = draw.integers(low, high, shape).astype(dtype)
        else:
            half = dtype == np.float16
            values = draw.normal(*shape, scale=scale)
            if draw.chance(0.1):  # far from zero
                values = values + draw.choice([-1, 1]) * 10.0 ** draw.uniform(0, 3)
            if draw.chance(0.1):  # features of unequal ranges
                values = values * 10.0 ** draw.normal(*shape[1:])
            arrays[port.onnx_name] = values.astype(np.float16 if half else np.float32)
    if len(arrays) == 1:
        arrays = {"x": next(iter(arrays.values()))}
    path.write_bytes(archive({f"{name}.npy": npy(array) for name, array in arrays.items()}))


def numpy_type(code: int) -> np.dtype:
    """Of an ONNX element type; float32 for what NumPy does not have."""
    try:
        return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(code))
    except (KeyError, TypeError, ValueError):
        return np.dtype(np.float32)
