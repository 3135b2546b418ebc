"""Driver of an accelerator with a control bus, for Linux: needs NumPy and nothing else.

`nnhw_registers.py` is the design's own and stands beside this file. Registers are reached through
anything that has `read(offset)` and `write(offset, value)` for words of 32 bits: `Memory`, or the
`MMIO` of PYNQ. Frames are moved by anything that has the methods of `PynqMover`; of a design
without streams, through its registers, or by `DmaMover`.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import nnhw_registers as registers
import numpy as np

POSTPROCESS = {1: "Softmax", 2: "ArgMax", 3: "Sigmoid"}
COUNTERS = (
    "frames_accepted",
    "frames_dropped",
    "frames_delivered",
    "frame_cycles",
    "input_stalls",
    "output_stalls",
)
_CONTROL_BANK = 2
"""Bit of the register load_control: the bank in which frames begin."""
_BANK_BIT = 30
"""Of an address that is loaded."""


class DeviceError(Exception):
    """There is no accelerator, or a frame did not get through it."""


class ImageError(DeviceError):
    """An image was not loaded.

    `code` says why: "magic", it does not begin like an image; "format", its format has a version
    that the driver does not know; "size", it was cut off or something stands behind its end; "crc",
    a CRC-32 is another one; "machine", it is for another accelerator; "refused", the accelerator
    has refused a word.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Registers(Protocol):
    """Words of 32 bits by their offset in bytes."""

    def read(self, offset: int) -> int:
        """A register."""

    def write(self, offset: int, value: int) -> None:
        """Change a register."""


class Mover(Protocol):
    """Moves frames between memory and the accelerator."""

    def start(self, frame: np.ndarray, size: int) -> None:
        """Begin to send a frame (uint8), and to receive one of `size` bytes."""

    def go_on(self) -> None:
        """Called until the frame has left the accelerator; does not wait."""

    def finish(self) -> np.ndarray:
        """Wait for the frame that was received (uint8)."""


