"""The figures of an exported design that are worth comparing with those of another."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ..design import read_design
from ..synth import AsicResult, SynthesisResult, load_results
from .saved import read_report

Value = int | float | str | None
Better = Literal["less", "more", ""]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure.

    Parameters
    ----------
    value
        None where a design has no such figure.
    unit
        "%", "dB", "bits" of a memory, ... or "" for plain numbers and texts.
    better
        Whether less or more of it is better; "" where neither is.
    """

    value: Value
    unit: str = ""
    better: Better = ""


Measures = dict[str, Measure]


@dataclass(frozen=True, kw_only=True)
class DesignFigures:
    """All figures of a design by section and name, and those of each layer by its name."""

    folder: str
    sections: Mapping[str, Measures]
    layers: Mapping[str, Measures]


def read_figures(folder: Path) -> DesignFigures:
    """The figures of an exported design: from its report, and from the results of `nnhw synth`.

    Raises
    ------
    ExportError
        If the folder holds no design that is whole, or no report of this version of nnhw.
    ToolError
        If a result of synthesis is damaged.
    """
    design = read_design(folder)
    report = read_report(design.folder)
    sections = {name: measures(report) for name, measures in _SECTIONS.items()}
    for result in load_results(design.folder):
        sections[f"on {result.target}"] = _on_target(result)
    sections["verification"]["edited Verilog"] = Measure(value=", ".join(design.edited) or None)
    return DesignFigures(
        folder=str(folder),
        sections=sections,
        layers={layer["name"]: _layer(layer) for layer in report["layers"]},
    )


def _made_from(report: Mapping[str, Any]) -> Measures:
    source = report["source"]
    texts = {"nnhw": report["nnhw_version"]}
    texts |= {key: source[key] for key in ("model", "model_sha256", "data", "data_sha256")}
    return {
        **{name: Measure(value=value) for name, value in texts.items()},
        "MACs": Measure(value=report["macs"], better="less"),
        "weights": Measure(value=report["weights"], better="less"),
    }


def _options(report: Mapping[str, Any]) -> Measures:
    return {name: Measure(value=_plain(v)) for name, v in report["source"]["options"].items()}


def _accuracy(report: Mapping[str, Any]) -> Measures:
    accuracy = report["accuracy"] or {}
    ratios = {"signal to quantization noise": accuracy.get("sqnr_db")}
    ratios |= {f"the same of {key}": v for key, v in accuracy.get("further_sqnr_db", {}).items()}
    return {
        "samples": Measure(value=accuracy.get("samples")),
        "float top-1": Measure(value=accuracy.get("float_top1"), unit="%", better="more"),
        "integer top-1": Measure(value=accuracy.get("integer_top1"), unit="%", better="more"),
        "same answer as float": Measure(value=accuracy.get("agreement"), unit="%", better="more"),
        **{name: Measure(value=v, unit="dB", better="more") for name, v in ratios.items()},
    }


def _speed(report: Mapping[str, Any]) -> Measures:
    mhz = report["source"]["options"]["clock_mhz"]
    latency, interval = report["latency_cycles"], report["interval_cycles"]
    return {
        "latency": Measure(value=latency, unit="cycles", better="less"),
        "interval": Measure(value=interval, unit="cycles", better="less"),
        "at the clock": Measure(value=mhz, unit="MHz"),
        "latency in time": Measure(value=latency / mhz, unit="µs", better="less"),
        "frames a second": Measure(value=mhz * 1e6 / interval, better="more"),
        "utilisation": Measure(value=report["utilisation"], unit="%", better="more"),
    }


def _engine(report: Mapping[str, Any]) -> Measures:
    return {
        "multipliers": Measure(value=report["mac_units"], better="less"),
        **{name: Measure(value=_plain(value)) for name, value in report["engine"].items()},
    }


def _memories(report: Mapping[str, Any]) -> Measures:
    return {
        name.replace("_", " "): Measure(value=size, unit="bits", better="less")
        for name, size in report["memory_bits"].items()
    }


def _hardware(report: Mapping[str, Any]) -> Measures:
    return {fit["name"]: Measure(value=fit["kept"]) for fit in report["fits"]}


def _costs(report: Mapping[str, Any]) -> Measures:
    whole = (report.get("costs") or {"whole": {}})["whole"]
    return {name.replace("_", " "): Measure(value=n, better="less") for name, n in whole.items()}


def _verification(report: Mapping[str, Any]) -> Measures:
    result = report["verification"]
    verdict = "not simulated" if result is None else "PASS" if result["passed"] else "FAIL"
    kinds = ", ".join(warning["kind"] for warning in report["warnings"])
    return {"simulation": Measure(value=verdict), "warnings": Measure(value=kinds or None)}


_SECTIONS: dict[str, Callable[[Mapping[str, Any]], Measures]] = {
    "made from": _made_from,
    "options": _options,
    "accuracy": _accuracy,
    "speed": _speed,
    "engine": _engine,
    "memories": _memories,
    "fitted to the network": _hardware,
    "cells": _costs,
    "verification": _verification,
}


def _layer(layer: Mapping[str, Any]) -> Measures:
    waiting = layer["fence_wait"] + layer["drain_wait"] + layer["stream_wait"]
    return {
        "operator": Measure(value=layer["operator"]),
        "result": Measure(value="x".join(map(str, layer["shape"]))),
        "weights": Measure(value=layer["weight_bits"], unit="bits", better="less"),
        "cycles": Measure(value=layer["cycles"], unit="cycles", better="less"),
        "waiting": Measure(value=waiting, unit="cycles", better="less"),
        "SQNR": Measure(value=layer["sqnr_db"], unit="dB", better="more"),
    }


def _on_target(result: SynthesisResult | AsicResult) -> Measures:
    if isinstance(result, AsicResult):
        area, speed = result.area, result.speed
        energy = None if result.power is None else result.power.inference_nj
        return {
            "area": Measure(value=area.square_mm, unit="mm²", better="less"),
            "flip-flops": Measure(value=area.flip_flops, better="less"),
            "clock": Measure(value=speed.fmax_mhz, unit="MHz", better="more"),
            "latency": Measure(value=speed.latency_us, unit="µs", better="less"),
            "energy an inference": Measure(value=energy, unit="nJ", better="less"),
        }
    used = {use.resource: Measure(value=use.used, better="less") for use in result.usage}
    placed = asdict(result.speed) if result.speed else {}
    return {
        **used,
        "clock": Measure(value=placed.get("fmax_mhz"), unit="MHz", better="more"),
        "latency": Measure(value=placed.get("latency_us"), unit="µs", better="less"),
    }


def _plain(value: Any) -> Value:
    """A number or text; of anything else what JSON writes."""
    if value is None or (isinstance(value, int | float | str) and not isinstance(value, bool)):
        return value
    return json.dumps(value, ensure_ascii=False)
