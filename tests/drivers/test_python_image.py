"""Images are loaded by the driver in Python, into registers in Python."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from register_maps import HASH, INPUT, OUTPUT, loaded_map
from register_model import RegisterModel
from test_python_driver import COUNTERS, STATUS, driver_of

from nnhw.image import DESCRIPTION_SECTION, ImageFile, LoadedSection, write_image
from nnhw.registers import BANK_BIT, DESCRIPTION_BIT

MAP = loaded_map()
MACHINE = struct.pack("<8I", *(0x80000000 + word for word in range(8))).hex()


class Device:
    """Registers, and a memory that is loaded."""

    def __init__(self, registers=MAP):
        self.model = RegisterModel(registers)
        self.words = {}
        self.log = []
        self.is_stuck = False
        self.is_free = True
        self.refuses = None

    def read(self, offset):
        running = int(self.is_stuck or self.model.stored["load_control"] & 1)
        inputs = (
            STATUS
            | dict.fromkeys(COUNTERS, 0)
            | {"load_status_running": running, "load_status_ready": 1}
            | {"load_status_free": int(running and self.is_free)}
        )
        return self.model.read(offset, inputs)

    def write(self, offset, value):
        self.log.append(offset)
        commands = self.model.write(offset, value, 15)
        if (word := commands.get("load_data_value_written")) is not None:
            address, control = (self.model.stored[f"load_{n}"] for n in ("address", "control"))
            bank = address >> BANK_BIT & 1
            is_busy = control & 1 and (bank == control >> 2 & 1 or not self.is_free)
            if is_busy or address == self.refuses:
                self.model.stored["error_cause"] |= 4
                return
            if address >> DESCRIPTION_BIT:
                self.model.loaded[256 * bank + (address & 255)] = word
            self.words[address] = word
            self.model.stored["load_address"] += 1


@pytest.fixture
def driver(tmp_path, monkeypatch):
    return driver_of(MAP, tmp_path, monkeypatch)


@pytest.fixture
def image(tmp_path):
    """An image with a section whose words are apart."""
    sections = (
        LoadedSection(
            number=1, address=64, columns=3, distance=4, words=np.arange(9, dtype=np.uint32)
        ),
        LoadedSection(
            number=DESCRIPTION_SECTION,
            address=1 << DESCRIPTION_BIT,
            columns=1,
            distance=1,
            words=np.array(MAP.description, np.uint32),
        ),
    )
    path = tmp_path / "image.bin"
    write_image(ImageFile(machine_sha256=MACHINE, control=0, sections=sections), path)
    return path.read_bytes()


def test_load(driver, image):
    device = Device()
    accelerator = driver.Accelerator(device)
    assert accelerator.model_hash == bytes(32)
    assert accelerator.inputs == accelerator.outputs == []
    accelerator.load(image)
    assert {address: word for address, word in device.words.items() if address < 256} == {
        64 + row * 4 + column: row * 3 + column for row in range(3) for column in range(3)
    }
    assert device.model.stored["load_control"] == 3
    assert accelerator.model_hash == b"".join(word.to_bytes(4, "little") for word in HASH)
    assert accelerator.machine_hash.hex() == MACHINE
    assert [t.shape for t in (*accelerator.inputs, *accelerator.outputs)] == [
        INPUT.shape,
        OUTPUT.shape,
    ]


def test_100_corruptions(driver, image):
    """Whatever is wrong, nothing is written, and it is said what."""
    device = Device()
    accelerator = driver.Accelerator(device)
    rng = np.random.default_rng(3)
    codes = []
    for number in range(100):
        damaged = bytearray(image)
        if number % 5 == 0:
            del damaged[int(rng.integers(len(image))) :]
        elif number % 5 == 1:
            damaged += bytes(int(rng.integers(1, 9)))
        else:
            most = 16 if number % 5 == 2 else len(image)
            damaged[int(rng.integers(most))] ^= 1 << int(rng.integers(8))
        with pytest.raises(driver.ImageError) as caught:
            accelerator.load(bytes(damaged))
        codes.append(caught.value.code)
    assert device.log == []
    assert set(codes) == {"magic", "format", "size", "crc"}


def test_refusals(driver, image):
    device = Device()
    accelerator = driver.Accelerator(device)
    other = bytearray(image)
    other[16] ^= 1
    head = 52 + 24 * 2
    other[head : head + 4] = struct.pack("<I", zlib.crc32(other[:head]))
    with pytest.raises(driver.ImageError, match="for another accelerator") as caught:
        accelerator.load(bytes(other))
    assert caught.value.code == "machine"
    accelerator.load(image)
    device.is_stuck = True
    with pytest.raises(driver.DeviceError, match="are not finished within"):
        accelerator.load(image, timeout=0.01)
    assert device.model.stored["load_control"] == 3, "the network goes on"
    device.is_stuck = False
    device.refuses = 68
    with pytest.raises(driver.ImageError, match="has refused a word") as caught:
        accelerator.load(image)
    assert caught.value.code == "refused"
    assert device.model.stored["load_control"] == 0


@pytest.fixture
def two_banks(tmp_path, monkeypatch):
    return driver_of(loaded_map(banks=2), tmp_path, monkeypatch)


def test_a_network_beside_another_one(two_banks, image):
    """The other bank is loaded while the first one runs, and runs when it is told to."""
    device = Device(loaded_map(banks=2))
    accelerator = two_banks.Accelerator(device)
    accelerator.load(image)
    assert device.model.stored["load_control"] == 3
    with pytest.raises(two_banks.DeviceError, match="was not loaded"):
        accelerator.switch()
    first = dict(device.words)
    device.is_free = False
    with pytest.raises(two_banks.DeviceError, match="in the other bank is not finished"):
        accelerator.load_other(image)
    assert device.words == first
    device.is_free = True
    accelerator.load_other(image)
    assert device.model.stored["load_control"] == 3, "the first one runs all the while"
    assert {a: w for a, w in device.words.items() if a >> BANK_BIT & 1} == {
        address | 1 << BANK_BIT: word for address, word in first.items()
    }
    for control in (7, 3, 7):
        accelerator.switch()
        assert device.model.stored["load_control"] == control
    assert [t.shape for t in accelerator.inputs] == [INPUT.shape]
    accelerator.load(image)
    assert device.model.stored["load_control"] == 7


def test_what_goes_wrong_beside_a_network(two_banks, image):
    """A damaged image writes nothing, one of which a word was refused never runs, and other errors
    stay to be seen."""
    device = Device(loaded_map(banks=2))
    accelerator = two_banks.Accelerator(device)
    accelerator.load(image)
    before = list(device.log)
    with pytest.raises(two_banks.ImageError):
        accelerator.load_other(image[:-1])
    assert device.log == before
    accelerator.load_other(image)
    device.refuses = 1 << BANK_BIT | 68
    device.model.stored["error_cause"] |= 1
    with pytest.raises(two_banks.ImageError, match="has refused a word"):
        accelerator.load_other(image)
    assert accelerator.take_errors() == {"tlast_early"}
    with pytest.raises(two_banks.DeviceError, match="was not loaded"):
        accelerator.switch()
    assert device.model.stored["load_control"] == 3


def test_one_bank_only(driver, image):
    accelerator = driver.Accelerator(Device())
    for call in (accelerator.switch, lambda: accelerator.load_other(image)):
        with pytest.raises(driver.DeviceError, match="holds one network only"):
            call()


def test_a_design_that_is_not_loaded(image, tmp_path, monkeypatch):
    from test_python_driver import MAP as FIXED
    from test_python_driver import Device as Fixed

    driver = driver_of(FIXED, tmp_path, monkeypatch)
    with pytest.raises(driver.DeviceError, match="is not programmable"):
        driver.Accelerator(Fixed()).load(image)
