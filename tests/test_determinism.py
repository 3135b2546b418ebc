"""The same model, data and options give the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


def build_in_process(folder: Path, hash_seed: int) -> dict[str, bytes]:
    """Files of a build in a Python of its own; `hash_seed` gives sets an order of their own."""
    folder.mkdir()
    command = [sys.executable, "-m", "nnhw", "build", str(EXAMPLES / "digits_resnet.onnx")]
    command += ["--data", str(EXAMPLES / "digits.npz"), "--out", "design"]
    command += ["--macs", "32", "--no-sim", "--quiet"]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    subprocess.run(command, check=True, cwd=folder, env=environment)
    design = folder / "design"
    return {
        path.relative_to(design).as_posix(): path.read_bytes()
        for path in design.rglob("*")
        if path.is_file()
    }


def test_builds_are_byte_identical(tmp_path):
    """Even in other processes, in other folders and with another order of sets."""
    first = build_in_process(tmp_path / "first", hash_seed=1)
    again = build_in_process(tmp_path / "again", hash_seed=2)
    assert "rtl/digits_resnet.v" in first
    assert [name for name in first if first[name] != again.get(name)] == []
    assert first.keys() == again.keys()
