"""Puts the testbench into an exported design."""

from __future__ import annotations

import re
import shutil
from os import PathLike
from pathlib import Path

from ..design import read_manifest
from ..errors import ExportError
from ..families import FAMILIES
from ..options import RESETS

_TEMPLATE = "tb.v"


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

    All files but tb.v are copies; tb.v is filled in from manifest.json. In sim/cells are the models
    of the cells of the design's technology.

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
    template = (source / _TEMPLATE).read_text(encoding="utf-8")
    filled = re.sub(r"\{\{(\w+)\}\}", lambda match: str(values[match[1]]), template)
    (target / _TEMPLATE).write_text(filled, encoding="utf-8")


def _template_values(manifest: dict) -> dict[str, str | int]:
    """What the names in double braces in tb.v stand for."""
    beat_bytes = {port: manifest[port]["stream_bytes"] for port in ("input", "output")}
    trace, frame_error = manifest["trace"], manifest.get("frame_error")
    load = manifest.get("load")
    load_ports = ("load_valid", "load_address", "load_data") if load else ()
    reset = manifest.get("reset", RESETS["active-high"])
    sense = "~" if reset == RESETS["active-low"] else ""
    return {
        **_stream_values(manifest),
        "top": manifest["top"],
        "input_bits": 8 * beat_bytes["input"],
        "output_bits": 8 * beat_bytes["output"],
        "reset": f".{reset}({sense}rst)",
        "frame_error_value": "" if frame_error else " = 1'b0",
        "frame_error_port": f",\n        .{frame_error}(frame_error)" if frame_error else "",
        "load_address_bits": load["address_bits"] if load else 1,
        "load_ports": "".join(f",\n        .{port}({port})" for port in load_ports),
        "data_bits": 8 * max(trace["lanes"], *beat_bytes.values()),
        "write_back_valid": trace["valid"],
        "write_back_layer": trace["layer"],
        "write_back_count": trace["count"],
        "write_back_data": trace["data"],
    }


def _stream_values(manifest: dict) -> dict[str, str | int]:
    """What the streams have besides data and handshake, and where their beats are looked at."""
    shell = manifest.get("shell", {})
    widths = {side: manifest[side]["stream_bytes"] for side in ("input", "output")}
    signals: list[tuple[str, str, int]] = []
    if shell.get("clocks") == "two":
        signals += [("reg", "axis_clk", 1)]
    for name, (received, sent) in {
        "tkeep": (widths["input"], widths["output"]) if shell.get("keep") else (0, 0),
        "tuser": (shell.get("tag_bits", 0),) * 2,
    }.items():
        if received:
            signals += [("reg", f"s_axis_{name}", received), ("wire", f"m_axis_{name}", sent)]
    offer = [("m_axis_tlast", 1), ("m_axis_tdata", 8 * widths["output"])]
    offer += [(name, bits) for kind, name, bits in signals if kind == "wire"]
    declarations = {"reg": "reg{} {} /* verilator public_flat_rw */ = 0;"}
    declarations["wire"] = "wire{} {} /* verilator public_flat_rd */;"
    values: dict[str, str | int] = {
        "stream_signals": "".join(
            f"    {declarations[kind].format(f' [{bits}-1:0]' if bits > 1 else '', name)}\n"
            for kind, name, bits in signals
        ),
        "stream_ports": "".join(f"\n        .{name}({name})," for _, name, _ in signals),
        "stream_clock": "axis_clk" if shell.get("clocks") == "two" else "clk",
        "offer": ", ".join(name for name, _ in offer),
        "offer_bits": sum(bits for _, bits in offer),
    }
    for side, port in (("input", "s_axis"), ("output", "m_axis")):
        tapped = manifest["trace"].get(side)
        names = {
            "valid": f"{port}_tvalid",
            "ready": f"{port}_tready",
            "data": f"{port}_tdata",
            "last": f"{port}_tlast",
        }
        if shell.get("keep") and side == "input":
            names["valid"] += " && s_axis_tkeep != 0"  # null beats are none
        values |= {f"{side}_{name}": tapped[name] if tapped else names[name] for name in names}
    return values
