"""Mutations of .npz and .npy files: arrays, headers, archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

import numpy as np

from .draw import Draw

HEADERS = (
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (400000000, 4), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2, 4, 4), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 4), }",
    "{'descr': '<f4', 'fortran_order': 1, 'shape': (2, 4), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '|V4', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '<f99', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '<U9999999', 'fortran_order': False, 'shape': (99999,), }",
    "{'descr': '<f4', 'shape': (2,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 0), }",
    "[" * 200,
    "__import__('os')",
    "",
)


def npy(array: np.ndarray, header: str | None = None) -> bytes:
    """An array as a member of an archive, with a header of its own or another one."""
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
    if header is None:
        return file.getvalue()
    text = (header + "\n").encode("latin-1")
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + array.tobytes()


def archive(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        for name, content in members.items():
            target.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return {name: source.read(name) for name in source.namelist()}


def mutate_archive(content: bytes, draw: Draw) -> tuple[bytes, str]:
    """Another archive, and what was done to it."""
    mutate = draw.choice(ARCHIVES)
    changed, detail = mutate(content, draw)
    return changed, f"{mutate.__name__}: {detail}"


def mutate_array(content: bytes, draw: Draw) -> tuple[bytes, str]:
    """Another .npy file, and what was done to it."""
    mutate = draw.choice([change_array, change_array, change_header, bomb, change_bytes])
    if mutate is change_bytes:
        changed, detail = change_bytes(content, draw)
        return changed, f"{mutate.__name__}: {detail}"
    changed, detail = mutate(archive({"x.npy": content}), draw)
    return members_of(changed)["x.npy"], f"{mutate.__name__}: {detail}"


def change_array(content: bytes, draw: Draw) -> tuple[bytes, str]:
    """Other values, shapes or types."""
    members = members_of(content)
    name = draw.choice(list(members))
    array = np.load(io.BytesIO(members[name]), allow_pickle=False).copy()
    what = draw.choice(
        ["value", "value", "value", "type", "shape", "cut", "empty", "axis", "scale"]
    )
    with np.errstate(all="ignore"):
        if what == "value" and array.size and array.dtype.kind in "iuf":
            odd = [0, 1, -1, 127, -128, 2**31, -(2**63), 2**63 - 1, np.nan, np.inf, 1e38]
            value = draw.choice(odd)
            if array.dtype.kind != "f":
                value = (
                    int(min(max(value, np.iinfo(array.dtype).min), np.iinfo(array.dtype).max))
                    if np.isfinite(value)
                    else 3
                )
            array.flat[draw.randrange(array.size)] = value
        elif what == "type" and array.dtype.kind in "iuf":
            types = [np.float64, np.float16, np.int8, np.uint64, bool, np.complex64, "U9", "M8[s]"]
            array = array.astype(draw.choice(types))
        elif what == "shape":
            array = array.reshape(draw.choice([(-1,), (1, *array.shape), array.shape[::-1]]))
        elif what == "cut" and array.ndim:
            array = array[: draw.randint(0, len(array))]
        elif what == "empty":
            array = np.zeros(draw.choice([(0,), (), (0, *array.shape[1:])]), array.dtype)
        elif what == "axis" and array.ndim:
            array = np.asfortranarray(np.moveaxis(array, 0, -1))
        elif what == "scale" and array.dtype.kind in "iuf":
            array = (array * draw.choice([-1, 1e-9, 1e9, 2])).astype(array.dtype)
    members[name] = npy(array)
    return archive(members), f"{what} of {name}"


def change_members(content: bytes, draw: Draw) -> tuple[bytes, str]:
    """Members with other names, missing, added, or no arrays at all."""
    members = members_of(content)
    name = draw.choice(list(members))
    what = draw.choice(["rename", "drop", "text", "pickle", "junk", "add", "none", "swap"])
    if what == "rename":
        new = draw.choice(["z.npy", "../x.npy", "/x.npy", "x", "", "x.npy/y.npy", "\u00e9.npy"])
        members = {new if key == name else key: value for key, value in members.items()}
    elif what == "drop":
        del members[name]
    elif what == "text":
        members[name] = b"no array"
    elif what == "pickle":
        members[name] = npy(np.zeros(1), "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }")
    elif what == "junk":
        members["readme.txt"] = b"hello"
    elif what == "add":
        members[draw.choice(["y.npy", "x.npy", "file.npy"])] = npy(draw.normal(3))
    elif what == "none":
        members = {}
    else:
        keys = list(members)
        members = dict(zip(keys, [members[key] for key in keys[1:] + keys[:1]], strict=True))
    return archive(members), f"{what} {name}"


def change_header(content: bytes, draw: Draw) -> tuple[bytes, str]:
    """A header that lies or says nothing."""
    members = members_of(content)
    name = draw.choice(list(members))
    header = draw.choice(HEADERS)
    members[name] = npy(draw.normal(8), header)
    return archive(members), f"{name} {header[:70]!r}"


def bomb(content: bytes, draw: Draw) -> tuple[bytes, str]:
    """A member that is small in the archive and large outside."""
    members = members_of(content)
    name = draw.choice(list(members))
    count = draw.choice([10**5, 4 * 10**6, 10**7])
    members[name] = npy(np.zeros((count // 8, 8), np.uint8))
    return archive(members, zipfile.ZIP_DEFLATED), f"{name} {count}"


def change_bytes(content: bytes, draw: Draw) -> tuple[bytes, str]:
    """Flipped, missing and added bytes anywhere: headers of members, flags, the directory."""
    data = bytearray(content)
    what = draw.choice(["flip", "flip", "flip", "cut", "insert", "directory", "flags"])
    if what == "flip":
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
    elif what == "cut":
        del data[draw.randrange(len(data)) :]
    elif what == "insert":
        data[draw.randrange(len(data)) : 0] = bytes(draw.randint(1, 9))
    else:
        start = data.rfind(b"PK\x01\x02")
        offset = 8 if what == "flags" else draw.randint(4, 45)
        if start >= 0 and start + offset < len(data):
            data[start + offset] = draw.choice([0, 1, 9, 255])
    return bytes(data), what


ARCHIVES: tuple[Callable[[bytes, Draw], tuple[bytes, str]], ...] = (
    change_array,
    change_array,
    change_members,
    change_header,
    bomb,
    change_bytes,
    change_bytes,
)
