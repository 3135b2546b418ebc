"""Figures as people read them, the same in every renderer."""

from __future__ import annotations

from collections.abc import Sequence

from ..estimates import Estimate, Figure
from ..families import DeviceUse
from .changed_roundings import ChangedRoundings
from .structure import Accuracy, BuildReport, Equalization, Reference, TableReport
from .wide_weights import WideWeights

FEW_SAMPLES = 50
"""Fewer calibration samples leave the tails of activations to chance."""


def percent(value: float | None) -> str:
    """A share such as "98.75%"."""
    return "-" if value is None else f"{value:.2f}%"


def decibels(value: float | None) -> str:
    """A ratio such as "35.1 dB"."""
    return "-" if value is None else f"{value:.1f} dB"


def number(value: float | None) -> str:
    """A figure such as "0.01253"."""
    return "-" if value is None else f"{value:.4g}"


def counted(count: int, thing: str) -> str:
    """A number of things such as "1 cycle" or "1,200 cycles"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def shape(dimensions: tuple[int, int, int]) -> str:
    """(height, width, channels) such as "8x8x16"."""
    return "x".join(str(n) for n in dimensions)


def bits(count: int) -> str:
    """An amount of memory in bits, such as "4.5 KiB"; less than one is in bytes, rounded up."""
    size = -(-count // 8)
    if size < 1024:
        return f"{size} B"
    if size < 1024**2:
        return f"{size / 1024:.1f} KiB"
    return f"{size / 1024**2:,.1f} MiB"


def duration(microseconds: float) -> str:
    """A time such as "12.5 µs" or "1.4 ms"."""
    if microseconds < 1000:
        return f"{microseconds:.1f} µs"
    if microseconds < 1e6:
        return f"{microseconds / 1e3:.1f} ms"
    return f"{microseconds / 1e6:,.1f} s"


def utilisation(value: float) -> str:
    """A share of the array's multipliers such as "86.7%"."""
    return f"{value:.1f}%"


def shorten(name: str, limit: int = 30) -> str:
    """`name`, or its end if it is longer than `limit` characters: the end tells layers apart."""
    return name if len(name) <= limit else "…" + name[1 - limit :]


MORE_THAN_ALL = "More than 100%: multiplications with padding count, but the array leaves them out"
"""What to say where a utilisation is higher than seems possible."""


def exceeds_all(report: BuildReport) -> bool:
    """Whether some utilisation of the report needs `MORE_THAN_ALL`."""
    shares = [report.utilisation, *(layer.utilisation for layer in report.layers)]
    return max(shares) > 100


def speed(report: BuildReport) -> str:
    """Latency and frame rate at the build's clock: cycles alone say little to most people."""
    mhz = report.source.options["clock_mhz"]
    latency = duration(report.latency_cycles / mhz)
    return f"{latency} a frame, {frame_rate(report):,.0f} frames a second at {mhz:g} MHz"


def frame_rate(report: BuildReport) -> float:
    """Frames a second at the build's clock."""
    return report.source.options["clock_mhz"] * 1e6 / report.interval_cycles


def device_rows(use: DeviceUse) -> list[tuple[str, str]]:
    """Shares of the device that a design was built for, as (name, figure)."""
    about = "about " if use.block_rams_expected else ""
    added = f" and {use.added_products} products by adding" if use.added_products else ""
    shares = (
        f"{_share(use.multipliers, use.multipliers_available)} multipliers{added}, "
        f"{about}{_share(use.block_rams, use.block_rams_available)} block RAMs"
    )
    return [("device", f"{use.target}: {shares}")]


def _share(used: float, available: int) -> str:
    percent = f" ({100 * used / available:.0f}%)" if available else ""
    return f"{used:g} of {available}{percent}"


def estimate_rows(report: BuildReport) -> list[tuple[str, str]]:
    """What a design will take of devices, as (name, figure).

    Multipliers and memory blocks of the device that it is for stand in `device_rows`.
    """
    return [("estimated", estimate_line(estimate, report.device)) for estimate in report.estimates]


