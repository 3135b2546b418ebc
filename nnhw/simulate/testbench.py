"""Puts the testbench into an exported design."""

from __future__ import annotations

import re
import shutil
from os import PathLike
from pathlib import Path

import numpy as np

from ..design import read_manifest
from ..errors import ExportError
from ..families import FAMILIES
from ..options import RESETS
from ..vectors import Vectors

_TEMPLATES = ("tb.v", "selfcheck.sv")
_SELFCHECK_BYTES = 1 << 18
"""Most bytes of frames that the testbench without cocotb is given, but for the first frame."""


def sim_folder() -> Path:
    """Folder of the testbench's own files.

    An installed nnhw has it as `nnhw/_sim`; in a source checkout it is the folder `sim` beside the
    package.
    """
    package = Path(__file__).parents[1]
    packaged = package / "_sim"
    return packaged if packaged.is_dir() else package.parent / "sim"


def install_testbench(design_dir: str | PathLike[str]) -> None:
    """Write the folder `sim` of an exported design, except its vectors.npz.

    All files are copies, but tb.v and selfcheck.sv, which are filled in from manifest.json. In
    sim/cells are the models of the cells of the design's technology.

    Parameters
    ----------
    design_dir
        The folder that manifest.json is in.

    Raises
    ------
    ExportError
        If manifest.json is missing or is none, or the design has cells of an unknown family.
    """
    design_dir = Path(design_dir)
    manifest = read_manifest(design_dir)
    values = _template_values(manifest)
    source, target = sim_folder(), design_dir / "sim"
    target.mkdir(exist_ok=True)
    for file in source.iterdir():
        if file.is_file():
            shutil.copyfile(file, target / file.name)
    for model in manifest.get("cell_models", ()):
        (design_dir / model).parent.mkdir(exist_ok=True)
        family = FAMILIES.get(manifest["target"])
        if family is None or family.cell_models is None:
            known = [name for name in FAMILIES if FAMILIES[name].cell_models]
            raise ExportError(
                f"'{design_dir}' has cells of {manifest['target']!r}, and there are models of "
                f"{', '.join(known)} only; build it again"
            )
        shutil.copyfile(family.cell_models, design_dir / model)
    for name in _TEMPLATES:
        template = (source / name).read_text(encoding="utf-8")
        filled = re.sub(r"\{\{(\w+)\}\}", lambda match: str(values[match[1]]), template)
        (target / name).write_text(filled, encoding="utf-8")


def write_selfcheck(design_dir: str | PathLike[str], vectors: Vectors) -> None:
    """Write the beats that sim/selfcheck.sv sends and expects: a hexadecimal number a line.

    Parameters
    ----------
    vectors
        Of the design; the first frames of them are taken.

    Raises
    ------
    ExportError
        If manifest.json is missing or is none.
    """
    folder = Path(design_dir)
    manifest = read_manifest(folder)
    frame_bytes = vectors.input.shape[1] + vectors.output.shape[1]
    count = max(1, min(len(vectors.kinds), _SELFCHECK_BYTES // frame_bytes))
    for port, frames in (("input", vectors.input), ("output", vectors.output)):
        beat_bytes = manifest[port]["stream_bytes"]
        padding = -frames.shape[1] % beat_bytes
        beats = np.pad(frames[:count], ((0, 0), (0, padding))).reshape(-1, beat_bytes)
        lines = [f"{beat[::-1].tobytes().hex()}\n" for beat in beats]
        (folder / "sim" / f"selfcheck_{port}.hex").write_text("".join(lines), encoding="utf-8")


def _template_values(manifest: dict) -> dict[str, str | int]:
    """What the names in double braces in tb.v stand for."""
    beat_bytes = {port: manifest[port]["stream_bytes"] for port in ("input", "output")}
    trace, frame_error = manifest["trace"], manifest.get("frame_error")
    reset = manifest.get("reset", RESETS["active-high"])
    sense = "~" if reset == RESETS["active-low"] else ""
    return {
        "top": manifest["top"],
        "input_beats": _beats(manifest["input"]),
        "output_beats": _beats(manifest["output"]),
        "most_cycles": 20 * (manifest["latency_cycles"] + manifest["interval_cycles"]) + 1000,
        "input_bits": 8 * beat_bytes["input"],
        "output_bits": 8 * beat_bytes["output"],
        "reset": f".{reset}({sense}rst)",
        "frame_error_value": "" if frame_error else " = 1'b0",
        "frame_error_port": f",\n        .{frame_error}(frame_error)" if frame_error else "",
        "data_bits": 8 * max(trace["lanes"], *beat_bytes.values()),
        "write_back_valid": trace["valid"],
        "write_back_layer": trace["layer"],
        "write_back_count": trace["count"],
        "write_back_data": trace["data"],
    }


def _beats(stream: dict) -> int:
    """Beats of a frame."""
    return -(-stream["frame_bytes"] // stream["stream_bytes"])
