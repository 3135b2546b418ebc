"""The manual can be made without a warning, and what is generated in it is complete."""

import os
import subprocess
import sys
from pathlib import Path

import nnhw
from nnhw.isa import field_docs, instructions

ROOT = Path(__file__).parents[2]


def test_manual(tmp_path):
    """One test, since making the manual takes long."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E"]
    command += ["-d", str(tmp_path / "doctrees"), str(ROOT / "docs"), str(tmp_path / "html")]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}
    )
    assert done.returncode == 0, done.stderr
    reference = tmp_path / "html" / "reference"
    pages = {path.name: path.read_text(encoding="utf-8") for path in reference.rglob("*.html")}
    for kind in instructions.Instruction.__args__:
        assert f"<h2>{kind.__name__}" in pages["instructions.html"]
        for name in field_docs(kind):
            assert f">{name}<" in pages["instructions.html"], name
    signature = pages["MacColumn.html"].split("</dt>")[0]
    assert "multiplier_stages" in signature
    assert "src_loc_at" not in signature
    for name in ("operator", "register_operator", "executes", "maps", "combines", "Family"):
        assert f".{name}" in pages["plugins.html"], name
    for name in nnhw.__all__:
        assert getattr(nnhw, name).__name__ in pages["python.html"], name
