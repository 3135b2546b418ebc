"""LUTs and flip-flops of a synthesized design by module.

    python benchmarks/modules.py DESIGN --target ecp5-25k

Reads the netlist that `nnhw synth DESIGN --target TARGET` leaves and prints a table. A cell belongs
to the module that the synthesizer named it after: where logic was moved across modules, to one of
them.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from nnhw.families import Resource
from nnhw.synth import find_target
from nnhw.synth.family_synthesis import find_synthesis

_DEPTH = 3
"""Names of a path that are kept: the engine, a component, a part of it."""


def count_modules(netlist: Path, target: str) -> dict[str, Counter[Resource]]:
    """What the modules of a flat netlist occupy, by name; those that differ in numbers only,
    together."""
    modules = json.loads(netlist.read_text(encoding="utf-8"))["modules"].values()
    top = next(module for module in modules if module["attributes"].get("top"))
    synthesis = find_synthesis(find_target(target))
    counts: dict[str, Counter[Resource]] = {}
    for name, cell in top["cells"].items():
        path = cell["attributes"].get("hdlname", name).replace(" ", ".").split(".")[:-1]
        module = re.sub(r"_\d+", "_N", ".".join(path[:_DEPTH])) or "memories and others"
        for resource, used in synthesis.occupied(cell["type"]).items():
            counts.setdefault(module, Counter())[resource] += used
    return counts


def lines(counts: dict[str, Counter[Resource]]) -> Iterator[str]:
    """A Markdown table, the largest modules first."""
    yield "| module | LUTs | flip-flops |"
    yield "| --- | ---: | ---: |"
    columns = (Resource.LUTS, Resource.FLIP_FLOPS)
    for module, used in sorted(counts.items(), key=lambda item: -item[1][Resource.LUTS]):
        if any(used[column] for column in columns):
            yield f"| {module} | " + " | ".join(f"{int(used[c]):,}" for c in columns) + " |"
    totals = (int(sum(used[column] for used in counts.values())) for column in columns)
    yield "| all | " + " | ".join(f"{total:,}" for total in totals) + " |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("design", type=Path, help="folder of a design")
    parser.add_argument("--target", required=True, help="device that it was synthesized for")
    arguments = parser.parse_args()
    folder = arguments.design / "syn" / arguments.target / "synthesis"
    print(*lines(count_modules(folder / "netlist.json", arguments.target)), sep="\n")
