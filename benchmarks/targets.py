"""What `nnhw build --target` chooses for the networks of MLPerf Tiny, and whether it fits.

    python benchmarks/targets.py [--choose] [--pack]

Without options, the table of what is there: benchmarks/targets.jsonl has a line for each network on
each device; of several, the last one counts. With --choose, designs are chosen that are missing (up
to a minute each; take a line out of the file to have its design chosen anew); their Verilog stays
in rtl_out/targets. With --pack, those for devices with place and route are synthesized and packed,
the smallest first (minutes each), unless they were. What is stopped goes on where it was. Needs the
extra `synth`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from estimates import synthesize
from tables import MODELS, ROOT, argument_parser, commit, write_table

from nnhw.errors import MappingError
from nnhw.estimates import estimate_netlist
from nnhw.export.verilog import design_netlist, generate_verilog
from nnhw.families import Resource, Target, named_target
from nnhw.ir import Graph
from nnhw.options import BuildOptions
from nnhw.pipeline import build
from nnhw.placement import place
from nnhw.synth import count_usage

DATA = Path(__file__).parent / "targets.jsonl"
DESIGNS = ROOT / "rtl_out" / "targets"
NETWORKS = ("autoencoder", "sww", "dscnn", "resnet8", "mobilenet_vww", "ic02")
DEVICES = ("ecp5-25k", "ecp5-45k", "ecp5-85k", "gowin-gw2a18", "xc7a100t")
COLUMNS = (
    *("network", "device", "array", ">MHz", ">frames/s", ">LUTs", ">flip-flops", ">DSPs"),
    *(">block RAMs", "packed", "commit"),
)
Row = dict[str, Any]


def stored() -> dict[tuple[str, str], Row]:
    """What is there, by network and device."""
    lines = DATA.read_text(encoding="utf-8").splitlines() if DATA.exists() else []
    return {(row["network"], row["device"]): row for row in map(json.loads, lines)}


def _store(row: Row) -> None:
    with DATA.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


@cache
def _graph(network: str) -> Graph:
    return build(MODELS / f"{network}_int8.onnx", data=None, stop="trim").state.graph


def _target(device: str) -> Target:
    target = named_target(device)
    assert target is not None
    return target


def _design(row: Row) -> Path:
    """Where its Verilog is."""
    return DESIGNS / f"{row['network']}_{row['device']}.v"


def choose() -> None:
    """Choose the designs that are missing."""
    known = stored()
    for network in NETWORKS:
        for device in DEVICES:
            if (network, device) not in known:
                row = _choose(network, device)
                _store(row)
                print(network, device, row.get("refused") or row["array"], flush=True)


def _choose(network: str, device: str) -> Row:
    row: Row = {"network": network, "device": device, "commit": commit()}
    try:
        placement = place(_graph(network), BuildOptions(target=device), find_device=False)
    except MappingError as error:
        return {**row, "refused": str(error)}
    program = placement.program
    netlist = design_netlist(program, shell=placement.shell)
    estimate = estimate_netlist(netlist, _target(device))
    row |= {
        "top": program.name,
        "array": f"{program.config.rows} x {program.config.cols}",
        "interval": placement.cycles.interval_cycles,
        "mhz": estimate.clock_mhz,
        "used": {figure.resource: figure.used for figure in estimate.figures},
    }
    DESIGNS.mkdir(parents=True, exist_ok=True)
    text = generate_verilog(program, shell=placement.shell, netlist=netlist)
    _design(row).write_text(text, encoding="utf-8")
    return row


def pack_designs() -> None:
    """Synthesize and pack the designs that were not, the smallest first."""
    todo = [
        row
        for row in stored().values()
        if "used" in row
        and "packed" not in row
        and _target(row["device"]).can_place
        and _design(row).exists()
    ]
    for row in sorted(todo, key=lambda row: row["used"][Resource.LUTS]):
        target = _target(row["device"])
        found = synthesize(target, row["top"], _design(row).read_text(encoding="utf-8"))
        usage = count_usage(found["cells"], target, found["sites"])
        packed = {figures.resource: figures.used for figures in usage}
        row |= {"packed": packed, "seconds": found["seconds"]}
        _store(row)
        print(row["network"], row["device"], packed, found["seconds"], flush=True)


def rows() -> Iterator[tuple[object, ...]]:
    """Lines of the table."""
    found = stored()
    for network in NETWORKS:
        for device in DEVICES:
            if row := found.get((network, device)):
                yield (network, device, *_cells(row), row["commit"])


def missing() -> str:
    """Which are not in the table."""
    found = stored()
    lacking = [
        f"{network} on {device}"
        for network in NETWORKS
        for device in DEVICES
        if (network, device) not in found
    ]
    return f" Not chosen yet: {', '.join(lacking)}." if lacking else ""


def _cells(row: Row) -> tuple[object, ...]:
    if "refused" in row:
        return (row["refused"].replace("No array for this network fits", "None fits"), *[""] * 7)
    target, used = _target(row["device"]), row["used"]
    mhz = row["mhz"]
    return (
        row["array"],
        f"{mhz:.0f}" if mhz else "",
        f"{1e6 * mhz / row['interval']:,.0f}" if mhz else "",
        *(
            f"{used[resource]:,} of {target.capacity[resource]:,}"
            for resource in (
                *(Resource.LUTS, Resource.FLIP_FLOPS, Resource.DSPS, Resource.BLOCK_RAMS),
            )
        ),
        _packed(row, target),
    )


def _packed(row: Row, target: Target) -> str:
    if "packed" not in row:
        return ""
    packed = row["packed"]
    fits = all(packed.get(kind.value, 0) <= count for kind, count in target.capacity.items())
    luts, blocks = packed[Resource.LUTS], packed[Resource.BLOCK_RAMS]
    return f"{'fits' if fits else 'DOES NOT FIT'}: {luts:,} LUTs, {blocks} block RAMs"


if __name__ == "__main__":
    parser = argument_parser(__doc__.splitlines()[0], "targets.md")
    parser.add_argument("--choose", action="store_true", help="choose designs that are missing")
    parser.add_argument("--pack", action="store_true", help="synthesize and pack them")
    arguments = parser.parse_args()
    if arguments.choose:
        choose()
    if arguments.pack:
        pack_designs()
    write_table(
        arguments.out,
        "Networks of MLPerf Tiny on devices",
        COLUMNS,
        rows(),
        notes="What `nnhw build NETWORK_int8.onnx --target DEVICE` chooses, with 8-bit weights and "
        "activations: the fastest array that fits by estimates, which are shown, or what would. "
        "Packed: after synthesis and packing, where there is place and route; empty if not "
        f"done yet.{missing()}",
        at="the commit of each row",
    )
