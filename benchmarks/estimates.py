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
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import lsq_linear
from tables import EXAMPLES, MODELS, Table, argument_parser, write_tables

from nnhw.errors import ToolError
from nnhw.estimates import has_model
from nnhw.estimates.features import count_features
from nnhw.estimates.model import Clock, Error, model_file
from nnhw.estimates.terms import Terms, count_terms
from nnhw.export.verilog import (
    Hierarchy,
    component_netlist,
    component_verilog,
    design_netlist,
    generate_verilog,
)
from nnhw.families import FAMILIES, Resource, Target, named_target
from nnhw.hdl import COMPONENTS, engine_component
from nnhw.ir import Graph
from nnhw.options import BuildOptions
from nnhw.pipeline import build
from nnhw.placement import Placement, place
from nnhw.synth.family_synthesis import find_synthesis, target_script
from nnhw.synth.packing import pack
from nnhw.synth.synthesize import read_commands
from nnhw.synth.usage import count_usage
from nnhw.synth.yosys import WRITE_STATISTICS, read_cells, run_yosys

DATA = Path(__file__).parent / "estimates"
DEVICES = {
    "ecp5": "ecp5-85k",
    "gatemate": "gatemate-a1",
    "gowin": "gowin-gw2a18",
    "ice40": "ice40up5k",
    "nexus": "lifcl40",
    "xilinx7": "xc7a100t",
}
"""The device that a family's cases are synthesized for: LUTs and flip-flops of others are alike."""

NETWORKS = {
    **{
        name: (EXAMPLES / f"{name}.onnx", EXAMPLES / "digits.npz")
        for name in ("digits_mlp", "digits_cnn", "digits_resnet")
    },
    "mnist_cnn_zoo": (MODELS / "mnist_cnn_zoo.onnx", MODELS / "mnist_data.npz"),
    **{name: (MODELS / f"{name}_int8.onnx", None) for name in ("dscnn", "resnet8", "autoencoder")},
}
_OF_QUANTIZATION = ("weight_bits", "act_bits", "power_of_two")


@dataclass(frozen=True)
class Case:
    """A design, or a component of one.

    Parameters
    ----------
    options
        Of the build; those of `portable` have no target.
    component
        One of `COMPONENTS`; "" for the whole design.
    """

    network: str
    options: Mapping[str, Any] = field(default_factory=dict)
    portable: bool = False
    component: str = ""

    @property
    def key(self) -> str:
        """What tells it from others."""
        return json.dumps([self.network, self.options, self.portable, self.component])

    @property
    def title(self) -> str:
        """Network and options in few words."""
        options = [f"{name} {value}" for name, value in self.options.items()]
        return ", ".join([self.network, *options, *(["portable"] if self.portable else [])])

    def place(self, family: str) -> Placement:
        """On the family's device."""
        target = {} if self.portable else {"target": DEVICES[family]}
        quantization = {k: v for k, v in self.options.items() if k in _OF_QUANTIZATION}
        graph = _graph(self.network, json.dumps(quantization))
        return place(graph, BuildOptions(**self.options, **target))

    def verilog(self, family: str) -> tuple[str, str] | None:
        """Name of the top module and text; None if the engine has no such component."""
        placement = self.place(family)
        program = placement.program
        if not self.component:
            return program.name, generate_verilog(program, shell=placement.shell)
        component = engine_component(program.machine, program.image, self.component)
        return component and (self.component, component_verilog(component, self.component))

    def netlist(self, family: str) -> Hierarchy:
        """The same before it is Verilog."""
        placement = self.place(family)
        program = placement.program
        if not self.component:
            return design_netlist(program, shell=placement.shell)
        component = engine_component(program.machine, program.image, self.component)
        assert component is not None
        return component_netlist(component, self.component)


@cache
def _graph(network: str, quantization: str) -> Graph:
    model, data = NETWORKS[network]
    return build(model, data=data, stop="trim", **json.loads(quantization)).state.graph


