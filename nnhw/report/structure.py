"""What a build has to say, as one value that every renderer takes.

It holds nothing that changes from build to build of the same inputs: no times, no dates, no
absolute paths.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from ..data import Metric
from ..estimates import EnergyEstimate, Estimate
from ..families import DeviceUse
from ..mapping import MemoryTraffic
from ..plugins import Plugin
from ..simulate import TimingDiagram
from ..synth import HardwareCosts
from .changed_roundings import ChangedRoundings
from .layers import FrameTimes, LayerReport
from .warnings import QualityWarning
from .wide_weights import WideWeights


@dataclass(frozen=True, kw_only=True)
class Source:
    """What the design was made from.

    Parameters
    ----------
    model, data
        File names, without folder; no data is None.
    model_sha256, data_sha256
        Of the files' bytes.
    options
        The options of the build by name, as `BuildOptions` takes them.
    calibration_samples
        Number of samples that ranges were calibrated with; None if none were needed.
    """

    model: str
    model_sha256: str
    data: str | None
    data_sha256: str | None
    options: dict[str, Any]
    calibration_samples: int | None = None


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How close the integer network is to the exact one on the evaluation samples.

    Parameters
    ----------
    samples
        Number of evaluation samples.
    held_out
        Whether none of them was used for calibration.
    float_top1, integer_top1
        Samples in per cent whose largest score is at the label; None without labels, and where
        the first output is no class scores. "float" is the reference (see `Reference`), whatever
        it computes in.
    agreement
        Samples in per cent for which both networks have the largest score at the same place; None
        for a single score, and where the first output is no class scores.
    sqnr_db
        Variance over the samples of the reference's first output, mean over its elements, over the
        mean square of the difference, in dB (signal to quantization noise ratio); None if either is
        zero.
    further_sqnr_db
        The same of each further output by name.
    remark
        How labels were understood, or why they were not used, where that needs saying; else "".
    lost, gained
        Samples that only the reference, and only the integer network, has right; None as
        `float_top1`.
    chance_top1
        Accuracy in per cent of answers that are as frequent as the reference's, but have nothing
        to do with their samples; None as `float_top1`.
    metrics
        Of what the outputs should be, where labels say so, and the user's own.
    confusion
        Samples by label (rows) and by the integer network's answer (columns); None as `float_top1`,
        and for more than 32 classes.
    """

    samples: int
    held_out: bool
    float_top1: float | None = None
    integer_top1: float | None = None
    agreement: float | None
    sqnr_db: float | None
    further_sqnr_db: dict[str, float | None] = field(default_factory=dict)
    remark: str = ""
    lost: int | None = None
    gained: int | None = None
    chance_top1: float | None = None
    metrics: tuple[Metric, ...] = ()
    confusion: tuple[tuple[int, ...], ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What the integer network is compared with.

    Parameters
    ----------
    by
        What has computed it.
    reason
        Why it is not, or not for all outputs, the model file itself, run by onnxruntime; else "".
    compared_samples
        Number of samples for which our reading of the file was found to be equal to the file's own
        answers, up to rounding; 0 where the file could not be run.
    """

    by: str
    reason: str = ""
    compared_samples: int


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One way in which the hardware is fitted to the network.

    Parameters
    ----------
    name
        What it is of: a feature, a list of instructions, a width.
    kept
        What of it was generated.
    left_out
        What was not.
    saved
        What this saves, in bits of registers or memory where that can be counted; else "".
    """

    name: str
    kept: str
    left_out: str
    saved: str


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """A function of one number as a table of its results.

    Parameters
    ----------
    name, function
        Name of its ONNX node; operator and constants such as "LeakyRelu(0.1)".
    lowest, entries
        The input's smallest integer, and the results for it and all that follow.
    largest_error, mean_error
        Distance from the function over all inputs, real values.
    largest_error_steps, mean_error_steps
        The same in steps of the result; rounding alone makes up to half a step.
    """

    name: str
    function: str
    lowest: int
    entries: tuple[int, ...]
    largest_error: float
    mean_error: float
    largest_error_steps: float
    mean_error_steps: float


@dataclass(frozen=True, kw_only=True)
class Equalization:
    """Whether channels were equalized (see `nnhw.quantize.equalize`).

    Parameters
    ----------
    applied
        Whether the design is that of the equalized network.
    gain_db
        How much less noise the equalized network makes on the calibration samples, in dB; None if
        that was not measured, or one of the two makes none.
    """

    applied: bool
    gain_db: float | None = None


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What the simulation of the exported Verilog showed.

    Parameters
    ----------
    passed
        Whether every byte of every layer equalled the golden model and the cycle counts were those
        of the cycle model.
    simulator
        Name and version.
    frames
        Number of frames simulated.
    latency_cycles, interval_cycles
        As measured; None where the frames did not come out.
    diagrams
        What was seen on the streams, for timing diagrams.
    """

    passed: bool
    simulator: str
    frames: int
    latency_cycles: int | None
    interval_cycles: int | None
    diagrams: tuple[TimingDiagram, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """All that is known about a finished design.

    Parameters
    ----------
    name
        Of the design and its top module.
    nnhw_version
        Version of nnhw that made it.
    source
        What it was made from.
    inputs, outputs
        One line each: name, shape and type of a tensor.
    output_layers
        What gives each output: the name of a layer, or of an input after "input ".
    host_postprocess
        What of the network stays with the host, in order.
    macs, weights
        Multiply-accumulates a frame, and number of weights, by definition, of the channels that
        were not left out.
    accuracy
        Of the integer network; None without data.
    rows, cols, mac_units
        Size of the array; multipliers in it.
    engine
        The whole configuration of the engine by name: what was chosen to suit the options.
    latency_cycles, interval_cycles
        As the cycle model has them; see the manifest.
    utilisation
        macs / (interval_cycles * mac_units), in per cent.
    frame
        When a frame's parts happen.
    layers
        In order of execution.
    memory_bits
        Bits of each memory by name.
    tables
        Look-up tables in order of execution.
    fits
        How the hardware is fitted to the network.
    verification
        Result of the simulation; None if it was not run.
    files
        Paths of the exported files relative to the design's folder, sorted.
    costs
        Of optional hardware, from synthesis; None if they were not asked for.
    reference
        What accuracy refers to; None if that is not known.
    warnings
        What is poor about the design, the most important first.
    equalization
        Whether channels were equalized; None if there was nothing to equalize, or it was not
        wanted.
    wide_weights
        Weights of more than 8 bits; None if there are none.
    changed_roundings
        What multipliers change that are narrower than the model asks for; None if they are not.
    finds_ranges
        Whether the model's file quantizes activations to ranges that it finds anew for each sample.
    plugins
        Plug-ins that it was made with.
    device
        What it takes of the device that it is for; None if it is for none.
    estimates
        What it will probably take of this device, or of one of each family that it can be had on.
    traffic
        What a frame takes to and from each memory.
    input_bytes, output_bytes
        Of a frame, on the streams.
    energy
        Of an inference in silicon, by operations and accesses to memories.
    """

    name: str
    nnhw_version: str
    source: Source
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    host_postprocess: tuple[str, ...]
    macs: int
    weights: int
    accuracy: Accuracy | None
    rows: int
    cols: int
    mac_units: int
    engine: dict[str, Any]
    latency_cycles: int
    interval_cycles: int
    utilisation: float
    frame: FrameTimes
    layers: tuple[LayerReport, ...]
    memory_bits: dict[str, int]
    tables: tuple[TableReport, ...]
    fits: tuple[Fit, ...]
    verification: Verification | None
    files: tuple[str, ...]
    costs: HardwareCosts | None = None
    reference: Reference | None = None
    warnings: tuple[QualityWarning, ...] = ()
    equalization: Equalization | None = None
    wide_weights: WideWeights | None = None
    changed_roundings: ChangedRoundings | None = None
    finds_ranges: bool = False
    plugins: tuple[Plugin, ...] = ()
    output_layers: tuple[str, ...] = ()
    device: DeviceUse | None = None
    estimates: tuple[Estimate, ...] = ()
    traffic: tuple[MemoryTraffic, ...] = ()
    input_bytes: int = 0
    output_bytes: int = 0
    energy: EnergyEstimate | None = None

    def to_json(self) -> str:
        """The report as JSON text; the same report gives the same text."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
