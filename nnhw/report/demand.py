"""What a design asks of its memories and streams, and what of energy, as rows of tables."""

from __future__ import annotations

from dataclasses import dataclass

from . import text
from .asic import energy
from .structure import BuildReport

TRAFFIC_COLUMNS = ("holds", "read a frame", "written a frame", "a second")
"""Figures of `traffic_rows`."""
COMPARISON_COLUMNS = ("energy an inference", "electricity for 10¹²", "by")
"""Figures of `comparison_rows`."""
_DOLLARS_A_KWH = 0.15
"""An assumption."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Something else that runs networks.

    Parameters
    ----------
    name
        What it is.
    pj_a_mac
        Energy of a multiply-accumulate in pJ: the least and the most that is known.
    source
        Where this is from.
    """

    name: str
    pj_a_mac: tuple[float, float]
    source: str


COMPARED = (
    Compared(
        name="microcontroller: STM32U575, Cortex-M33",
        pj_a_mac=(291, 451),
        source="measured on four networks: STMicroelectronics in MLPerf Tiny v1.0, closed division",
    ),
    Compared(
        name="NPU: GAP9",
        pj_a_mac=(2.2, 20),
        source="measured on the same networks: GreenWaves in MLPerf Tiny v1.0, closed division",
    ),
    Compared(
        name="edge GPU, 15 W: Jetson Orin Nano 8GB, $249",
        pj_a_mac=(1.5, 1.5),
        source="15 W at the peak of 20 dense int8 TOPS (data sheet), far from which small networks "
        "stay, one frame at a time",
    ),
    Compared(
        name="GPU, 200 W: GeForce RTX 4070, $599",
        pj_a_mac=(1.7, 1.7),
        source="200 W at the peak of 233 dense int8 TOPS (data sheet), likewise",
    ),
)
"""Energy of whole chips or boards, by multiply-accumulates of the network."""


def traffic_rows(report: BuildReport) -> list[tuple[str, tuple[str, ...]]]:
    """(memory or stream, figures) at the build's clock; then what weights in an external memory
    would take."""
    rate = text.frame_rate(report)
    rows: list[tuple[str, tuple[str, ...]]] = [
        (
            text.memory_name(traffic.name),
            (
                text.bits(traffic.bits),
                text.bits(traffic.read_bits),
                text.bits(traffic.written_bits) if traffic.written_bits else "-",
                _a_second((traffic.read_bits + traffic.written_bits) * rate),
            ),
        )
        for traffic in report.traffic
    ]
    for name, size in (
        ("input stream", report.input_bytes),
        ("output stream", report.output_bytes),
    ):
        rows.append((name, ("-", text.bits(8 * size), "-", _a_second(8 * size * rate))))
    return rows


def external_memory(report: BuildReport) -> str:
    """What a memory outside of the chip would have to deliver if the weights were there."""
    weights = next((t for t in report.traffic if t.name == "weights"), None)
    if weights is None:
        return ""
    rate = text.frame_rate(report)
    return (
        f"Weights in an external memory would ask it for {_a_second(weights.bits * rate)} if each "
        f"were fetched once a frame, for {_a_second(weights.read_bits * rate)} if none were kept."
    )


def energy_line(report: BuildReport) -> str:
    """The estimate in a line."""
    assert report.energy is not None
    return (
        f"at least {energy(report.energy.total_nj)} an inference in silicon of 45 nm (operations "
        f"and memories), probably {energy(report.energy.likely_nj)}"
    )


def comparison_rows(report: BuildReport) -> list[tuple[str, tuple[str, ...]]]:
    """(what, figures) of the design in silicon, and of what else there is for this network."""
    assert report.energy is not None
    own = (
        *_range(report.energy.total_nj, report.energy.likely_nj),
        "estimate: Horowitz, ISSCC 2014, operations and memories alone; and with cells as in a "
        "simulated design",
    )
    others = [
        (other.name, (*_range(*(report.macs * pj / 1000 for pj in other.pj_a_mac)), other.source))
        for other in COMPARED
    ]
    return [("this design in silicon of 45 nm", own), *others]


def _range(low: float, high: float) -> tuple[str, str]:
    """Energy of an inference in nJ, and what the electricity for 10¹² of them costs."""
    both = [low, high] if high > 1.01 * low else [low]
    dollars = [1e12 * nj * 1e-9 / 3.6e6 * _DOLLARS_A_KWH for nj in both]
    return " to ".join(map(energy, both)), " to ".join(f"${cost:.2g}" for cost in dollars)


def _a_second(bits: float) -> str:
    """A bandwidth such as "1.2 GB/s"."""
    size = bits / 8
    for unit, scale in (("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size:.3g} B/s"