FITTED = (
    Case("digits_mlp", {"macs": 8}),
    Case("digits_cnn", {"macs": 8}),
    Case("digits_cnn", {"macs": 32, "act_bits": 6}),
    Case("digits_resnet", {"macs": 16}),
    Case("mnist_cnn_zoo", {"macs": 8}),
    Case("digits_cnn", {"macs": 8}, portable=True),
    Case("digits_mlp", {"macs": 32, "weight_bits": 4}),
    Case("dscnn", {"macs": 8}),
)
CHECKED = (
    Case("digits_mlp", {"macs": 4}),
    Case("digits_mlp", {"macs": 16}),
    Case("digits_cnn", {"macs": 4}),
    Case("digits_cnn", {"macs": 16}),
    Case("digits_cnn", {"macs": 16, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 16}, portable=True),
    Case("digits_resnet", {"macs": 8}),
    Case("mnist_cnn_zoo", {"macs": 16}),
    Case("digits_mlp", {"macs": 8, "power_of_two": True}),
    Case("digits_mlp", {"macs": 16}, portable=True),
    Case("digits_cnn", {"rows": 2, "cols": 8, "keep": True, "tag_bits": 4}),
    Case("digits_resnet", {"macs": 32}),
    Case("dscnn", {"macs": 16}),
    Case("resnet8", {"macs": 32}),
    Case("autoencoder", {"macs": 16}),
)
FITTED_SMALL = (
    Case("digits_mlp", {"macs": 1}),
    Case("digits_mlp", {"macs": 2, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 1}),
    Case("digits_cnn", {"macs": 2, "weight_bits": 4}),
    Case("digits_resnet", {"macs": 2, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 4}, portable=True),
    Case("digits_mlp", {"macs": 2}, portable=True),
    Case("digits_resnet", {"macs": 4}, portable=True),
)
CHECKED_SMALL = (
    Case("digits_mlp", {"macs": 2}),
    Case("digits_mlp", {"macs": 4}),
    Case("digits_mlp", {"macs": 4, "weight_bits": 4}),
    Case("digits_mlp", {"macs": 4, "power_of_two": True}),
    Case("digits_cnn", {"macs": 2}),
    Case("digits_cnn", {"macs": 4, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 4, "weight_bits": 6, "act_bits": 6}),
    Case("digits_cnn", {"rows": 1, "cols": 4, "keep": True, "tag_bits": 4}),
    Case("digits_mlp", {"macs": 4}, portable=True),
    Case("digits_mlp", {"macs": 8}, portable=True),
    Case("digits_cnn", {"macs": 8}, portable=True),
    Case("digits_resnet", {"macs": 4, "weight_bits": 4}),
    Case("digits_resnet", {"macs": 8}, portable=True),
    Case("mnist_cnn_zoo", {"macs": 4}, portable=True),
)
"""For the family whose only device has 30 block RAMs of 4 kbit."""
SMALL = "ice40"


def fitted(family: str) -> tuple[Case, ...]:
    """What a family's coefficients are fitted to: designs, and the components of two of them."""
    designs = FITTED_SMALL if family == SMALL else FITTED
    parts = designs[3:4] if family == SMALL else designs[1:2]
    return (
        *designs,
        *(
            Case(design.network, design.options, design.portable, name)
            for design in parts
            for name in COMPONENTS
        ),
    )


def checked(family: str) -> tuple[Case, ...]:
    """What a family's estimates are checked on."""
    return CHECKED_SMALL if family == SMALL else CHECKED


@dataclass(frozen=True)
class Measurement:
    """What a case takes when it is synthesized, and the terms of its estimate."""

    case: Case
    used: Mapping[Resource, int]
    terms: Terms
    seconds: float


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
        found = case.verilog(family)
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
        row = {"case": case.key, "verilog": digest, **cells}
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
        features = count_features(case.netlist(family), fabric)
        found.append(
            Measurement(
                case=case,
                used={Resource(figures.resource): figures.used for figures in usage},
                terms=count_terms(features, family),
                seconds=row["seconds"],
            )
        )
    return found


_EXPECTED = {
    **{f"{kind} of {inputs}": 1.0 for kind in ("tables", "operands") for inputs in range(2, 7)},
    **dict.fromkeys(("adder bits", "comparison bits", "registers", "memory registers"), 1.0),
    **dict.fromkeys(("RAM bits", "shift registers", "lone flip-flops"), 1.0),
    "shifted": -1.0,
    "multiplier bits": 0.0,
}
"""What a coefficient should be if synthesis did what the features say; of others, zero."""
_RANGE = {
    "shifted": (-1.3, 0.0),
    "multiplier bits": (-2.5, 0.0),
    "products": (0.0, 150.0),
    **dict.fromkeys(("adders", "comparisons"), (0.0, 5.0)),  # ends of carry chains
    "RAM bits": (0.0, 3.0),
    "blocks": (0.0, 150.0),
}
_USUAL_RANGE = (0.0, 2.0)
_PULL = 0.5
"""How strongly coefficients are drawn to what is expected, where few cases tell."""
_COMPONENT_WEIGHT = 0.1
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
        resource.value: _errors([_off(row, resource, model[part]) for row in checks])
        for part, resource in PARTS
    }
    if placed := [row for row in _placed() if row["family"] == family]:
        by_size = depends_on_size(placed)
        period, kilo_lut = fit_clock(placed, by_size=by_size)
        error = _errors([off for _, off in clock_residuals(placed, by_size=by_size)])
        model["clock"] = {"period_ns": period, "kilo_lut_ns": kilo_lut, "error": error}
    return model


