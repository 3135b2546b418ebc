"""Running an exported design on samples: its golden model, or the accelerator on a board."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np

from .data import (
    Data,
    Metrics,
    SampleSource,
    load_data,
    named_metrics,
    parts,
    regression_metrics,
    top1,
    value_of,
)
from .design import ExportedDesign, read_design
from .errors import ExportError, NnhwError
from .golden import quantize_inputs, real_outputs
from .ir import Graph, frame_layout, load_graph
from .link import Link, LinkStatistics, SerialPort, execute_on_board, link_design
from .report import run_real


@dataclass(frozen=True, kw_only=True, eq=False)
class Inference:
    """What a design makes of samples.

    Parameters
    ----------
    outputs
        float32 by the output's name, in the output's ONNX shape with N samples in place of the
        batch: real values, before what stays with the host.
    samples
        N.
    top1
        Accuracy in per cent by the first output; None without labels of classes.
    metrics
        What metrics say, by name; None where it is no finite number.
    link
        What the link to the board has been through; None if it was the golden model that ran.
    edited
        Verilog files of the design that have changed since it was built.
    """

    outputs: Mapping[str, np.ndarray]
    samples: int
    top1: float | None
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    link: LinkStatistics | None = None
    edited: tuple[str, ...] = ()

    @property
    def y(self) -> np.ndarray:
        """The first output, which mostly is the only one."""
        return next(iter(self.outputs.values()))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the outputs as an .npz file: as array "y", or if there are several by their names.

        Raises
        ------
        ExportError
            If the file cannot be written.
        """
        partial = Path(f"{os.fspath(path)}.partial")
        try:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
                # numpy.savez takes names as keywords, of which it has some of its own
                for name, array in self.outputs.items():
                    member = name if len(self.outputs) > 1 else "y"
                    with archive.open(f"{member}.npy", "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, array, allow_pickle=False)
            partial.replace(path)
        except OSError as error:
            raise ExportError(f"Outputs cannot be written to '{path}': {error.strerror}") from error
        finally:
            partial.unlink(missing_ok=True)


def run_design(
    design: str | PathLike[str],
    data: Data,
    *,
    metrics: Metrics | None = None,
    port: str | None = None,
    baud: int = 115_200,
    timeout: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> Inference:
    """Run an exported design on samples: its golden model, which the hardware equals, or a board.

    Parameters
    ----------
    design
        Folder that `build` wrote.
    data
        Samples, and optionally labels, in any form that `nnhw.build` takes.
    metrics
        Functions of (outputs, labels), as `nnhw.build` takes them.
    port
        Serial port of a board that has the design's bitstream; None: the golden model runs.
    baud
        Bits a second on the serial port.
    timeout
        Seconds that the board may take for an answer, beyond the time on the serial line.
    progress
        Called with the number of samples that the board has done, and of all.

    Raises
    ------
    ExportError
        If the folder holds no design of this version of nnhw, or a data file of it has changed.
    DataError
        If the data does not fit the design.
    LinkError
        If the port cannot be used, or the board does not answer or has another design.
    ToolError
        If there is a port, and pyserial is not installed.
    """
    chosen = named_metrics(metrics)
    exported = read_design(design)
    graph = load_graph(exported.golden)
    statistics = None
    with blamed(exported.golden):
        samples = load_data(data, graph, any_labels=bool(chosen))
        if port is None:
            outputs = run_real(graph, samples.x)
        else:
            outputs, statistics = _run_on_board(
                graph, samples.x, exported, port, baud, timeout, progress
            )
    first = outputs[graph.outputs[0].onnx_name]
    is_scored = samples.y is not None and samples.labels == "classes"
    if samples.y is not None and samples.labels == "targets":
        chosen = regression_metrics() | chosen
    return Inference(
        outputs=outputs,
        samples=len(samples),
        top1=top1(first, samples.y) if samples.y is not None and is_scored else None,
        metrics={n: value_of(n, metric, outputs, samples.y) for n, metric in chosen.items()},
        link=statistics,
        edited=exported.edited,
    )


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """Whatever goes wrong in the block is the fault of a graph that no build has made."""
    try:
        yield
    except NnhwError:
        raise
    except Exception as error:
        raise ExportError(
            f"'{path}' holds a graph that cannot be run ({error!r}); build the design again"
        ) from error


def _run_on_board(
    graph: Graph,
    x: SampleSource,
    exported: ExportedDesign,
    port: str,
    baud: int,
    timeout: float,
    progress: Callable[[int, int], None] | None,
) -> tuple[dict[str, np.ndarray], LinkStatistics]:
    """Outputs as a board computes them, and what the link has been through."""
    design = link_design(exported)
    _check_frames(graph, exported)
    # ten bits an octet, of which stuffing may make two
    line_seconds = 20 * (design.input_bytes + design.output_bytes + 100) / baud
    outputs: list[dict[str, np.ndarray]] = []
    done = 0
    with SerialPort(port, baud=baud) as serial:
        link = Link(serial, timeout=timeout + line_seconds)

        def told(count: int, _: int) -> None:
            if progress is not None:
                progress(done + count, len(x))

        for part in parts(x, graph):
            q = quantize_inputs(graph, part)
            found = execute_on_board(graph, q, design, link, progress=told)
            outputs.append(real_outputs(graph, found))
            done += len(part)
        return {
            name: np.concatenate([part[name] for part in outputs]) for name in outputs[0]
        }, link.statistics


def _check_frames(graph: Graph, design: ExportedDesign) -> None:
    """The golden model and the manifest must speak of the same frames."""
    for key, ports in (("input", graph.inputs), ("output", graph.outputs)):
        stream = design.manifest[key]
        if frame_layout(graph, ports, stream["stream_bytes"]).size != stream["frame_bytes"]:
            raise ExportError(
                f"'{design.folder}': '{key}.frame_bytes' of manifest.json and the tensors of "
                "golden.npz differ; build the design again"
            )
