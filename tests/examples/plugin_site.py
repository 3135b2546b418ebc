"""Packages as pip would install them, in folders of their own and without pip."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plugin"


def install_example(site: Path) -> None:
    """The example package."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    (site / "nnhw_example").symlink_to(EXAMPLE / "src" / "nnhw_example")
    install(site, project["name"], project["version"], project["entry-points"])


def install(
    site: Path,
    name: str,
    version: str,
    entry_points: Mapping[str, Mapping[str, str]],
    **modules: str,
) -> None:
    """Metadata of a distribution with entry points, by group and name, and its modules."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = []
    for group, entries in entry_points.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for module, source in modules.items():
        (site / f"{module}.py").write_text(source)


def run_python(*arguments: str, sites: tuple[Path, ...], cwd: Path) -> subprocess.CompletedProcess:
    """A Python program that finds nnhw, and what is in the folders."""
    path = os.pathsep.join(map(str, (ROOT, *sites)))
    environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )
