"""What a simulation found out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """Where the hardware first differs from the golden model.

    First means: in the first frame that differs, the first layer in program order, the first
    result in channels-last order.

    Parameters
    ----------
    test
        "latency", "interval", "stalls" or "reset".
    frame, kind
        Number and kind of the test vector.
    cycle
        Clock cycle since the start of its process; the last one with an event if something is
        missing.
    layer, layer_name
        Number (in program order) and name; None if it is the output stream that differs.
    element
        (y, x, channel) in the layer's or the output's tensor; None if it is not an element that
        differs.
    expected, actual
        The differing bytes, 0 to 255; `actual` is None if it has undefined bits.
    message
        All that in a sentence.
    """

    test: str
    frame: int
    kind: str
    cycle: int
    layer: int | None
    layer_name: str | None
    element: tuple[int, int, int] | None
    expected: int | None
    actual: int | None
    message: str


@dataclass(frozen=True, kw_only=True)
class TimingDiagram:
    """What was seen on a stream in some clock cycles.

    Parameters
    ----------
    what
        What happens in them.
    stream
        "s_axis" or "m_axis".
    start
        The first cycle, counted from the handshake of the frame's first input beat.
    valid, ready, last
        A digit for each cycle: tvalid, tready, tlast.
    data
        tdata, a hexadecimal number for each cycle; "" where tvalid is low.
    """

    what: str
    stream: str
    start: int
    valid: str
    ready: str
    last: str
    data: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SimulationResult:
    """Outcome of a regression.

    Parameters
    ----------
    passed
        Every byte of every layer and of the output is equal to the golden model's, the streams
        keep their rules, and the measured clock cycles are those of the manifest.
    failures
        One line for each reason why not, the decisive one first.
    divergence
        The first difference in the data; None if there is none.
    simulator, version
        Such as "verilator", "5.48.0".
    frames
        Test vectors used.
    latency_cycles, interval_cycles
        Measured; None where the frames did not come out.
    expected_latency_cycles, expected_interval_cycles
        What the manifest says.
    cycles
        Clock cycles simulated, by all processes together.
    processes
        How many shared the frames.
    compiled
        False if the compiled simulator of an earlier run was used again.
    build_seconds, run_seconds
        Wall time.
    log, trace, waves
        Files: all output of the tools; the trace that tb.v describes, of the process that found the
        divergence or else of the first one; recorded waves (None if there are none). On a
        divergence the waves are those of the clock cycles around it.
    waves_cycles
        With `interval_waves`: clock cycles from the first edge in `waves` that belong to the
        interval; else None.
    edited
        Verilog files that have changed since the design was built.
    diagrams
        Excerpts for timing diagrams; none of a design that failed.
    """

    passed: bool
    failures: tuple[str, ...]
    divergence: Divergence | None
    simulator: str
    version: str
    frames: int
    latency_cycles: int | None
    interval_cycles: int | None
    expected_latency_cycles: int
    expected_interval_cycles: int
    cycles: int
    processes: int
    compiled: bool
    build_seconds: float
    run_seconds: float
    log: Path
    trace: Path
    waves: Path | None
    waves_cycles: int | None
    edited: tuple[str, ...] = ()
    diagrams: tuple[TimingDiagram, ...] = ()

    @property
    def build_folder(self) -> Path:
        """The folder of all that was compiled and recorded."""
        return self.trace.parents[2]  # the simulator's, and in it one for each process
