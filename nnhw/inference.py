"""Running an exported design on samples: its golden model, or the accelerator on a board."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from .data import load_data, top1
from .design import ExportedDesign, read_design
from .errors import ExportError, NnhwError
from .golden import dequantize, quantize_inputs, run
from .ir import Batch, Graph, frame_layout, from_channels_last, load_graph
from .link import Link, LinkStatistics, SerialPort, execute_on_board, link_design


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
        Accuracy in per cent by the first output; None without labels.
    link
        What the link to the board has been through; None if it was the golden model that ran.
    edited
        Verilog files of the design that have changed since it was built.
    """

    outputs: Mapping[str, np.ndarray]
    samples: int
    top1: float | None
    link: LinkStatistics | None = None
    edited: tuple[str, ...] = ()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the outputs as an .npz file: as array "y", or if there are several by their names.

        Raises
        ------
        ExportError
            If the file cannot be written.
        """
        try:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                # numpy.savez takes names as keywords, of which it has some of its own
                for name, array in self.outputs.items():
                    member = name if len(self.outputs) > 1 else "y"
                    with archive.open(f"{member}.npy", "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, array, allow_pickle=False)
        except OSError as error:
            raise ExportError(f"Outputs cannot be written to '{path}': {error.strerror}") from error


def run_design(
    design: str | PathLike[str],
    data: str | PathLike[str],
    *,
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
        .npz file; see `load_data`.
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
    exported = read_design(design)
    graph = load_graph(exported.golden)
    statistics = None
    with _blamed(exported.golden):
        samples = load_data(Path(data), graph)
        q = quantize_inputs(graph, samples.x)
        if port is None:
            found = run(graph, q)
        else:
            found, statistics = _run_on_board(graph, q, exported, port, baud, timeout, progress)
        outputs = {
            port.onnx_name: from_channels_last(
                dequantize(found[port.tensor], graph.tensors[port.tensor].q), port
            )
            for port in graph.outputs
        }
    first = outputs[graph.outputs[0].onnx_name]
    accuracy = None if samples.y is None else top1(first, samples.y)
    return Inference(
        outputs=outputs,
        samples=len(samples),
        top1=accuracy,
        link=statistics,
        edited=exported.edited,
    )


@contextmanager
def _blamed(path: Path) -> Iterator[None]:
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
    q: Batch,
    exported: ExportedDesign,
    port: str,
    baud: int,
    timeout: float,
    progress: Callable[[int, int], None] | None,
) -> tuple[dict[str, np.ndarray], LinkStatistics]:
    """Outputs by tensor as a board computes them, and what the link has been through."""
    design = link_design(exported)
    _check_frames(graph, exported)
    # ten bits an octet, of which stuffing may make two
    line_seconds = 20 * (design.input_bytes + design.output_bytes + 100) / baud
    with SerialPort(port, baud=baud) as serial:
        link = Link(serial, timeout=timeout + line_seconds)
        outputs = execute_on_board(graph, q, design, link, progress=progress)
        return outputs, link.statistics


def _check_frames(graph: Graph, design: ExportedDesign) -> None:
    """The golden model and the manifest must speak of the same frames."""
    for key, ports in (("input", graph.inputs), ("output", graph.outputs)):
        stream = design.manifest[key]
        if frame_layout(graph, ports, stream["stream_bytes"]).size != stream["frame_bytes"]:
            raise ExportError(
                f"'{design.folder}': '{key}.frame_bytes' of manifest.json and the tensors of "
                "golden.npz differ; build the design again"
            )
