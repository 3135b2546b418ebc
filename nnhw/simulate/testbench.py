"""Puts the testbench into an exported design."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..design import read_manifest
from ..errors import ExportError
from ..families import FAMILIES
from ..image import LoadRegisters, read_image
from ..options import RESETS
from ..registers import control_ports, result_user_bits
from ..vectors import Vectors
from .host import host_module, host_ports, host_signals, moves_frames

_TEMPLATES = ("tb.v", "selfcheck.sv")
_STREAM_PORTS = tuple(
    f"{side}_axis_t{name}" for side in ("s", "m") for name in ("data", "valid", "ready", "last")
)
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
    """Write the beats that sim/selfcheck.sv sends and expects: a hexadecimal number a line; of a
    programmable design also what it is loaded with, an address and a word a line.

    Parameters
    ----------
    vectors
        Of the design; the first frames of them are taken.

    Raises
    ------
    ExportError
        If manifest.json or the image is missing or is none.
    """
    folder = Path(design_dir)
    manifest = read_manifest(folder)
    if load := manifest.get("load"):
        image = read_image(folder / load["image"])
        registers = load.get("registers")
        writes = (
            image.register_writes(LoadRegisters(**registers)) if registers else image.port_writes()
        )
        lines = [f"{address:x} {word:08x}\n" for address, word in writes]
        (folder / "sim" / "selfcheck_load.hex").write_text("".join(lines), encoding="utf-8")
    frame_bytes = vectors.input.shape[1] + vectors.output.shape[1]
    count = max(1, min(len(vectors.kinds), _SELFCHECK_BYTES // frame_bytes))
    for port, frames in (("input", vectors.input), ("output", vectors.output)):
        beat_bytes = manifest[port]["stream_bytes"]
        padding = -frames.shape[1] % beat_bytes
        beats = np.pad(frames[:count], ((0, 0), (0, padding))).reshape(-1, beat_bytes)
        keeps = _keeps(manifest, port) * count
        lines = [
            f"{keep}{beat[::-1].tobytes().hex()}\n" for keep, beat in zip(keeps, beats, strict=True)
        ]
        (folder / "sim" / f"selfcheck_{port}.hex").write_text("".join(lines), encoding="utf-8")


def _template_values(manifest: dict) -> dict[str, str | int]:
    """What the names in double braces in tb.v stand for."""
    beat_bytes = {port: manifest[port]["stream_bytes"] for port in ("input", "output")}
    trace, frame_error = manifest["trace"], manifest.get("frame_error")
    load = manifest.get("load")
    reset = manifest.get("reset", RESETS["active-high"])
    sense = "~" if reset == RESETS["active-low"] else ""
    return {
        **_stream_values(manifest),
        **_selfcheck_values(manifest),
        "top": manifest["top"],
        "input_beats": _beats(manifest["input"]),
        "output_beats": _beats(manifest["output"]),
        "most_cycles": 20 * (manifest["latency_cycles"] + manifest["interval_cycles"]) + 1000,
        "input_bits": 8 * beat_bytes["input"],
        "output_bits": 8 * beat_bytes["output"],
        "reset": f".{reset}({sense}rst)",
        "frame_error_value": "" if frame_error else " = 1'b0",
        "control_ports": _control_ports(manifest),
        "frame_error_port": f",\n        .{frame_error}(frame_error)" if frame_error else "",
        "idle_value": "" if _has_idle(manifest) else " = 1'b1",
        "idle_port": ",\n        .idle(idle)" if _has_idle(manifest) else "",
        "is_loaded": int(bool(load)),
        "frame_ports": _connected(() if moves_frames(manifest) else _STREAM_PORTS),
        "host_ports": _connected(host_ports(manifest)),
        "host_signals": host_signals(manifest, file="load.hex"),
        "selfcheck_host": host_signals(manifest, file="selfcheck_load.hex"),
        "host": host_module(manifest),
        "data_bits": 8 * max(trace["lanes"], *beat_bytes.values()),
        "write_back_valid": trace["valid"],
        "write_back_layer": trace["layer"],
        "write_back_count": trace["count"],
        "write_back_data": trace["data"],
    }


def _connected(names: Iterable[str]) -> str:
    """Connections of ports to signals of their names."""
    return "".join(f",\n        .{name}({name})" for name in names)


def _has_idle(manifest: dict) -> bool:
    return bool(manifest.get("shell", {}).get("idle"))


def _keeps(manifest: dict, port: str) -> list[str]:
    """tkeep of the beats of a frame as hexadecimal digits; nothing for each without tkeep."""
    beat_bytes = manifest[port]["stream_bytes"]
    keeps = []
    for tensor in manifest[f"{port}s"]:
        left = tensor["bytes"]
        while left > 0:
            lanes = (1 << min(left, beat_bytes)) - 1
            keeps.append(f"{lanes:0{-(-beat_bytes // 4)}x}" if _has_keep(manifest) else "")
            left -= beat_bytes
    return keeps


def _has_keep(manifest: dict) -> bool:
    return bool(manifest.get("shell", {}).get("keep"))


def _selfcheck_values(manifest: dict) -> dict[str, str | int]:
    """What the testbench without cocotb has besides data and handshake.

    A line of its files has the lanes that count in front of the data, if there is a tkeep.
    """
    shell = manifest.get("shell", {})
    signals, ports = [], []
    values: dict[str, str | int] = {}
    for side, prefix, kind in (("input", "s_axis", "reg"), ("output", "m_axis", "wire")):
        beat_bytes = manifest[side]["stream_bytes"]
        keep_bits = 4 * -(-beat_bytes // 4) if _has_keep(manifest) else 0
        values[f"{side}_word_bits"] = 8 * beat_bytes + keep_bits
        values[f"{side}_word"] = f"{prefix}_tdata"
        if keep_bits:
            values[f"{side}_word"] = f"{{{prefix}_keep, {prefix}_tdata}}"
            signals.append(f"{kind} [{keep_bits}-1:0] {prefix}_keep{' = 0' * (kind == 'reg')};")
            ports.append((f"{prefix}_tkeep", f"{prefix}_keep[{beat_bytes}-1:0]"))
            if kind == "wire" and keep_bits > beat_bytes:
                signals.append(f"assign {prefix}_keep[{keep_bits}-1:{beat_bytes}] = 0;")
    if tag_bits := shell.get("tag_bits", 0):
        ports.append(("s_axis_tuser", f"{{{tag_bits}{{1'b1}}}}"))
    if user_bits := result_user_bits(shell):
        signals.append(
            f"wire [{user_bits}-1:0] m_axis_user;  // the tag, and whether it was aborted"
        )
        ports.append(("m_axis_tuser", "m_axis_user"))
    if shell.get("clocks") == "two":
        ports.append(("axis_clk", "clk"))
    values["selfcheck_signals"] = "".join(f"    {line}\n" for line in signals)
    values["selfcheck_ports"] = "".join(f"\n        .{name}({to})," for name, to in ports)
    return values


def _beats(stream: dict) -> int:
    """Beats of a frame."""
    return -(-stream["frame_bytes"] // stream["stream_bytes"])


def _stream_values(manifest: dict) -> dict[str, str | int]:
    """What the streams have besides data and handshake, and where their beats are looked at."""
    shell = manifest.get("shell", {})
    widths = {side: manifest[side]["stream_bytes"] for side in ("input", "output")}
    signals: list[tuple[str, str, int]] = []
    if shell.get("clocks") == "two":
        signals += [("reg", "axis_clk", 1)]
    for name, (received, sent) in {
        "tkeep": (widths["input"], widths["output"]) if shell.get("keep") else (0, 0),
        "tuser": (shell.get("tag_bits", 0), result_user_bits(shell)),
    }.items():
        signals += [("reg", f"s_axis_{name}", received)] if received else []
        signals += [("wire", f"m_axis_{name}", sent)] if sent else []
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


def _control_ports(manifest: Mapping[str, Any]) -> str:
    """Connections of those ports of the control bus that nobody uses."""
    values = {"input": "{}'d0", "output": ""}
    used = host_ports(manifest)
    return "".join(
        f",\n        .{name}({values[direction].format(width)})"
        for name, (direction, width) in control_ports(manifest.get("shell", {})).items()
        if name not in used
    )
