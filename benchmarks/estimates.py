"""Synthesizes components and designs, fits the estimates of resources to some and checks them on
others.

    python benchmarks/estimates.py [--family NAME ...] [--measure] [--fit]

Without options, the tables of what is there: benchmarks/estimates/FAMILY.jsonl has the cells of
every case that was synthesized; of several lines the last one counts. With --measure, cases are
synthesized first that are missing, or whose Verilog or synthesis is another one by now, one after
the other (some seconds each, more than an hour for all families); a measurement that is stopped
goes on where it was. With --fit, coefficients and errors are written to the families' folders,
where `nnhw.estimates` finds them. Needs the extras `synth` and `dev`.

Cases with a component, and the designs of FITTED, are what is fitted to. The errors are those of
the designs of CHECKED.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from estimate_cases import DATA, DEVICES, NETWORKS, Case, checked, fitted
from estimate_errors import errors_of
from scipy.optimize import lsq_linear
from tables import Table, argument_parser, commit, write_tables

from nnhw.errors import ToolError
from nnhw.estimates import has_model
from nnhw.estimates.features import count_features
from nnhw.estimates.model import model_file
from nnhw.estimates.terms import Terms, count_terms
from nnhw.families import FAMILIES, Resource, Target, named_target
from nnhw.synth.family_synthesis import find_synthesis, target_script
from nnhw.synth.packing import pack
from nnhw.synth.synthesize import read_commands
from nnhw.synth.usage import count_usage
from nnhw.synth.yosys import WRITE_STATISTICS, read_cells, run_yosys


@dataclass(frozen=True)
class Measurement:
    """What a case takes when it is synthesized, and packed if it can be; and the terms of its
    estimate."""

    case: Case
    used: Mapping[Resource, int]
    terms: Terms
    seconds: float
    commit: str
    packed: bool


def _stored(family: str) -> dict[str, dict[str, Any]]:
    file = DATA / f"{family}.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {row["case"]: row for row in map(json.loads, lines)}


def measure(family: str) -> None:
    """Synthesize the cases of a family that are missing or have changed."""
    DATA.mkdir(exist_ok=True)
    known = _stored(family)
    target = named_target(DEVICES[family])
    assert target is not None
    for case in (*fitted(family), *checked(family)):
        if not NETWORKS[case.network][0].exists():
            continue
        found = case.verilog(DEVICES[family])
        script = target_script(target, "", pins=False)
        digest = sha256(repr((found, script)).encode()).hexdigest()
        if known.get(case.key, {}).get("verilog") == digest:
            continue
        try:
            cells = synthesize(target, *found) if found else {"cells": None}
        except ToolError:  # nextpnr 0.11 packs no memory of GateMate without a register beside it
            if not case.component:
                raise
            cells = {"cells": None}
        row = {"case": case.key, "commit": commit(), "verilog": digest, **cells}
        with (DATA / f"{family}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(family, case.title, case.component, row.get("seconds"), flush=True)


def synthesize(target: Target, top: str, text: str) -> dict[str, Any]:
    """Cells of the netlist of a module, sites that it takes when it is packed, and how long this
    took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.v").write_text(text, encoding="utf-8")
        script = [
            *read_commands([folder / "design.v"], top, folder),
            *target_script(target, top, pins=False),
            WRITE_STATISTICS,
            "write_json netlist.json",
        ]
        begin = time.perf_counter()
        run_yosys(script, log=folder / "yosys.log", cwd=folder)
        found = {"cells": read_cells(folder)}
        if target.can_place:
            sites = pack(folder / "netlist.json", target, out=folder, log=folder / "packing.log")
            counted = find_synthesis(target).sites
            found["sites"] = {kind: sites[kind] for kind in sorted(counted) if kind in sites}
        return {**found, "seconds": round(time.perf_counter() - begin, 1)}


def measurements(family: str, cases: tuple[Case, ...]) -> list[Measurement]:
    """Those of the cases that were synthesized."""
    target = named_target(DEVICES[family])
    assert target is not None
    known = _stored(family)
    fabric = FAMILIES[family].part("fabric").FABRIC
    found = []
    for case in cases:
        row = known.get(case.key)
        if row is None or row["cells"] is None:
            continue
        usage = count_usage(row["cells"], target, row.get("sites"))
        features = count_features(case.netlist(DEVICES[family]), fabric)
        found.append(
            Measurement(
                case=case,
                used={Resource(figures.resource): figures.used for figures in usage},
                terms=count_terms(features, family),
                seconds=row["seconds"],
                commit=row["commit"],
                packed="sites" in row,
            )
        )
    return found


_EXPECTED = {
    **{f"{kind} of {inputs}": 1.0 for kind in ("tables", "operands") for inputs in range(2, 7)},
    **dict.fromkeys(("adder bits", "comparison bits", "registers", "memory registers"), 1.0),
    **dict.fromkeys(("RAM bits", "shift registers", "lone flip-flops"), 1.0),
    "shifted": -1.0,
    "multiplier bits": 0.0,
    "cell chains": 4.0,  # two places at each end, by packing
}
"""What a coefficient should be if synthesis did what the features say; of others, zero."""
_RANGE = {
    "shifted": (-1.3, 0.0),
    "multiplier bits": (-2.5, 0.0),
    "products": (0.0, 150.0),
    **dict.fromkeys(("adders", "cell chains", "comparisons"), (0.0, 5.0)),
    "RAM bits": (0.0, 3.0),
    "blocks": (0.0, 150.0),
}
_USUAL_RANGE = (0.0, 2.0)
_PULL = 0.5
"""How strongly coefficients are drawn to what is expected, where few cases tell."""
_COMPONENT_WEIGHT = 0.05
"""Of a component, against a design's 1: by itself it is mapped for speed where a design is not.

Both numbers are those, of a handful, with which the estimates of four families' checked designs
were within 5% (median) and 10%; the other families had no say in it."""