class Memory:
    """Registers in the address space of a process: /dev/mem, or a UIO device.

    Parameters
    ----------
    path
        "/dev/mem", "/dev/uio0" or the like.
    base
        Where the registers begin in it; a multiple of the page size. 0 for UIO.
    """

    def __init__(self, path: str, base: int = 0) -> None:
        file = os.open(path, os.O_RDWR | os.O_SYNC)
        try:
            self._map = mmap.mmap(file, registers.WINDOW, offset=base)
        finally:
            os.close(file)
        # a view of words, so that each access is one of 32 bits
        self._words = memoryview(self._map).cast("I")

    def read(self, offset: int) -> int:
        """A register."""
        return self._words[offset // 4]

    def write(self, offset: int, value: int) -> None:
        """Change a register."""
        self._words[offset // 4] = value


class PynqMover:
    """The AXI DMA of a PYNQ overlay.

    Parameters
    ----------
    dma
        `overlay.axi_dma_0` or the like, both of whose channels go to the accelerator.
    allocate
        `pynq.allocate`.
    """

    def __init__(self, dma: Any, allocate: Any) -> None:
        self._dma, self._allocate = dma, allocate
        self._buffers: dict[str, Any] = {}

    def start(self, frame: np.ndarray, size: int) -> None:
        """Begin to send a frame (uint8), and to receive one of `size` bytes."""
        source, target = self._buffer("source", frame.size), self._buffer("target", size)
        source[:] = frame
        self._dma.recvchannel.transfer(target)
        self._dma.sendchannel.transfer(source)

    def go_on(self) -> None:
        """Nothing: the DMA needs no help."""

    def finish(self) -> np.ndarray:
        """Wait for the frame that was received (uint8)."""
        self._dma.sendchannel.wait()
        self._dma.recvchannel.wait()
        return np.array(self._buffers["target"])

    def _buffer(self, name: str, size: int) -> Any:
        if name not in self._buffers or self._buffers[name].size != size:
            self._buffers[name] = self._allocate(shape=(size,), dtype=np.uint8)
        return self._buffers[name]


class WindowMover:
    """The windows of a design without streams: words of four bytes, the lowest one first.

    Parameters
    ----------
    memory
        Its registers.
    """

    def __init__(self, memory: Registers) -> None:
        self._memory = memory
        self._input: deque[int] = deque()
        self._output: list[int] = []
        self._left = 0

    def start(self, frame: np.ndarray, size: int) -> None:
        """Begin to send a frame (uint8), and to receive one of `size` bytes."""
        self._input = deque(frame.view("<u4").tolist())
        self._output, self._left = [], size // 4
        self.go_on()

    def go_on(self) -> None:
        """Write as many words as there is room for, and read as many as have come."""
        if self._input:
            for _ in range(min(self._field("input_status", "room"), len(self._input))):
                word = self._input.popleft()
                register = "input_data" if self._input else "input_last"
                self._memory.write(registers.ADDRESSES[f"window.{register}"], word)
        if self._left:
            for _ in range(min(self._field("output_status", "words"), self._left)):
                self._output.append(self._memory.read(registers.ADDRESSES["window.output_data"]))
                self._left -= 1

    def finish(self) -> np.ndarray:
        """The frame that was received (uint8); all of it is in the window."""
        while self._left:
            self.go_on()
        return np.array(self._output, "<u4").view(np.uint8)

    def _field(self, register: str, field: str) -> int:
        word = self._memory.read(registers.ADDRESSES[f"window.{register}"])
        low, width = registers.FIELDS[f"window.{register}.{field}"]
        return word >> low & ((1 << width) - 1)


class DmaMover:
    """The bus to memory of a design that fetches frames by itself, by a descriptor.

    Parameters
    ----------
    memory
        Its registers.
    allocate
        `pynq.allocate`, or what makes such arrays: at whole cache lines, with `physical_address`,
        `flush` and `invalidate`.
    """

    _OWNED, _DONE = 1 << 31, 1 << 30
    _HEAD, _ENTRY = 8, 4
    _RESULTS = ("right", "aborted", "read error", "write error", "wrong address", "wrong size")

    def __init__(self, memory: Registers, allocate: Any) -> None:
        self._memory, self._allocate = memory, allocate
        entries = self._field("identification.memory_bus", "entries")
        words = self._HEAD + self._ENTRY * entries
        self._descriptor = allocate(shape=(words,), dtype=np.uint32)
        self._buffers: dict[str, Any] = {}

    def start(self, frame: np.ndarray, size: int) -> None:
        """Begin to send a frame (uint8), and to receive one of `size` bytes."""
        source, target = self._buffer("source", frame.size), self._buffer("target", size)
        source[:] = frame
        for buffer in (source, target):  # no line of the latter may be written back later
            buffer.flush()
        self._describe(source.physical_address, target.physical_address)
        self._descriptor.flush()
        self._descriptor[0] = self._OWNED  # when all else is in memory
        self._descriptor.flush()
        address = self._descriptor.physical_address
        self._write("descriptor_low", address & 0xFFFFFFFF)
        self._write("descriptor_high", address >> 32)
        self._write("dma_control", 1)

    def go_on(self) -> None:
        """Nothing: the accelerator needs no help."""

    def finish(self) -> np.ndarray:
        """The frame that was received (uint8); all of it is in memory.

        Raises
        ------
        DeviceError
            If the descriptor says that its frame is not right.
        """
        self._descriptor.invalidate()
        state = int(self._descriptor[0])
        if not state & self._DONE:
            raise DeviceError("The frame has not ended yet")
        if state & 0xFF:
            raise DeviceError(f"The frame has ended with: {self._RESULTS[state & 0xFF]}")
        target = self._buffers["target"]
        target.invalidate()
        return np.array(target)

    @property
    def cycles(self) -> int:
        """Clock cycles of the last frame, from its descriptor's fetch on."""
        return int(self._descriptor[3])

    def _describe(self, source: int, target: int) -> None:
        """All but the first word of the descriptor, which is its own successor."""
        inputs = self._field("capabilities.tensor_counts", "inputs")
        outputs = self._field("capabilities.tensor_counts", "outputs")
        words = [0, inputs | outputs << 8, 0, 0, *_halves(self._descriptor.physical_address), 0, 0]
        for index in range(inputs + outputs):
            first = source if index < inputs else target
            offset, size = (
                self._memory.read(registers.ADDRESSES[f"tensor_{index}.{name}"])
                for name in ("offset", "bytes")
            )
            words += [*_halves(first + offset), size, 0]
        self._descriptor[: len(words)] = words

    def _buffer(self, name: str, size: int) -> Any:
        if name not in self._buffers or self._buffers[name].size != size:
            self._buffers[name] = self._allocate(shape=(size,), dtype=np.uint8)
        return self._buffers[name]

    def _field(self, register: str, field: str) -> int:
        word = self._memory.read(registers.ADDRESSES[register])
        low, width = registers.FIELDS[f"{register}.{field}"]
        return word >> low & ((1 << width) - 1)

    def _write(self, register: str, value: int) -> None:
        self._memory.write(registers.ADDRESSES[f"dma.{register}"], value)


def _halves(address: int) -> tuple[int, int]:
    """Low and high word."""
    return address & 0xFFFFFFFF, address >> 32


@dataclass(frozen=True)
class Tensor:
    """An entry of the table of tensors; `rule` is the field `preprocess` of the register `host`."""

    offset: int
    size: int
    shape: tuple[int, int, int]
    bits: int
    is_output: bool
    zero_point: int
    scale: np.float32
    rule: int
    host_offset: np.float32
    host_scale: np.float32
    postprocess: str | None

    def quantize(self, values: np.ndarray) -> np.ndarray:
        """Elements (int8) of real values, which are of the tensor's shape.

        Raises
        ------
        DeviceError
            If the host has to do more than the table can say: see the manifest's host_preprocess.
        """
        if self.rule > 1:
            raise DeviceError("What the host does to this input stands in manifest.json only")
        scale = self.host_scale if self.rule else self.scale
        offset = self.host_offset if self.rule else np.float32(0)
        steps = np.rint((np.asarray(values, np.float32) - offset) / scale) + self.zero_point
        half = 1 << (self.bits - 1)
        return np.clip(steps, -half, half - 1).astype(np.int8).reshape(self.shape)

    def to_real(self, elements: np.ndarray) -> np.ndarray:
        """Real values (float32) of elements."""
        return self.scale * (elements.astype(np.float32) - np.float32(self.zero_point))


class Accelerator:
    """An accelerator by its registers.

    Parameters
    ----------
    memory
        Its registers.
    mover
        Its streams; None if frames are not sent by this driver, or the design has windows.

    Raises
    ------
    DeviceError
        If there is none, or it has other registers than this driver knows.
    """

    def __init__(self, memory: Registers, mover: Mover | None = None) -> None:
        self._memory, self._mover = memory, mover
        self._bank, self._loaded = 0, set[int]()  # where frames begin; banks that hold a network
        if mover is None and "window.input_data" in registers.ADDRESSES:
            self._mover = WindowMover(memory)
        if self.read("identification.magic.value") != registers.MAGIC:
            raise DeviceError("There is no accelerator at this address")
        major = self.read("identification.abi.major")
        if major != registers.ABI_MAJOR:
            raise DeviceError(f"Its registers have version {major}, not {registers.ABI_MAJOR}")
        self._read_tensors()

    def _read_tensors(self) -> None:
        """Those of the network that is there; none where nothing was loaded yet."""
        counts = [self.read(f"capabilities.tensor_counts.{side}") for side in ("inputs", "outputs")]
        tensors = [self._tensor(index) for index in range(sum(counts))]
        self.inputs, self.outputs = tensors[: counts[0]], tensors[counts[0] :]

    def read(self, path: str) -> int:
        """A field, by block, register and field."""
        word = self._memory.read(registers.ADDRESSES[path.rpartition(".")[0]])
        low, width = registers.FIELDS[path]
        return word >> low & ((1 << width) - 1)

    def _write(self, register: str, value: int) -> None:
        self._memory.write(registers.ADDRESSES[register], value)

    def _tensor(self, index: int) -> Tensor:
        def word(name: str, field: str = "value") -> int:
            return self.read(f"tensor_{index}.{name}.{field}")

        def real(name: str) -> np.float32:
            return np.float32(struct.unpack("<f", struct.pack("<I", word(name)))[0])

        return Tensor(
            offset=word("offset"),
            size=word("bytes"),
            shape=(word("height"), word("width"), word("channels")),
            bits=word("element", "bits"),
            is_output=bool(word("element", "is_output")),
            zero_point=(word("zero_point") ^ 1 << 31) - (1 << 31),
            scale=real("scale"),
            rule=word("host", "preprocess"),
            host_offset=real("host_offset"),
            host_scale=real("host_scale"),
            postprocess=POSTPROCESS.get(word("host", "postprocess")),
        )

    @property
    def model_hash(self) -> bytes:
        """SHA-256 of the model's file; zeros where nothing was loaded yet."""
        words = (self.read(f"identification.model_hash_{word}.value") for word in range(8))
        return struct.pack("<8I", *words)

    @property
    def machine_hash(self) -> bytes:
        """SHA-256 of the machine that images are for; zeros if it is not programmable."""
        words = (self.read(f"capabilities.machine_hash_{word}.value") for word in range(8))
        return struct.pack("<8I", *words)

    def load(self, image: bytes, timeout: float = 1.0) -> None:
        """Load a network: the content of an image file.

        Until the first word is written, the network goes on that was there before.

        Raises
        ------
        ImageError
            If the image is damaged or for another accelerator; nothing is written then. Or if a
            word was refused; nothing runs then.
        DeviceError
            If the accelerator is not programmable, or frames that have begun are not finished
            after `timeout` seconds.
        """
        if "load.load_control" not in registers.ADDRESSES:
            raise DeviceError("The accelerator is not programmable")
        sections = list(self._sections(image))
        self._stop(timeout)
        self._load_sections(sections, self._bank)
        self.restart()

    def load_other(self, image: bytes) -> None:
        """Load a network into the bank that frames do not begin in, while frames go on.

        Whatever is wrong, the network that runs goes on.

        Raises
        ------
        ImageError
            If the image is damaged or for another accelerator; nothing is written then. Or if a
            word was refused.
        DeviceError
            If the accelerator has one bank only, or a frame that has begun in the other one is not
            finished.
        """
        self._check_banks()
        sections = list(self._sections(image))
        if self.read("load.load_status.running") and not self.read("load.load_status.free"):
            raise DeviceError("A frame that has begun in the other bank is not finished")
        self._load_sections(sections, self._bank ^ 1)

    def switch(self) -> None:
        """Let frames begin in the other bank from now on; those that have begun end in theirs.

        Raises
        ------
        DeviceError
            If the accelerator has one bank only, or this object has not loaded the other one.
        """
        self._check_banks()
        if self._bank ^ 1 not in self._loaded:
            raise DeviceError("The other bank was not loaded")
        self._bank ^= 1
        self.restart()

    def _check_banks(self) -> None:
        if "load.load_control.bank" not in registers.FIELDS:
            raise DeviceError("The accelerator holds one network only")

    def _load_sections(
        self, sections: list[tuple[int, int, int, tuple[int, ...]]], bank: int
    ) -> None:
        """All words of an image, into a bank that nothing runs in."""
        self._loaded.discard(bank)
        self._take_refused()
        has_queue = self.read("capabilities.features.load_queue")
        for address, columns, distance, words in sections:
            for first in range(0, len(words), columns):
                row = address + first // columns * distance
                self._write("load.load_address", row | bank << _BANK_BIT)
                for word in words[first : first + columns]:
                    while has_queue and not self.read("load.load_status.ready"):
                        pass
                    self._write("load.load_data", word)
        if self._take_refused():
            raise ImageError("refused", "The accelerator has refused a word of the image")
        self._loaded.add(bank)

    def _take_refused(self) -> bool:
        """Whether a word was refused since the last call; other errors stay."""
        address = registers.ADDRESSES["interrupt.error_cause"]
        low, _ = registers.FIELDS["interrupt.error_cause.load_refused"]
        refused = self._memory.read(address) & 1 << low
        self._memory.write(address, refused)
        return bool(refused)

    def restart(self) -> None:
        """Run what was loaded before, after a reset of the accelerator."""
        self._write("load.load_control", 3 | self._bank << _CONTROL_BANK)
        self._read_tensors()

    def _stop(self, timeout: float) -> None:
        before = self._memory.read(registers.ADDRESSES["load.load_control"])
        self._write("load.load_control", before & ~1)
        end = time.monotonic() + timeout
        while self.read("load.load_status.running"):
            if time.monotonic() > end:
                self._write("load.load_control", before)
                raise DeviceError(f"Frames that have begun are not finished within {timeout} s")
        # what registers say of the network reads zero until all of it is there
        self._bank = before >> _CONTROL_BANK & 1
        self._write("load.load_control", before & 1 << _CONTROL_BANK)

    def _sections(self, image: bytes) -> Iterator[tuple[int, int, int, tuple[int, ...]]]:
        """Address, columns, distance of rows and words of each section of an image."""
        if image[:8] != b"NNHWIMG\0":
            raise ImageError("magic", "It is no image: it does not begin like one")
        if len(image) < 56:
            raise ImageError("size", "The image was cut off")
        version, count = struct.unpack_from("<II", image, 8)
        if version != 1:
            raise ImageError("format", f"The image has version {version} of the format, not 1")
        head = 52 + 24 * count
        if count > 16 or len(image) < head + 4:
            raise ImageError("size", "The image was cut off")
        if struct.unpack_from("<I", image, head)[0] != zlib.crc32(image[:head]):
            raise ImageError("crc", "The image is damaged: its header has another CRC-32")
        if image[16:48] != self.machine_hash:
            raise ImageError("machine", "The image is for another accelerator")
        at = head + 4
        for index in range(count):
            fields = struct.unpack_from("<6I", image, 52 + 24 * index)
            number, address, columns, distance, words, crc = fields
            data = image[at : at + 4 * words]
            at += 4 * words
            if len(data) != 4 * words or columns == 0:
                raise ImageError("size", "The image was cut off")
            if zlib.crc32(data) != crc:
                raise ImageError("crc", f"The image is damaged: section {number}")
            yield address, columns, distance, struct.unpack(f"<{words}I", data)
        if at != len(image):
            raise ImageError("size", "Something stands behind the end of the image")

    @property
    def counters(self) -> Mapping[str, int]:
        """All counters by name."""
        found = {}
        for name in COUNTERS:
            low = self.read(f"counters.{name}_low.value")  # keeps the high word
            found[name] = low | self.read(f"counters.{name}_high.value") << 32
        return found

    def enable(self, on: bool = True) -> None:
        """Let frames begin, or hold back those that have not begun."""
        self._write("control.control", int(on))

    def take_events(self) -> set[str]:
        """Names of events since the last call: "delivered", "error", "aborted"."""
        word = self._memory.read(registers.ADDRESSES["interrupt.irq_status"])
        self._write("interrupt.irq_status", word)
        return self._names("interrupt.irq_status", word)

    def take_errors(self) -> set[str]:
        """Names of errors since the last call, such as "tlast_early"."""
        word = self._memory.read(registers.ADDRESSES["interrupt.error_cause"])
        self._write("interrupt.error_cause", word)
        return self._names("interrupt.error_cause", word)

    @staticmethod
    def _names(register: str, word: int) -> set[str]:
        prefix = f"{register}."
        return {
            path.removeprefix(prefix)
            for path, (low, _) in registers.FIELDS.items()
            if path.startswith(prefix) and word >> low & 1
        }

    def abort(self, timeout: float = 1.0) -> None:
        """Give up all that has begun.

        Raises
        ------
        DeviceError
            If it has not come to its end after `timeout` seconds.
        """
        self.take_events()
        self._write("control.control", self.read("control.control.enable") | 2)
        self._wait_for("aborted", timeout)
        # it may have been an earlier abort, for which nobody has waited long enough
        if self.read("control.status.aborting"):
            self._wait_for("aborted", timeout)
        self.take_events()

    def _wait_for(self, event: str, timeout: float, mover: Mover | None = None) -> None:
        end = time.monotonic() + timeout
        while event not in (events := self.take_events()):
            if mover is not None:
                mover.go_on()
            if "error" in events:
                errors = self.take_errors()
                if "parity" in errors:
                    raise DeviceError("What was loaded has changed: load it again")
                raise DeviceError(f"The frame was dropped: {', '.join(sorted(errors))}")
            if time.monotonic() > end:
                raise DeviceError(f"No event '{event}' within {timeout} s")

    def run(self, *values: np.ndarray, timeout: float = 1.0) -> list[np.ndarray]:
        """Real values in, real values out: one array for each input and each output.

        Outputs have the functions that the table names applied to them: Softmax, ArgMax, Sigmoid,
        over their channels.

        Raises
        ------
        DeviceError
            If the frame is dropped, or not delivered after `timeout` seconds.
        """
        if self._mover is None:
            raise DeviceError("There is nothing that moves frames; give a mover")
        elements = [tensor.quantize(x) for tensor, x in zip(self.inputs, values, strict=True)]
        self.take_events()
        self._mover.start(self.pack(elements), self._frame_size("output"))
        self._wait_for("delivered", timeout, self._mover)
        outputs = self.unpack(self._mover.finish())
        return [
            postprocess(tensor.postprocess, tensor.to_real(output))
            for tensor, output in zip(self.outputs, outputs, strict=True)
        ]

    def _frame_size(self, side: str) -> int:
        beats = self.read(f"capabilities.{side}_beats.value")
        return beats * self.read(f"capabilities.stream_bytes.{side}")

    def pack(self, elements: list[np.ndarray]) -> np.ndarray:
        """A frame (uint8, whole beats) of the elements (int8) of all inputs."""
        frame = np.zeros(self._frame_size("input"), np.uint8)
        for tensor, array in zip(self.inputs, elements, strict=True):
            data = np.ascontiguousarray(array, np.int8).view(np.uint8).ravel()
            frame[tensor.offset : tensor.offset + tensor.size] = data
        return frame

    def unpack(self, frame: np.ndarray) -> list[np.ndarray]:
        """The elements (int8) of all outputs of a frame (uint8)."""
        return [
            frame[tensor.offset : tensor.offset + tensor.size].view(np.int8).reshape(tensor.shape)
            for tensor in self.outputs
        ]


def postprocess(function: str | None, values: np.ndarray) -> np.ndarray:
    """Softmax, ArgMax or Sigmoid over the last axis; None: the values themselves."""
    if function == "Softmax":
        powers = np.exp(values - values.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)
    if function == "ArgMax":
        return values.argmax(axis=-1)
    if function == "Sigmoid":
        return 1 / (1 + np.exp(-values))
    return values
