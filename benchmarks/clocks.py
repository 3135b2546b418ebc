"""Places and routes designs, to which estimates of the clock are fitted.

    python benchmarks/clocks.py [--place] [--fit] [--family NAME ...] [--only NETWORK ...]
                                [--seeds N]

benchmarks/estimates/placed.jsonl has a line for each design; of several, the last one counts. With
--place, designs are placed by the defaults of `nnhw synth --pnr` that are missing, or whose Verilog
is another one by now, one after the other: a minute or two each. What is stopped goes on where it
was, and further seeds are added to those that are there. The designs of benchmarks/synthesis.py,
larger ones among them, count as that script placed them. With --fit, the clocks in the families'
models are made anew. Needs the extra `synth`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from estimate_cases import DATA, NETWORKS, Case
from estimate_errors import errors_of
from scipy.optimize import lsq_linear
from synthesis import CASES as SYNTHESIZED
from synthesis import stored as synthesized
from tables import ROOT, Table, argument_parser, commit, write_tables

from nnhw.estimates.features import count_features
from nnhw.estimates.model import Clock, Error, load_model, model_file
from nnhw.estimates.terms import count_terms
from nnhw.families import FAMILIES, Resource, named_target
from nnhw.pipeline import build
from nnhw.synth import SynthesisOptions, SynthesisResult, run_synthesis

FILE = DATA / "placed.jsonl"
DESIGNS = ROOT / "rtl_out" / "clocks"
COLUMNS = (
    *("design", "device", "array", ">LUTs", ">MHz placed", ">seeds", ">estimate", ">", "commit"),
)


@dataclass(frozen=True)
class PlacedCase:
    """A design, and the device that it is placed on."""

    case: Case
    device: str

    @property
    def family(self) -> str:
        """Of the device."""
        target = named_target(self.device)
        assert target is not None
        return target.family

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return (self.case.key, self.device)

    @property
    def folder(self) -> Path:
        """Where its design is."""
        return DESIGNS / sha256(repr(self.key).encode()).hexdigest()[:12]


def _on(device: str, *cases: Case) -> tuple[PlacedCase, ...]:
    return tuple(PlacedCase(case, device) for case in cases)


_SMALL = (
    Case("digits_mlp", {"macs": 4}),
    Case("digits_cnn", {"macs": 4}),
    Case("digits_mlp", {"macs": 4, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 4, "weight_bits": 4}),
    Case("digits_mlp", {"macs": 4}, portable=True),
    Case("digits_cnn", {"macs": 4}, portable=True),
    Case("digits_resnet", {"macs": 4, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 2}),
    Case("digits_mlp", {"macs": 2}),
    Case("digits_mlp", {"macs": 4, "power_of_two": True}),
    Case("digits_cnn", {"macs": 4, "weight_bits": 6, "act_bits": 6}),
    Case("digits_mlp", {"macs": 2}, portable=True),
)
CASES = (
    *_on(
        "ecp5-25k",
        Case("digits_mlp", {"macs": 16}),
        Case("digits_cnn", {"macs": 4}),
        Case("digits_cnn", {"macs": 16}, portable=True),
        Case("digits_resnet", {"macs": 8}),
        Case("digits_cnn", {"macs": 16, "weight_bits": 4}),
        Case("digits_mlp", {"macs": 4}),
        Case("digits_cnn", {"macs": 32, "weight_bits": 4}),
        Case("digits_mlp", {"macs": 32, "weight_bits": 4}),
        Case("digits_resnet", {"macs": 16, "weight_bits": 4}),
        Case("digits_mlp", {"macs": 16}, portable=True),
        Case("digits_mlp", {"macs": 8, "power_of_two": True}),
        Case("dscnn", {"macs": 16}),
    ),
    *_on("ecp5-45k", Case("digits_resnet", {"macs": 32}), Case("digits_cnn", {"macs": 48})),
    *_on("ecp5-85k", Case("resnet8", {"macs": 256})),
    *_on("gowin-gw1nr9", *_SMALL, Case("digits_cnn", {"macs": 2}, portable=True)),
    *_on("ice40up5k", *_SMALL[2:]),
)


def stored() -> dict[tuple[str, str], dict[str, Any]]:
    """The designs that were placed, by case and device."""
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    return {(row["case"], row["device"]): row for row in map(json.loads, lines)}


def place_cases(families: Sequence[str], networks: Sequence[str], seeds: int) -> None:
    """Place what is missing or has changed."""
    known = stored()
    for placed in CASES:
        case, row = placed.case, known.get(placed.key, {})
        is_meant = placed.family in families and (not networks or case.network in networks)
        if not is_meant or not NETWORKS[case.network][0].exists():
            continue
        digest = sha256(repr(case.verilog(placed.device)).encode()).hexdigest()
        if row.get("verilog") == digest and len(row["seeds"]) >= seeds:
            continue
        row = place_case(placed, seeds) | {"verilog": digest}
        with FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(placed.device, case.title, row["mhz"], row["seconds"], flush=True)


def place_case(placed: PlacedCase, seeds: int) -> dict[str, Any]:
    """Build, synthesize, place and route a design."""
    case, device = placed.case, placed.device
    model, data = NETWORKS[case.network]
    begin = time.perf_counter()
    options = {**case.build_options(device), "sim": False}
    result = build(model, data=data, out=placed.folder, force=True, **options)
    wanted = SynthesisOptions(target=device, place=True, seeds=seeds)
    found = run_synthesis(placed.folder, wanted)
    assert isinstance(found, SynthesisResult)
    speed = found.speed
    assert speed, f"{case.title} does not fit {device}"
    return {
        "family": placed.family,
        "case": case.key,
        "device": device,
        "commit": commit(),
        "array": f"{result.report.rows} x {result.report.cols}",
        "used": {usage.resource: usage.used for usage in found.usage},
        "mhz": speed.fmax_mhz,
        "seeds": speed.seeds,
        "path": speed.path.signals if speed.path else (),
        "seconds": round(time.perf_counter() - begin, 1),
    }


def placed_designs(family: str) -> list[dict[str, Any]]:
    """Those of a family that were placed, here or by benchmarks/synthesis.py."""
    found = stored()
    here = [found[placed.key] for placed in CASES if placed.key in found]
    return [row for row in (*here, *_synthesized()) if row["family"] == family]


def _synthesized() -> Iterator[dict[str, Any]]:
    """The designs of benchmarks/synthesis.py that were placed, as lines of `FILE` are."""
    found = synthesized()
    for case in SYNTHESIZED:
        cells = found.get(case.name)
        target = named_target(case.target)
        assert target is not None
        if cells and cells[">fmax MHz"]:
            yield {
                "family": target.family,
                "case": Case(case.model.stem, case.options).key,
                "device": case.target,
                "commit": cells["commit"],
                "array": cells["array"],
                "used": {Resource.LUTS: int(cells[">LUTs"].split()[0].replace(",", ""))},
                "mhz": float(cells[">fmax MHz"]),
                "seeds": range(1, cells[">seeds"] + 1),
            }


def fit_clock(family: str) -> None:
    """Write the clock of a family's model."""
    rows = placed_designs(family)
    errors = errors_of([off for _, off in residuals(rows)])
    file = model_file(family)
    model = json.loads(file.read_text(encoding="utf-8"))
    model["clock"] = {**_coefficients(rows), "error": errors}
    file.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    print(family, model["clock"])


