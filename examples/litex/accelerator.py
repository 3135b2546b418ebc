"""A design of nnhw as a LiteX module."""

from __future__ import annotations

import json
from pathlib import Path

from litex.gen import LiteXModule
from litex.soc.interconnect import stream
from migen import ClockSignal, Instance, ResetSignal, Signal


class Accelerator(LiteXModule):
    """An exported design in the clock domain `sys`.

    Parameters
    ----------
    platform
        Its sources are added to it.
    folder
        Of the design, which has its constants inline.

    Attributes
    ----------
    sink, source
        Stream endpoints with the field `data`, a beat wide; `last` ends a frame.
    frame_error
        Signal; it stays low where the design does not check frames.
    """

    def __init__(self, platform, folder: str | Path):
        folder = Path(folder)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["memory_files"]:
            raise ValueError(f"'{folder}' has constants in files; build it with --weights inline")
        for source in manifest["sources"]:
            platform.add_source(str(folder / source))
        self.sink = stream.Endpoint([("data", 8 * manifest["input"]["stream_bytes"])])
        self.source = stream.Endpoint([("data", 8 * manifest["output"]["stream_bytes"])])
        self.frame_error = Signal()
        reset = ResetSignal("sys")
        signals = {
            "clk": ClockSignal("sys"),
            "rst": reset,
            "aresetn": ~reset,
            "frame_error": self.frame_error,
        }
        endpoints = {"s_axis": self.sink, "m_axis": self.source}
        ports = {}
        for port in manifest["ports"]:
            name = port["name"]
            if port["interface"] in endpoints:
                field = port["role"].removeprefix("T").lower()  # as LiteX calls it
                signal = getattr(endpoints[port["interface"]], field)
            else:
                signal = signals[name]
            ports[f"{port['direction'][0]}_{name}"] = signal
        self.specials += Instance(manifest["top"], **ports)
