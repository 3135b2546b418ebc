"""Place and route for Cologne Chip GateMate: nextpnr and gmpack of Project Peppercorn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from ...synth.placer import PinPlace, Placer
from ..target import Target


class _Placer(Placer):
    package = "yowasp_nextpnr_himbaechel_gatemate"
    function = "run_nextpnr_himbaechel_gatemate"
    config = "design.txt"
    config_arguments = ("--vopt", f"out={config}")
    constraints_suffix = ".ccf"
    bitstream_suffix = ".bit"
    packer = "yowasp_nextpnr_himbaechel_gatemate"
    packer_function = "run_gmpack"

    def arguments(self, target: Target, speed_grade: str, constraints: str | None) -> list[str]:
        pins = f"ccf={constraints}" if constraints else "allow-unconstrained"
        return ["--device", target.chip, "--vopt", pins]

    def without_pins(self, module: dict[str, Any]) -> dict[str, Any]:
        """All ports but clocks are left off: these have to come from pins."""
        connected = [cell["connections"] for cell in module["cells"].values()]
        clocks = {b for ports in connected for p in ports if p.endswith("CLK") for b in ports[p]}
        bits = {bit for ports in connected for port in ports.values() for bit in port}
        free = count(1 + max(bit for bit in bits if isinstance(bit, int)))
        ports, cells = {}, dict(module["cells"])
        for name, port in module["ports"].items():
            if port["direction"] == "input" and clocks.intersection(port["bits"]):
                pin = [next(free)]
                ports[name] = {"direction": "input", "bits": pin}
                cells[f"{name}_pin"] = {
                    "type": "CC_IBUF",
                    "parameters": {},
                    "attributes": {},
                    "port_directions": {"I": "input", "Y": "output"},
                    "connections": {"I": pin, "Y": port["bits"]},
                }
        return {**module, "ports": ports, "cells": cells}

    def constraints(self, pins: Sequence[PinPlace], title: str = "") -> str:
        """Cologne Chip's constraints, as far as nextpnr reads them."""
        lines = [f"# {title}"] if title else []
        for place in pins:
            pull = " | PULLUP=true" if place.pull_up else ""
            lines.append(f'NET "{place.port}" Loc = "{place.pin}"{pull};')
        return "".join(f"{line}\n" for line in lines)

    def packer_arguments(self, target: Target, config: str, bitstream: str) -> list[str]:
        return [config, bitstream]


PLACER = _Placer()
