"""The driver in Python, on registers in Python and on a file that is mapped into memory."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from register_maps import CONSTANTS, HASH, INPUT, NOT_DMA, NOT_LOADED, NOT_MAPPED, OUTPUT
from register_model import RegisterModel

from nnhw.registers import RegisterMap, TensorEntry
from nnhw.registers.python_module import python_module

DRIVER = Path(__file__).parents[2] / "nnhw" / "drivers" / "python" / "nnhw_driver.py"
TENSORS = (
    INPUT,
    TensorEntry(**{**vars(INPUT), "offset": 8, "host_offset": 0.5, "host_scale": 2.0}),
    OUTPUT,
    TensorEntry(**{**vars(OUTPUT), "offset": 12, "postprocess": ("ArgMax(axis=1)",)}),
)
CONSTANTS_OF_FOUR = {
    **CONSTANTS,
    "stream_bytes": 2 | 4 << 8,
    "input_beats": 7,
    "output_beats": 6,
    "tensor_counts": 2 | 2 << 8,
}
MAP = RegisterMap(name="net", constants=CONSTANTS_OF_FOUR, tensors=TENSORS, absent=NOT_LOADED)
MAPPED = RegisterMap(
    name="net",
    constants=CONSTANTS_OF_FOUR
    | {"stream_bytes": 4 | 4 << 8, "input_beats": 4, "window_words": 3 | 3 << 16},
    tensors=TENSORS,
    absent=NOT_LOADED - NOT_MAPPED,
)
IN_MEMORY = RegisterMap(
    name="net",
    constants=CONSTANTS_OF_FOUR
    | {"stream_bytes": 4 | 4 << 8, "input_beats": 4, "memory_bus": 64 | 4 << 8},
    tensors=TENSORS,
    absent=NOT_LOADED - NOT_DMA,
)
COUNTERS = (
    "frames_accepted",
    "frames_dropped",
    "frames_delivered",
    "frame_cycles",
    "input_stalls",
    "output_stalls",
)
STATUS = {f"status_{n}": 0 for n in ("busy", "receiving", "sending", "aborting", "discarding")}


class Device:
    """Registers, streams, and what the accelerator does: results are elements that it was sent."""

    def __init__(self, registers: RegisterMap = MAP):
        self.model = RegisterModel(registers)
        self.inputs = STATUS | {
            name: (number + 1) << 33 | 5 for number, name in enumerate(COUNTERS)
        }
        self.is_broken = self.is_dead = False
        self.frame = None

    def read(self, offset):
        return self.model.read(offset, self.inputs)

    def write(self, offset, value):
        if self.model.write(offset, value, 15).get("control_abort") and not self.is_dead:
            self.happen("irq_status", 4)

    def happen(self, register, bits):
        self.model.stored[register] |= bits

    def start(self, frame, size):
        self.frame = frame
        self.result = np.resize(np.roll(frame, 3), size)
        if self.is_broken:
            self.happen("error_cause", 2)
        if not self.is_dead:
            self.happen("irq_status", 2 if self.is_broken else 1)

    def go_on(self):
        pass

    def finish(self):
        return self.result


class Windows(Device):
    """The same with windows that have room for three words, and one more now and then."""

    def __init__(self):
        super().__init__(MAPPED)
        self.written, self.there, self.misused = [], [], 0
        self.room = 3

    def read(self, offset):
        self.room = min(3, self.room + 1)
        self.inputs["output_data_value"] = 0
        if offset == 0x154 and self.there:
            self.inputs["output_data_value"] = self.there.pop(0)
            if not self.there:
                self.happen("irq_status", 1)
        elif offset == 0x154:
            self.misused += 1
        self.inputs["input_status_room"] = self.room
        self.inputs["output_status_words"] = min(3, len(self.there))
        self.inputs["output_status_last"] = int(len(self.there) == 1)
        if 0 < len(self.there) <= 3:
            self.happen("irq_status", 1)
        return super().read(offset)

    def write(self, offset, value):
        super().write(offset, value)
        if offset not in (0x144, 0x148):
            return
        self.misused += self.room == 0
        self.room -= 1
        self.written.append(value)
        if offset == 0x148:
            self.frame = np.array(self.written, "<u4").view(np.uint8)
            result = np.resize(np.roll(self.frame, 3), 24)
            self.there, self.written = result.view("<u4").tolist(), []


class Buffer(np.ndarray):
    """An array that a device sees when caches are written back, and that forgets what they have."""

    def flush(self):
        self.memory[:] = self

    def invalidate(self):
        self[:] = self.memory


class Fetching(Device):
    """The same with frames in memory: a dictionary of arrays by their addresses."""

    def __init__(self):
        super().__init__(IN_MEMORY)
        self.inputs |= dict.fromkeys(
            ("dma_status_running", "dma_status_halted", "dma_status_result"), 0
        )
        self.inputs |= {"current_low_value": 0, "current_high_value": 0}
        self.memory = {}
        self.result_code = 0

    def allocate(self, shape, dtype):
        buffer = np.zeros(shape, dtype).view(Buffer)
        buffer.physical_address = 0x3_0000_0000 + 0x1000 * len(self.memory)
        buffer.memory = np.full(shape, 0x5A, dtype)
        self.memory[buffer.physical_address] = buffer.memory
        return buffer

    def at(self, words, size):
        address = int(words[0]) | int(words[1]) << 32
        base = address & ~0xFFF
        return self.memory[base].view(np.uint8)[address - base :][: int(size)]

    def write(self, offset, value):
        super().write(offset, value)
        if offset != 0x180:
            return
        stored = self.model.stored
        head = self.memory[stored["descriptor_low"] | stored["descriptor_high"] << 32]
        assert (head[0], head[1]) == (1 << 31, 2 | 2 << 8)
        entries = head[8:].reshape(4, 4)
        frame = np.zeros(16, np.uint8)
        for entry, tensor in zip(entries[:2], TENSORS, strict=False):
            assert entry[2] == tensor.size
            frame[tensor.offset :][: tensor.size] = self.at(entry, entry[2])
        self.frame = frame
        result = np.resize(np.roll(frame, 3), 24)
        for entry, tensor in zip(entries[2:], TENSORS[2:], strict=True):
            self.at(entry, entry[2])[:] = result[tensor.offset :][: tensor.size]
        head[0], head[3] = 1 << 30 | self.result_code, 777
        self.happen("irq_status", 1)


def load(name: str, source: Path, monkeypatch) -> ModuleType:
    """A module of a file."""
    spec = importlib.util.spec_from_file_location(name, source)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """The driver beside the constants of the design."""
    return driver_of(MAP, tmp_path, monkeypatch)


def driver_of(registers: RegisterMap, folder: Path, monkeypatch) -> ModuleType:
    """The driver beside the constants of a design."""
    (folder / "nnhw_registers.py").write_text(python_module(registers))
    load("nnhw_registers", folder / "nnhw_registers.py", monkeypatch)
    return load("nnhw_driver", DRIVER, monkeypatch)


def test_reads_what_the_registers_say(driver):
    accelerator = driver.Accelerator(Device())
    assert accelerator.model_hash == b"".join(word.to_bytes(4, "little") for word in HASH)
    assert accelerator.counters["frame_cycles"] == 4 << 33 | 5
    found = [*accelerator.inputs, *accelerator.outputs]
    assert [t.shape for t in found] == [t.shape for t in TENSORS]
    assert [t.zero_point for t in found] == [-128, -128, 3, 3]
    assert [t.postprocess for t in found] == [None, None, "Softmax", "ArgMax"]
    assert found[0].scale == np.float32(0.1)


def test_run(driver):
    device = Device()
    accelerator = driver.Accelerator(device, device)
    rng = np.random.default_rng(1)
    values = [rng.normal(0, 8, INPUT.shape).astype(np.float32) for _ in range(2)]
    softmax, argmax = accelerator.run(*values)
    quotients = values[0] / np.float32(0.1), (values[1] - np.float32(0.5)) / np.float32(2)
    first, second = (np.clip(np.rint(q) - 128, -128, 127).astype(np.int8) for q in quotients)
    wanted = np.zeros(14, np.int8)
    wanted[:6], wanted[8:14] = first.ravel(), second.ravel()
    np.testing.assert_array_equal(device.frame.view(np.int8), wanted)
    sent = np.resize(np.roll(wanted, 3), 24)
    real = 0.25 * (sent[:10].astype(float) - 3)
    np.testing.assert_allclose(softmax.ravel(), np.exp(real) / np.exp(real).sum(), rtol=1e-5)
    assert argmax.item() == sent[12:22].argmax()
    assert device.read(0x0A4) == 0, "events are cleared"


def test_run_through_windows(tmp_path, monkeypatch):
    """Frames that are longer than the windows, and nobody gives a mover."""
    driver, device = driver_of(MAPPED, tmp_path, monkeypatch), Windows()
    accelerator = driver.Accelerator(device)
    rng = np.random.default_rng(2)
    for _ in range(3):
        values = [rng.normal(0, 8, INPUT.shape).astype(np.float32) for _ in range(2)]
        _, argmax = accelerator.run(*values)
        elements = [t.quantize(x) for t, x in zip(accelerator.inputs, values, strict=True)]
        frame = accelerator.pack(elements)
        np.testing.assert_array_equal(device.frame, frame)
        assert argmax.item() == np.resize(np.roll(frame.view(np.int8), 3), 24)[12:22].argmax()
        assert (device.misused, device.there) == (0, [])


def test_run_from_memory(tmp_path, monkeypatch):
    """A descriptor for each frame; caches are written back and forgotten where they must be."""
    driver, device = driver_of(IN_MEMORY, tmp_path, monkeypatch), Fetching()
    mover = driver.DmaMover(device, device.allocate)
    accelerator = driver.Accelerator(device, mover)
    rng = np.random.default_rng(3)
    for _ in range(3):
        values = [rng.normal(0, 8, INPUT.shape).astype(np.float32) for _ in range(2)]
        _, argmax = accelerator.run(*values)
        elements = [t.quantize(x) for t, x in zip(accelerator.inputs, values, strict=True)]
        frame = accelerator.pack(elements)
        np.testing.assert_array_equal(device.frame, frame[:16])
        assert argmax.item() == np.resize(np.roll(frame.view(np.int8), 3), 24)[12:22].argmax()
        assert mover.cycles == 777
    device.result_code = 3
    with pytest.raises(driver.DeviceError, match="has ended with: write error"):
        accelerator.run(*values)


def test_failures(driver):
    device = Device()
    accelerator = driver.Accelerator(device, device)
    values = [np.zeros(INPUT.shape)] * 2
    device.is_broken = True
    with pytest.raises(driver.DeviceError, match="dropped: tlast_late"):
        accelerator.run(*values)
    assert accelerator.take_errors() == set()
    accelerator.enable(False)
    accelerator.abort()
    assert device.model.stored["control"] == 0
    device.is_dead = True
    for action in (accelerator.abort, lambda timeout: accelerator.run(*values, timeout=timeout)):
        with pytest.raises(driver.DeviceError, match="No event"):
            action(timeout=0.01)
    device.model.words[0] = 1
    with pytest.raises(driver.DeviceError, match="no accelerator"):
        driver.Accelerator(device)
    device.model.words |= {0: 0x57484E4E, 4: 2 << 16}
    with pytest.raises(driver.DeviceError, match="version 2, not 1"):
        driver.Accelerator(device)


def test_mapped_memory(driver, tmp_path):
    """A file in the place of /dev/mem."""
    words = np.zeros(MAP.window // 4, "<u4")
    for address, word in MAP.words.items():
        words[address // 4] = word
    (tmp_path / "memory").write_bytes(bytes(4096) + words.tobytes())
    memory = driver.Memory(str(tmp_path / "memory"), base=4096)
    accelerator = driver.Accelerator(memory)
    accelerator.enable(False)
    accelerator.enable()
    assert memory.read(0x080) == 1
    assert accelerator.outputs[1].offset == 12
    assert (tmp_path / "memory").read_bytes()[4096 + 0x80] == 1


def test_pynq_mover(driver):
    class Channel:
        def __init__(self):
            self.log = []

        def transfer(self, buffer):
            self.log.append(buffer)

        def wait(self):
            self.log.append("wait")

    class Dma:
        sendchannel, recvchannel = Channel(), Channel()

    mover = driver.PynqMover(Dma, allocate=np.zeros)
    for _ in range(2):
        mover.start(np.arange(4, dtype=np.uint8), 3)
        Dma.recvchannel.log[-1][:] = 9
        assert mover.finish().tolist() == [9, 9, 9]
    assert Dma.sendchannel.log[0] is Dma.sendchannel.log[2], "buffers are kept"
    assert Dma.sendchannel.log[0].tolist() == [0, 1, 2, 3]