def fit(rows: list[Measurement], part: str, resource: Resource) -> dict[str, float]:
    """Coefficients of least relative squares, within bounds."""
    names = sorted({name for row in rows for name in getattr(row.terms, part)})
    values = np.array([[getattr(row.terms, part).get(n, 0.0) for n in names] for row in rows])
    exact = np.array([float(row.terms.exact.get(resource, 0)) for row in rows])
    used = np.array([row.used.get(resource, 0) for row in rows], float)
    weights = np.array([_COMPONENT_WEIGHT if row.case.component else 1.0 for row in rows])
    weights /= np.maximum(100, used)
    expected = np.array([_EXPECTED.get(name, 0.0) for name in names])
    scaled = values * weights[:, None]
    pull = _PULL * np.sqrt((scaled**2).mean(0)) + 1e-9
    bounds = np.array([_RANGE.get(name, _USUAL_RANGE) for name in names]).T
    solution = lsq_linear(
        np.vstack([scaled, np.diag(pull)]),
        np.concatenate([(used - exact) * weights, pull * expected]),
        bounds,
    )
    return {name: round(float(x), 3) for name, x in zip(names, solution.x, strict=True)}


PARTS = (("luts", Resource.LUTS), ("flip_flops", Resource.FLIP_FLOPS))


def fit_family(family: str) -> dict[str, Any]:
    """A family's model: coefficients, and how far its estimates of the checked designs are off."""
    rows = measurements(family, fitted(family))
    model: dict[str, Any] = {}
    for part, resource in PARTS:
        model[part] = {k: v for k, v in fit(rows, part, resource).items() if v}
    checks = measurements(family, checked(family))
    model["errors"] = {
        resource.value: errors_of([_off(row, resource, model[part]) for row in checks])
        for part, resource in PARTS
    }
    return model


def estimate(row: Measurement, resource: Resource, coefficients: Mapping[str, float]) -> float:
    """Of LUTs or flip-flops."""
    parts = row.terms.luts if resource is Resource.LUTS else row.terms.flip_flops
    fitted_part = sum(coefficients.get(name, 0) * value for name, value in parts.items())
    return fitted_part + float(row.terms.exact.get(resource, 0))


def _off(row: Measurement, resource: Resource, coefficients: Mapping[str, float]) -> float:
    used = row.used[resource]
    return 100 * (estimate(row, resource, coefficients) - used) / used


def table(family: str) -> Table:
    """The residuals of a family."""
    model = json.loads(model_file(family).read_text(encoding="utf-8"))
    rows = measurements(family, checked(family))
    seconds = [row["seconds"] for row in _stored(family).values() if row["cells"]]
    errors = {
        resource: errors_of([_off(row, resource, model[part]) for row in rows])
        for part, resource in PARTS
    }
    shown = ", ".join(
        f"{resource.value}: median {error['median']}%, 90th percentile {error['percentile_90']}%"
        for resource, error in errors.items()
    )
    unpacked = sum(not row.packed for row in rows)
    shown += (
        f" of {len(rows)} designs{f', {unpacked} of which were not packed' if unpacked else ''}. "
        f"{len(seconds)} cases were synthesized in {sum(seconds) / 60:.0f} minutes, those of the "
        f"table at {', '.join(dict.fromkeys(row.commit for row in rows))}."
    )
    return Table(
        FAMILIES[family].targets[0].description.split(" ", 1)[0] + f", {family}",
        (
            "design",
            ">LUTs",
            ">estimate",
            ">",
            ">flip-flops",
            ">estimate",
            ">",
            ">DSPs",
            ">block RAMs",
        ),
        list(_lines(rows, model)),
        notes=shown,
    )


def _lines(rows: list[Measurement], model: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        cells: list[object] = [row.case.title]
        for part, resource in PARTS:
            figure = estimate(row, resource, model[part])
            off = _off(row, resource, model[part])
            cells += [f"{row.used[resource]:,}", f"{figure:,.0f}", f"{off:+.1f}%"]
        for resource in (Resource.DSPS, Resource.BLOCK_RAMS):
            used, figure = row.used.get(resource, 0), math.ceil(row.terms.exact.get(resource, 0))
            cells.append(str(used) if used == figure else f"{used} (estimate {figure})")
        yield tuple(cells)


NOTES = (
    "Designs that no coefficient was fitted to, as they take a device when Yosys has synthesized "
    "and, where that can be, nextpnr packed them, and as `nnhw.estimates` estimates them. Where an "
    "estimate of DSPs or block RAMs is not in the table, it is right."
)

if __name__ == "__main__":
    parser = argument_parser(__doc__.splitlines()[0], "estimates.md")
    parser.add_argument("--family", nargs="+", default=sorted(DEVICES), choices=sorted(DEVICES))
    parser.add_argument("--measure", action="store_true", help="synthesize cases that are missing")
    parser.add_argument("--fit", action="store_true", help="write the models of the families")
    arguments = parser.parse_args()
    for name in arguments.family:
        if arguments.measure:
            measure(name)
        if arguments.fit:
            file = model_file(name)
            before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
            text = json.dumps({**before, **fit_family(name)}, indent=2) + "\n"
            file.write_text(text, encoding="utf-8")
    write_tables(
        arguments.out,
        "Estimates before synthesis",
        (table(name) for name in arguments.family if has_model(name)),
        notes=NOTES,
        at="the commits that each table names",
    )