def _coefficients(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Those of least relative squares, none below 0: of logic by the designs without products that
    are left to synthesis, of these by the others."""
    logic, products = [], []
    for row in rows:
        sums = _product_sums(row)
        if sums is None:
            logic.append((row["mhz"], _luts(row) / 1000))
        else:
            products.append((row["mhz"], sums))
    period, kilo_lut = _line(logic)
    product, each_sum = _line(products)
    return {
        "period_ns": period,
        "kilo_lut_ns": kilo_lut,
        "product_ns": product,
        "sum_ns": each_sum,
    }


def _line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Period without, and for each one of what makes clocks slow."""
    mhz, amounts = np.array(points).T
    terms = np.stack([np.ones(len(mhz)), amounts], axis=1)
    found = lsq_linear(terms * mhz[:, None] / 1000, np.ones(len(mhz)), (0, np.inf)).x
    return round(float(found[0]), 4), round(float(found[1]), 4)


def residuals(rows: list[dict[str, Any]]) -> Iterator[tuple[float, float]]:
    """Estimate of each design's clock by the others, and how many percent it is off."""
    for row in rows:
        others = [other for other in rows if other is not row]
        clock = Clock(**_coefficients(others), error=_NO_ERROR)
        mhz = clock.mhz(_luts(row), _product_sums(row))
        yield mhz, 100 * (mhz - row["mhz"]) / row["mhz"]


_NO_ERROR = Error(median=0, percentile_90=0, designs=0)


def _luts(row: dict[str, Any]) -> float:
    return float(row["used"][Resource.LUTS])


def _product_sums(row: dict[str, Any]) -> int | None:
    return _count_product_sums(row["case"], row["device"], row["family"])


@cache
def _count_product_sums(case: str, device: str, family: str) -> int | None:
    built = Case(*json.loads(case))
    if not built.portable:
        return None
    features = count_features(built.netlist(device), FAMILIES[family].part("fabric").FABRIC)
    return count_terms(features, family).product_sums


def rows(family: str) -> Iterator[tuple[object, ...]]:
    """Residuals of the clocks of a family."""
    found = placed_designs(family)
    for row, (mhz, off) in zip(found, residuals(found), strict=True):
        yield (
            *(Case(*json.loads(row["case"])).title, row["device"], row["array"]),
            *(f"{_luts(row):,.0f}", f"{row['mhz']:.1f}", len(row["seeds"])),
            *(f"{mhz:.1f}", f"{off:+.1f}%", row["commit"]),
        )


def table(family: str) -> Table:
    """The residuals of a family."""
    clock = load_model(family).clock
    assert clock is not None
    return Table(
        family,
        COLUMNS,
        rows(family),
        notes=f"Median {clock.error.median}%, 90th percentile {clock.error.percentile_90}% of "
        f"{clock.error.designs} designs. Fitted to all of them, the period is "
        f"{clock.period_ns:.2f} ns and {clock.kilo_lut_ns:.3f} ns for each thousand LUTs; with "
        f"products that are left to synthesis at least {clock.product_ns:.2f} ns, and "
        f"{clock.sum_ns:.2f} ns for each sum of parts of one.",
    )


if __name__ == "__main__":
    families = sorted({case.family for case in CASES})
    parser = argument_parser(__doc__.splitlines()[0], "clocks.md")
    parser.add_argument("--place", action="store_true", help="place what is missing")
    parser.add_argument("--fit", action="store_true", help="write the clocks of the models")
    parser.add_argument("--family", nargs="+", default=families, choices=families)
    parser.add_argument("--only", nargs="+", default=(), metavar="NETWORK", help="else all")
    parser.add_argument("--seeds", type=int, default=1, help="placements, whose median counts")
    arguments = parser.parse_args()
    if arguments.place:
        place_cases(arguments.family, arguments.only, arguments.seeds)
    if arguments.fit:
        for name in arguments.family:
            fit_clock(name)
    write_tables(
        arguments.out,
        "Clocks before place and route",
        map(table, arguments.family),
        notes="Clocks of designs that were placed and routed by the defaults, of several seeds "
        "the median, and as each is estimated by the others of its family alone.",
        at="the commits that the rows name",
    )
