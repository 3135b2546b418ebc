"""Mutations of exported folders, and of what lies beside an output folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .archives import mutate_archive
from .draw import Draw

MARK = "fuzz_mark"
"""In every name that must not reach another program."""

HOSTILE = (
    f"x; exec -- touch {MARK}",
    f"x\nexec -- touch {MARK}",
    f'x"; exec -- touch {MARK}; "',
    f"$(touch {MARK})",
    f"`touch {MARK}`",
    f"../../keep/{MARK}.v",
    f"/tmp/{MARK}.v",
    f"-o {MARK}",
    f"{MARK} {MARK}",
    f"{MARK}\x00",
)
VALUES: tuple[object, ...] = (
    *(None, True, 0, -1, 1, 2, 255, 2**31, 2**63, 1.5, 1e308, "", "x", "../x", [], {}, [1], [[]]),
    *({"a": 1}, "\u202e", "[bold]", "a" * 5000, [0, 0, 0], [1, 2, 3], [-1, 2, 3], [10**9] * 3),
)


def change_manifest(folder: Path, draw: Draw) -> str:
    """Any one field at any depth: another value, missing, one more."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    places = list(_places(manifest))
    holder, key = draw.choice(places)
    what = draw.choice(["value", "value", "near", "drop", "hostile"])
    old = holder[key]
    if what == "drop":
        del holder[key]
    elif what == "near" and isinstance(old, int):
        holder[key] = old + draw.choice([-1, 1, 7])
    elif what == "hostile":
        holder[key] = draw.choice(HOSTILE)
    else:
        holder[key] = draw.choice(VALUES)
    path.write_text(json.dumps(manifest, indent=2))
    return f"{what} {key!r}"


def change_names(folder: Path, draw: Draw) -> str:
    """Names that programs are told, as someone who means harm writes them."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    key = draw.choice(["top", "clock", "sources", "sources", "memory_files", "cell_models"])
    name = draw.choice(HOSTILE)
    if key in ("top", "clock"):
        manifest[key] = name
    else:
        manifest[key] = [*draw.choice([[], manifest.get(key, [])]), name]
    path.write_text(json.dumps(manifest, indent=2))
    if key not in ("top", "clock") and not name.startswith(("/", "..")) and "\0" not in name:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("module x; endmodule\n")
    return f"{key} {name!r}"


def change_data(folder: Path, draw: Draw) -> str:
    """golden.npz or vectors.npz, field by field or byte by byte."""
    path = folder / draw.choice(["golden.npz", "golden.npz", "sim/vectors.npz"])
    content, detail = mutate_archive(path.read_bytes(), draw)
    path.write_bytes(content)
    return f"{path.name} {detail}"


def change_golden_text(folder: Path, draw: Draw) -> str:
    """The structure in golden.npz: one character of one string in it."""
    return _change_bytes(folder / "golden.npz", draw)


def change_bytes(folder: Path, draw: Draw) -> str:
    """Bytes of any file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return _change_bytes(draw.choice([folder / "manifest.json", *files]), draw)


def _change_bytes(path: Path, draw: Draw) -> str:
    data = bytearray(path.read_bytes() or b" ")
    what = draw.choice(["flip", "flip", "cut", "empty", "utf8", "insert"])
    place = draw.randrange(len(data))
    if what == "flip":
        data[place] = draw.randrange(256)
    elif what == "cut":
        del data[place:]
    elif what == "empty":
        data.clear()
    elif what == "utf8":
        data[place:place] = b"\xff\xfe"
    else:
        data[place:place] = bytes([draw.randrange(256)])
    path.write_bytes(bytes(data))
    return f"{what} in {path.name}"


def replace_file(folder: Path, draw: Draw) -> str:
    """A file that is missing, a folder, or a link to nothing, to itself or elsewhere."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    usual = [folder / name for name in ("manifest.json", "golden.npz", "sim/vectors.npz")]
    path = draw.choice([*usual, *usual, *files])
    if not path.exists():
        return "gone already"
    content = path.read_bytes()
    path.unlink()
    what = draw.choice(["missing", "folder", "dangling", "loop", "outside", "deep", "fifo"])
    if what == "folder":
        path.mkdir()
    elif what == "dangling":
        path.symlink_to("nowhere")
    elif what == "loop":
        path.symlink_to(path.name)
    elif what == "outside":
        path.symlink_to(folder.parents[1] / "keep" / "secret.bin")
    elif what == "deep":
        path.write_bytes(b"[" * 100_000 if path.suffix == ".json" else content * 3)
    elif what == "fifo":
        path.write_bytes(content)
        path.chmod(0)
    return f"{path.name} {what}"


def _places(value: Any) -> list[tuple[Any, Any]]:
    """All (container, key) in a JSON value."""
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += _places(inner)
    return found


FOLDERS: tuple[Callable[[Path, Draw], str], ...] = (
    change_manifest,
    change_manifest,
    change_manifest,
    change_names,
    change_names,
    change_data,
    change_data,
    change_golden_text,
    change_bytes,
    replace_file,
)
"""Each changes an exported folder and returns what it did."""

BESIDE = (".design.partial", ".design.old", "design.failed", ".design.failed.old", "design")


def occupy(out: Path, draw: Draw) -> tuple[list[str], str]:
    """Put something of the user's where a build to `out`/design wants to write.

    Returns what has to be there afterwards, relative to `out`, and what it is.
    """
    protected, told = [], []
    for name in draw.sample(BESIDE, draw.choice([1, 1, 2])):
        path = out / name
        what = draw.choice(["folder", "folder", "manifest", "link", "dangling", "file"])
        if what in ("folder", "manifest"):
            path.mkdir()
            (path / "precious.txt").write_text("mine")
            if what == "manifest":
                content = draw.choice(["{}", '{"name": "app", "version": "1.0"}', "x"])
                (path / "manifest.json").write_text(content)
        elif what == "link":
            path.symlink_to(out.parent / "keep" / "folder")
        elif what == "dangling":
            path.symlink_to("nowhere")
        else:
            path.write_text("mine")
        protected.append(name)
        told.append(f"{name} is a {what}")
    return protected, ", ".join(told)
