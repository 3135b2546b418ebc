"""What the testbench knows about the design: its manifest and its test vectors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from image import ImageError, LoadImage, load_image

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
_FILE_PART = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_.+-]{0,254}")


class DesignError(Exception):
    """The exported folder is incomplete or its files contradict each other."""


@dataclass(frozen=True)
class Tensor:
    """A tensor in the frames of a stream.

    Parameters
    ----------
    name
        Of the model's input or output.
    shape
        (height, width, channels).
    offset
        First byte; it begins a beat.
    """

    name: str
    shape: tuple[int, int, int]
    offset: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.shape[0] * self.shape[1] * self.shape[2]


@dataclass(frozen=True)
class Stream:
    """An AXI4-Stream port and the tensors of its frames.

    Parameters
    ----------
    tensors
        In their order; lanes of the last beat of each that it does not use are zero.
    beat_bytes
        Bytes a beat, that is, lanes.
    frame_bytes
        Bytes a frame, without the unused lanes of the last beat.
    """

    tensors: tuple[Tensor, ...]
    beat_bytes: int
    frame_bytes: int

    @property
    def beats(self) -> int:
        """Beats a frame."""
        return -(-self.frame_bytes // self.beat_bytes)

    @property
    def used(self) -> np.ndarray:
        """bool (beats * beat_bytes,): which bytes of a frame belong to a tensor."""
        used = np.zeros(self.beats * self.beat_bytes, bool)
        for tensor in self.tensors:
            used[tensor.offset : tensor.offset + tensor.size] = True
        return used

    def tensor_at(self, offset: int) -> Tensor | None:
        """The tensor that a byte of a frame belongs to; None for an unused lane."""
        for tensor in self.tensors:
            if tensor.offset <= offset < tensor.offset + tensor.size:
                return tensor
        return None


@dataclass(frozen=True)
class Block:
    """The part of a tensor that a layer writes, if it is not all of it.

    Parameters
    ----------
    offset
        First byte.
    rows, columns
        Runs of bytes lie in so many rows and columns.
    run
        Bytes of a run.
    pixel_gap, row_gap
        Bytes left out after each run but a row's last one, and after that one.
    """

    offset: int
    rows: int
    columns: int
    run: int
    pixel_gap: int
    row_gap: int

    @property
    def order(self) -> np.ndarray:
        """Bytes of the tensor in the order of writing."""
        pixel, row = self._pitches
        starts = self.offset + np.add.outer(
            np.arange(self.rows) * row, np.arange(self.columns) * pixel
        )
        return np.add.outer(starts.ravel(), np.arange(self.run)).ravel()

    @property
    def end(self) -> int:
        """The byte behind the last one."""
        pixel, row = self._pitches
        return self.offset + (self.rows - 1) * row + (self.columns - 1) * pixel + self.run

    @property
    def _pitches(self) -> tuple[int, int]:
        """Bytes from run to run, and from row to row."""
        pixel = self.run + self.pixel_gap
        return pixel, self.columns * pixel - self.pixel_gap + self.row_gap


@dataclass(frozen=True)
class Layer:
    """One layer of the program.

    Parameters
    ----------
    name
        Of the layer.
    shape
        (height, width, channels) of its result.
    strips
        Empty if results are written row by row. Otherwise they are written strip by strip, each
        from top to bottom: widths of the strips in bytes, over and over until a row is covered.
    block
        The part of the tensor that it writes; None if it is all of it.
    """

    name: str
    shape: tuple[int, int, int]
    strips: tuple[int, ...] = ()
    block: Block | None = None

    @property
    def size(self) -> int:
        """Bytes of the tensor that it writes."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    @property
    def order(self) -> np.ndarray:
        """Element of the tensor, channels last, of each result in the order of writing."""
        if self.block is None:
            elements = np.arange(self.size).reshape(self.shape[0], -1)
        else:
            elements = self.block.order.reshape(self.block.rows, -1)
        if not self.strips:
            return elements.ravel()
        widths = np.tile(self.strips, elements.shape[1] // sum(self.strips))
        strips = np.split(elements, np.cumsum(widths)[:-1], axis=1)
        return np.concatenate([strip.ravel() for strip in strips])


@dataclass(frozen=True)
class Design:
    """An exported design.

    Parameters
    ----------
    folder
        The folder that manifest.json is in.
    top
        Name of the top module.
    sources
        Verilog files.
    cell_models
        Verilog files of the behaviour of vendor's cells, for simulation only.
    memory_files
        Contents of memories, which the Verilog names without a folder.
    keep
        Whether the streams have tkeep.
    tag_bits
        Bits of tuser, which comes back with a frame's output; 0 if the streams have none.
    bus
        Whether there is a control bus.
    io
        "stream"; "mapped" if frames come and go over it, "dma" if they come from memory: streams
        are those of the testbench's host then.
    clocks
        2 if the streams have a clock of their own.
    image
        What a programmable design is loaded with; None of one that is not.
    latency_cycles, interval_cycles
        What the cycle model promises; the README says how they are measured.
    layers
        In program order.
    """

    folder: Path
    top: str
    sources: tuple[Path, ...]
    input: Stream
    output: Stream
    latency_cycles: int
    interval_cycles: int
    layers: tuple[Layer, ...]
    cell_models: tuple[Path, ...] = ()
    memory_files: tuple[Path, ...] = ()
    keep: bool = False
    tag_bits: int = 0
    bus: bool = False
    io: str = "stream"
    clocks: int = 1
    image: LoadImage | None = None

    @property
    def flag_bits(self) -> int:
        """Bits of the output's tuser below the tag: 1 if it says whether a frame was aborted."""
        return int(self.bus and self.has_streams)

    @property
    def has_streams(self) -> bool:
        """Whether frames come and go over streams of its own."""
        return self.io == "stream"


@dataclass(frozen=True, eq=False)
class Vectors:
    """Input frames and the bytes that the golden model makes of them; N frames.

    Parameters
    ----------
    kinds
        What each frame is, such as "real" or "all-maximum".
    input, output
        uint8 (N, frame_bytes).
    layers
        uint8 (N, size) for each layer.
    """

    kinds: tuple[str, ...]
    input: np.ndarray
    output: np.ndarray
    layers: tuple[np.ndarray, ...]


def load_design(folder: Path) -> Design:
    """Read manifest.json in `folder`.

    Raises
    ------
    DesignError
        If it is missing, damaged or incomplete, has a name that is none in Verilog or a path that
        leaves the folder, or a source file is missing.
    """
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        shell = manifest.get("shell", {})
        design = Design(
            folder=folder,
            top=_identifier(manifest["top"]),
            sources=_files(folder, manifest["sources"]),
            input=_stream(manifest["input"], manifest["inputs"]),
            output=_stream(manifest["output"], manifest["outputs"]),
            latency_cycles=_whole(manifest["latency_cycles"]),
            interval_cycles=_whole(manifest["interval_cycles"]),
            layers=tuple(_layer(layer) for layer in manifest["layers"]),
            cell_models=_files(folder, manifest.get("cell_models", ())),
            memory_files=_files(folder, manifest.get("memory_files", ())),
            keep=bool(shell.get("keep")),
            tag_bits=_whole(shell.get("tag_bits", 0), 0),
            bus=shell.get("bus") is not None,
            io=shell.get("io", "stream"),
            clocks=2 if shell.get("clocks") == "two" else 1,
            image=_image(folder, manifest.get("load")),
        )
    except FileNotFoundError as error:
        missing = error.filename or path
        raise DesignError(f"'{missing}' is missing: '{folder}' is no exported design") from None
    except ImageError as error:
        raise DesignError(f"{error}; export the design again") from None
    except ValueError as error:
        raise DesignError(f"'{path}' is damaged ({error}); export the design again") from None
    except Exception as error:  # whatever else a manifest of another form brings about
        raise DesignError(
            f"'{path}' does not have the expected fields ({error!r}); export the design again"
        ) from None
    for source in (*design.sources, *design.cell_models, *design.memory_files):
        if not source.is_file():
            raise DesignError(f"'{source}' is named in '{path}' but missing")
    return design


def load_vectors(design: Design) -> Vectors:
    """Read sim/vectors.npz of `design`.

    Raises
    ------
    DesignError
        If it is missing or damaged, or its arrays do not fit the manifest.
    """
    path = design.folder / "sim" / "vectors.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files}  # else bytes
    except FileNotFoundError:
        raise DesignError(f"'{path}' is missing; export the design again") from None
    except Exception as error:  # whatever a damaged archive brings about
        raise DesignError(f"'{path}' is damaged ({error!r}); export the design again") from None
    sizes = {"input": design.input.frame_bytes, "output": design.output.frame_bytes}
    sizes |= {f"layer_{index}": layer.size for index, layer in enumerate(design.layers)}
    if missing := {"kind", *sizes} - set(arrays):
        raise DesignError(f"'{path}' lacks the arrays {sorted(missing)}; export the design again")
    if arrays["kind"].ndim != 1:
        raise DesignError(f"Array 'kind' of '{path}' must be a list; export the design again")
    frames = len(arrays["kind"])
    for name, size in sizes.items():
        if arrays[name].shape != (frames, size) or arrays[name].dtype != np.uint8:
            raise DesignError(
                f"Array '{name}' of '{path}' must be uint8 {(frames, size)}, "
                f"not {arrays[name].dtype} {arrays[name].shape}; export the design again"
            )
    if frames == 0:
        raise DesignError(f"'{path}' holds no frame; export the design again")
    return Vectors(
        kinds=tuple(str(kind) for kind in arrays["kind"]),
        input=arrays["input"],
        output=arrays["output"],
        layers=tuple(arrays[f"layer_{index}"] for index in range(len(design.layers))),
    )


def _stream(stream: dict, tensors: list[dict]) -> Stream:
    return Stream(
        tuple(Tensor(t["name"], _shape(t["shape"]), _whole(t["offset"], 0)) for t in tensors),
        _whole(stream["stream_bytes"]),
        _whole(stream["frame_bytes"]),
    )


def _layer(entry: dict) -> Layer:
    block = None
    if entry.get("block"):
        block = Block(**{name: _whole(value, 0) for name, value in entry["block"].items()})
    strips = tuple(_whole(width) for width in entry.get("strips", ()))
    layer = Layer(entry["name"], _shape(entry["shape"]), strips, block)
    if block is not None and block.end > layer.size:
        raise ValueError(f"the block of layer {layer.name!r} leaves its tensor")
    return layer


def _shape(value: list[int]) -> tuple[int, int, int]:
    height, width, channels = (_whole(size) for size in value)
    return height, width, channels


def _whole(value: int, least: int = 1) -> int:
    if type(value) is not int or value < least:
        raise ValueError(f"{value!r} is no whole number from {least} on")
    return value


def _identifier(name: str) -> str:
    """A name that is one in Verilog without an escape."""
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is no Verilog identifier")
    return name


def _image(folder: Path, load: dict | None) -> LoadImage | None:
    """The image of a programmable design."""
    if load is None:
        return None
    (path,) = _files(folder, [load["image"]])
    registers = load.get("registers")
    if registers is not None:
        registers = {name: _whole(registers[name], 0) for name in ("control", "address", "data")}
    return load_image(path, registers, _whole(load.get("banks", 1), 1))


def _files(folder: Path, names: list[str]) -> tuple[Path, ...]:
    """Files by their paths relative to the folder, which they do not leave."""
    for name in names:
        if not all(_FILE_PART.fullmatch(part) for part in name.split("/")):
            raise ValueError(f"{name!r} is no path inside the folder")
    return tuple(folder / name for name in names)
