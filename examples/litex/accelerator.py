"""A design of nnhw as a LiteX module."""

from __future__ import annotations

import json
from pathlib import Path

from litex.gen import LiteXModule
from litex.soc.interconnect import stream, wishbone
from migen import ClockSignal, Instance, ResetSignal, Signal

WORD_BITS = 32


class InterruptLine(LiteXModule):
    """What LiteX looks for in a module that has an interrupt; the registers behind it are the
    design's own.

    Attributes
    ----------
    irq
        Signal.
    """

    def __init__(self):
        self.irq = Signal()


class Accelerator(LiteXModule):
    """An exported design in the clock domain `sys`: between two streams, on the bus, or both.

    Parameters
    ----------
    platform
        Its sources are added to it.
    folder
        Of the design, which has its constants inline.

    Attributes
    ----------
    sink, source
        Where the design has streams: endpoints with the field `data`, a beat wide; `last` ends a
        frame.
    frame_error
        Signal; it stays low where the design does not check frames.
    bus, window
        Where it has registers: their Wishbone interface, and the bytes of their addresses.
    ev
        Likewise: its interrupt, for `irq.add` of the system.
    """

    def __init__(self, platform, folder: str | Path):
        folder = Path(folder)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["memory_files"]:
            raise ValueError(f"'{folder}' has constants in files; build it with --weights inline")
        for source in manifest["sources"]:
            platform.add_source(str(folder / source))
        shell = manifest["shell"]
        if shell["bus"] not in (None, "wishbone") or shell["clocks"] != "one":
            raise ValueError(f"'{folder}' has another bus, or clock; build it with --bus wishbone")
        if shell["io"] == "dma":
            raise ValueError(f"'{folder}' has a bus to memory; build it with --io mapped or stream")
        self.frame_error = Signal()
        reset = ResetSignal("sys")
        signals = {
            "clk": ClockSignal("sys"),
            "rst": reset,
            "aresetn": ~reset,
            "frame_error": self.frame_error,
        }
        endpoints = {}
        if shell["io"] == "stream":
            self.sink = stream.Endpoint([("data", 8 * manifest["input"]["stream_bytes"])])
            self.source = stream.Endpoint([("data", 8 * manifest["output"]["stream_bytes"])])
            endpoints = {"s_axis": self.sink, "m_axis": self.source}
        if shell["bus"]:
            self.bus = wishbone.Interface(
                data_width=WORD_BITS, address_width=WORD_BITS, addressing="word"
            )
            self.window = 1 << shell["address_bits"]
            self.ev = InterruptLine()
            signals["irq"] = self.ev.irq
        ports = {}
        for port in manifest["ports"]:
            name = port["name"]
            if port["interface"] in endpoints:
                field = port["role"].removeprefix("T").lower()  # as LiteX calls it
                signal = getattr(endpoints[port["interface"]], field, Signal(port["width"]))
            elif port["interface"] == "s_wb":
                # stall is not of the standard mode, whose masters wait for the answer anyway
                signal = getattr(self.bus, port["role"].lower(), Signal())
                signal = signal[: port["width"]]
            else:
                signal = signals[name]
            ports[f"{port['direction'][0]}_{name}"] = signal
        self.specials += Instance(manifest["top"], **ports)