def estimate_line(estimate: Estimate, device: DeviceUse | None) -> str:
    """The figures of one device, each with its error."""
    known = ("DSPs", "block RAMs") if device is not None else ()
    parts = [
        _figure(figure)
        for figure in estimate.figures
        if figure.used and figure.resource not in known
    ]
    if estimate.clock_mhz is not None:
        parts.append(f"{estimate.clock_mhz:.0f} MHz ±{estimate.clock_error_percent:.0f}%")
    return f"{estimate.target}: {', '.join(parts)}"


def _figure(figure: Figure) -> str:
    """Such as "2,350 LUTs ±3% (10%)": error, and share of the device."""
    line = f"{figure.used:,} {figure.resource}"
    if figure.error_percent is not None:
        line += f" ±{max(1, round(figure.error_percent))}%"
    if figure.available:
        line += f" ({100 * figure.used / figure.available:.0f}%)"
    return line


def goal_rows(report: BuildReport) -> list[tuple[str, str]]:
    """The speed that was asked for, and how far it is exceeded, as (name, figure)."""
    options = report.source.options
    rows = []
    if (fps := options.get("fps")) is not None:
        margin = 100 * (frame_rate(report) / fps - 1)
        rows.append(("goal", f"{fps:,.10g} frames a second, exceeded by {margin:.1f}%"))
    if (limit := options.get("latency_us")) is not None:
        left = 100 * (1 - report.latency_cycles / options["clock_mhz"] / limit)
        rows.append(("goal", f"latency of {duration(limit)}, {left:.1f}% of it left"))
    return rows


def summary_rows(report: BuildReport) -> list[tuple[str, str]]:
    """The report's headline figures, as (name, figure)."""
    rows = [
        ("network", f"{report.macs:,} MACs, {report.weights:,} weights"),
        *(("input", line) for line in report.inputs),
        *(("output", line) for line in report.outputs),
    ]
    if report.host_postprocess:
        rows.append(("left to the host", ", ".join(report.host_postprocess)))
    rows += [
        ("plug-in", f"{plugin.name} of {plugin.package} {plugin.version}")
        for plugin in report.plugins
    ]
    return [
        *rows,
        *calibration_rows(report.source.calibration_samples),
        *(reference_rows(report.reference) if report.reference else ()),
        *(_FOUND_RANGES if report.finds_ranges else ()),
        *(equalization_rows(report.equalization) if report.equalization else ()),
        *(accuracy_rows(report.accuracy) if report.accuracy else ()),
        ("array", f"{report.rows} rows x {report.cols} columns = {report.mac_units} MACs a cycle"),
        ("latency", counted(report.latency_cycles, "cycle")),
        ("interval", f"{counted(report.interval_cycles, 'cycle')} from frame to frame"),
        ("speed", speed(report)),
        *goal_rows(report),
        ("utilisation", f"{utilisation(report.utilisation)} of the array's multipliers"),
        *(changed_rows(report.changed_roundings) if report.changed_roundings else ()),
        *(wide_weight_rows(report.wide_weights) if report.wide_weights else ()),
        *(device_rows(report.device) if report.device else ()),
        *estimate_rows(report),
        *((memory_name(name), bits(size)) for name, size in report.memory_bits.items() if size),
    ]


_FOUND_RANGES = (
    (
        "activations",
        "calibrated, where the file finds their ranges anew for each sample: results are near the "
        "file's, not equal to them",
    ),
)


def calibration_rows(samples: int | None) -> list[tuple[str, str]]:
    """A warning where ranges come from few samples, as (name, figure)."""
    if samples is None or samples >= FEW_SAMPLES:
        return []
    return [
        (
            "calibrated with",
            f"{counted(samples, 'sample')}, which is few: values beyond the range seen are cut "
            "off; give a hundred or more, of which half calibrate",
        )
    ]


def reference_rows(reference: Reference) -> list[tuple[str, str]]:
    """What accuracy refers to, as (name, figure)."""
    because = f": {reference.reason}" if reference.reason else ""
    rows = [("reference", f"{reference.by}{because}")]
    if reference.compared_samples:
        samples = counted(reference.compared_samples, "sample")
        rows.append(
            (
                "reading",
                f"equals the file's own answers to {samples}, up to rounding",
            )
        )
    return rows