def _placed() -> list[dict[str, Any]]:
    """Designs that were placed and routed: those of results/synthesis.md."""
    return list(map(json.loads, (DATA / "placed.jsonl").read_text(encoding="utf-8").splitlines()))


_LEAST_PLACED = 4
"""Designs from which on it can be told whether the clock depends on their size."""


def depends_on_size(rows: list[dict[str, Any]]) -> bool:
    """Whether each design's clock is estimated better by the others if their sizes count."""
    if len(rows) < _LEAST_PLACED:
        return False
    by_size, without = (
        np.median([abs(off) for _, off in clock_residuals(rows, by_size=by_size)])
        for by_size in (True, False)
    )
    return bool(by_size < without)


def fit_clock(rows: list[dict[str, Any]], *, by_size: bool) -> tuple[float, float]:
    """Period without logic, and what a thousand LUTs add, in ns, of least relative squares."""
    periods = np.array([1000 / row["mhz"] for row in rows])
    sizes = np.array([row["luts"] / 1000 for row in rows]) * by_size
    terms = np.stack([np.ones(len(rows)), sizes], 1) / periods[:, None]
    found = lsq_linear(terms, np.ones(len(rows)), (0, np.inf)).x
    return round(float(found[0]), 3), round(float(found[1]) * by_size, 4)


def clock_residuals(rows: list[dict[str, Any]], *, by_size: bool) -> Iterator[tuple[float, float]]:
    """Estimate of each placed design's clock from the others, and how many percent it is off."""
    for row in rows:
        others = [other for other in rows if other is not row]
        period, kilo_lut = fit_clock(others, by_size=by_size)
        mhz = Clock(period_ns=period, kilo_lut_ns=kilo_lut, error=_NO_ERROR).mhz(row["luts"])
        yield mhz, 100 * (mhz - row["mhz"]) / row["mhz"]


_NO_ERROR = Error(median=0, percentile_90=0, designs=0)


def clock_table() -> Table:
    """Leave-one-out residuals of all families' clocks."""
    lines = []
    for family in sorted({row["family"] for row in _placed()}):
        rows = [row for row in _placed() if row["family"] == family]
        residuals = clock_residuals(rows, by_size=depends_on_size(rows))
        for row, (mhz, off) in zip(rows, residuals, strict=True):
            lines.append((family, row["design"], row["mhz"], f"{mhz:.1f}", f"{off:+.1f}%"))
    return Table(
        "Clock",
        ("family", "design", ">MHz placed", ">estimate", ">"),
        lines,
        notes="Each design's clock as the others of its family let expect it: by their sizes "
        "where that is closer than the same for all. Of two families two are known, so that the "
        "estimate is but the other's clock: an order of magnitude.",
    )


def estimate(row: Measurement, resource: Resource, coefficients: Mapping[str, float]) -> float:
    """Of LUTs or flip-flops."""
    parts = row.terms.luts if resource is Resource.LUTS else row.terms.flip_flops
    fitted_part = sum(coefficients.get(name, 0) * value for name, value in parts.items())
    return fitted_part + float(row.terms.exact.get(resource, 0))


def _off(row: Measurement, resource: Resource, coefficients: Mapping[str, float]) -> float:
    used = row.used[resource]
    return 100 * (estimate(row, resource, coefficients) - used) / used


def _errors(off: list[float]) -> dict[str, Any]:
    return {
        "median": round(float(np.median(np.abs(off))), 1),
        "percentile_90": round(float(np.percentile(np.abs(off), 90)), 1),
        "designs": len(off),
    }


def table(family: str) -> Table:
    """The residuals of a family."""
    model = json.loads(model_file(family).read_text(encoding="utf-8"))
    rows = measurements(family, checked(family))
    seconds = [row["seconds"] for row in _stored(family).values() if row["cells"]]
    errors = {
        resource: _errors([_off(row, resource, model[part]) for row in rows])
        for part, resource in PARTS
    }
    shown = (
        ", ".join(
            f"{resource.value}: median {error['median']}%, 90th percentile "
            f"{error['percentile_90']}%"
            for resource, error in errors.items()
        )
        + f" of {len(rows)} designs. {len(seconds)} cases were synthesized in "
        f"{sum(seconds) / 60:.0f} minutes."
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
    "Designs that no coefficient was fitted to, as Yosys synthesizes them and as `nnhw.estimates` "
    "estimates them. Where an estimate of DSPs or block RAMs is not in the table, it is right."
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
            text = json.dumps(fit_family(name), indent=2) + "\n"
            model_file(name).write_text(text, encoding="utf-8")
    write_tables(
        arguments.out,
        "Estimates before synthesis",
        (*(table(name) for name in arguments.family if has_model(name)), clock_table()),
        notes=NOTES,
    )
