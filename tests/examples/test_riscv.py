"""The RISC-V example: firmware on a processor classifies digits through the bus."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import nnhw

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "riscv"
DIGITS = EXAMPLES / "digits.npz"


@pytest.fixture(scope="module")
def firmware():
    """The example's compiling of firmware as a module."""
    spec = importlib.util.spec_from_file_location("riscv_firmware", EXAMPLE / "firmware.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(design: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """The script as a program."""
    command = [sys.executable, EXAMPLE / "system.py", design, "--data", DIGITS, "--out", folder]
    return subprocess.run(
        [*command, *arguments], cwd=folder.parent, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    """digits_cnn on a bus."""
    pytest.importorskip("systemrdl")
    folder = tmp_path_factory.mktemp("riscv") / "digits_cnn"
    options = {"macs": 16, "bus": "wishbone", "io": "mapped", "sim": False}
    nnhw.build(EXAMPLES / "digits_cnn.onnx", data=DIGITS, out=folder, **options)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_classifies_digits(compiler, firmware, design, tmp_path):
    """20 classes and all of their scores are the golden model's."""
    pytest.importorskip("pythondata_cpu_vexriscv")
    if compiler not in firmware.compilers():
        pytest.skip(f"The compiler for RISC-V is missing: {compiler}")
    done = run(design, tmp_path / "out", "--compiler", compiler)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "equal to the golden model"
    assert len(firmware.LINE.findall(done.stdout)) == 20
    assert lines[0].startswith("digit 0 is a ")


@pytest.mark.slow
def test_firmware_compiles(firmware, design, tmp_path):
    """With the warnings of the driver's own tests, by whatever compiler there is."""
    import numpy as np

    found = firmware.compilers()
    if not found:
        pytest.skip("A compiler for RISC-V is missing")
    digits = np.load(DIGITS)["x"][:3].reshape(3, -1)
    for compiler in found.values():
        memory = firmware.compile_firmware(compiler, design, digits, tmp_path)
        assert 1000 < len(memory.read_text().splitlines()) < 16384


def test_other_designs_are_refused(tmp_path):
    """Before anything is compiled."""
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "manifest.json").write_text('{"shell": {"bus": "apb", "io": "stream"}}')
    done = run(tmp_path / "net", tmp_path / "out")
    assert done.returncode == 1
    assert "--bus wishbone --io mapped" in done.stderr
    assert not (tmp_path / "out").exists()