def equalization_rows(equalization: Equalization) -> list[tuple[str, str]]:
    """Whether channels were equalized, and what that gains or would have cost."""
    line = "equalized" if equalization.applied else "not equalized"
    if (gain := equalization.gain_db) is not None:
        noise = f"{abs(gain):.1f} dB {'less' if gain > 0 else 'more'} noise on calibration samples"
        line += f": {noise}" if equalization.applied else f", which would make {noise}"
    return [("channels", line)]


def wide_weight_rows(wide: WideWeights) -> list[tuple[str, str]]:
    """What zero points of weights cost, as (name, figure)."""
    layers = ", ".join(wide.layers)
    line = (
        f"{wide.weight_bits} bits, as weights less their zero points are in {layers}; "
        f"{bits(wide.memory_bits)} more of memory than symmetric ones"
    )
    if wide.products_a_cell < wide.byte_products_a_cell:
        line += (
            f"; a multiplier cell holds {wide.products_a_cell} product, of bytes "
            f"{wide.byte_products_a_cell}"
        )
    return [("weights", line)]


def changed_rows(changed: ChangedRoundings) -> list[tuple[str, str]]:
    """What narrow multipliers change, as (name, figure)."""
    line = f"{changed.bits} bits, where the model's scales ask for {changed.exact_bits}"
    if not changed.samples:
        return [("multipliers", f"{line}; what that changes was not measured, without data")]
    rates = ", ".join(f"{rate:.2g}% of '{name}'" for name, rate in changed.outputs.items())
    line += f": {rates} changed by up to {counted(changed.largest, 'step')}"
    if changed.layer is not None:
        line += f"; most arises in '{changed.layer}', {changed.layer_rate:.2g}% of its results"
    return [("multipliers", f"{line} ({counted(changed.samples, 'sample')})")]


def accuracy_rows(accuracy: Accuracy) -> list[tuple[str, str]]:
    """What is known about accuracy, as (name, figure)."""
    samples = counted(accuracy.samples, "sample")
    if not accuracy.held_out:
        samples += ", also used for calibration"
    rows = [("evaluated on", samples)]
    if accuracy.float_top1 is not None and accuracy.integer_top1 is not None:
        rows += [
            ("float top-1", percent(accuracy.float_top1)),
            ("integer top-1", percent(accuracy.integer_top1)),
        ]
    for metric in accuracy.metrics:
        values = f"float {number(metric.reference)}, integer {number(metric.integer)}"
        rows.append((metric.name, values))
    if accuracy.remark:
        rows.append(("labels", accuracy.remark))
    if accuracy.agreement is not None:
        rows.append(("same answer as float", percent(accuracy.agreement)))
    if accuracy.sqnr_db is not None:
        rows.append(("signal to quantization noise", decibels(accuracy.sqnr_db)))
    rows += [
        (f"the same of {name}", decibels(ratio)) for name, ratio in accuracy.further_sqnr_db.items()
    ]
    return rows


def table_error(table: TableReport) -> str:
    """How far a table is from its function."""
    return (
        f"off by at most {table.largest_error:.3g} ({table.largest_error_steps:.2f} steps), "
        f"{table.mean_error:.3g} ({table.mean_error_steps:.2f} steps) on average"
    )


def verdict(report: BuildReport) -> tuple[str, bool | None]:
    """What the simulation showed, and whether it passed; None if it was not run."""
    result = report.verification
    if result is None:
        return "not simulated", None
    frames = f"{counted(result.frames, 'frame')} in {result.simulator}"
    if not result.passed:
        return f"FAIL: hardware differs from the golden model ({frames})", False
    return f"PASS: hardware equals the golden model, bit for bit ({frames})", True


def edited_files(names: Sequence[str]) -> str:
    """That Verilog is no longer what was built."""
    return f"{', '.join(names)}: edited since the design was built"


def memory_name(name: str) -> str:
    """Name of a memory, such as "frame buffer memory"."""
    return f"{name.replace('_', ' ')} memory"
