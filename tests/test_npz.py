"""Archives that are damaged or hostile: each ends in one sentence that names the member."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest

from nnhw.budget import memory_budget
from nnhw.errors import BudgetError, DataError
from nnhw.npz import open_arrays


def member(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """An .npy file with a header of its own."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def described(shape: str, data: bytes = b"", dtype: str = "'<f4'") -> bytes:
    return member(f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}", data)


def archive(tmp_path, content: bytes, name: str = "x.npy", method: int = zipfile.ZIP_DEFLATED):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr(name, content)
    return path


def read(path, name: str = "x") -> np.ndarray:
    with open_arrays(path, f"data file {path.name}", DataError) as arrays:
        return arrays.read(name)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(2, 3, 4),
        np.asfortranarray(np.arange(24).reshape(2, 3, 4)),
        np.arange(6, dtype=">i2"),
        np.array(3),
        np.zeros((0, 5)),
        np.array(["a", "bcd"]),
        np.arange(300_000),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_arrays_are_read_as_numpy_reads_them(tmp_path, save, array):
    save(tmp_path / "a.npz", x=array, other=np.arange(3))
    found = read(tmp_path / "a.npz")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", "no NumPy array"),
        (b"", "no NumPy array"),
        (described("(True, 2)", bytes(8)), r"shape \(True, 2\) is not one of whole numbers"),
        (described("(-1, -2)", bytes(8)), r"shape \(-1, -2\) is not"),
        (described("(2.0,)", bytes(8)), "no NumPy array"),
        (described("(1000000000000,)", bytes(8)), r"4000000000000 bytes, but 8 bytes follow"),
        (described("(2,)", bytes(7)), "8 bytes, but 7 bytes follow"),
        (described("(2,)", bytes(9)), "8 bytes, but 9 bytes follow"),
        (described("(1000000000000,)", b"", "'<U0'"), "0 bytes follow"),
        (described("(1,)", bytes(8), "'|O'"), "Python objects, which is not allowed"),
        (described("(1,)", bytes(8), "[('a', '|O')]"), "Python objects, which is not allowed"),
        (described("(1,)", bytes(8), "'no type'"), "no NumPy array"),
        (described("(" * 3000 + ")" * 3000), "no NumPy array"),
        (described("(" + "1," * 9000 + ")"), "no NumPy array"),
        (member("{'shape': (2,)}"), "no NumPy array"),
        (member("__import__('os').getcwd()"), "no NumPy array"),
        (member("{}", version=b"\x09\x00"), r"version \(9, 0\)"),
    ],
)
def test_members_that_lie(tmp_path, content, message):
    with pytest.raises(
        DataError, match=rf"^Array 'x' in data file a\.npz cannot be read: .*{message}"
    ):
        read(archive(tmp_path, content))


def test_a_member_without_its_suffix(tmp_path):
    with pytest.raises(DataError, match=r"'x' in .* no NumPy array"):
        read(archive(tmp_path, b"12345", name="x"))


def good() -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.arange(400))
    return buffer.getvalue()


def test_encrypted(tmp_path):
    path = archive(tmp_path, good(), method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"'x' in .* encrypted"):
        read(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_in_a_way_that_numpy_does_not_use(tmp_path, method):
    with pytest.raises(DataError, match=r"'x' in .* a way that NumPy does not use"):
        read(archive(tmp_path, good(), method=method))


def test_two_members_of_one_name(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.npy", good())
        file.writestr("x", good())
    with pytest.raises(DataError, match=r"Data file a\.npz holds two arrays 'x'"):
        read(path)


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path):
    """No other error, and no other values."""
    path = archive(tmp_path, good())
    data = path.read_bytes()
    refused = []
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :])
        try:
            with open_arrays(path, "data file a.npz", DataError) as arrays:
                if "x" in arrays.names:
                    np.testing.assert_array_equal(arrays.read("x"), np.arange(400))
        except DataError as error:
            refused.append(str(error))
    assert len(refused) > len(data) // 2
    assert not any("\n" in text for text in refused)


def test_cut_off(tmp_path):
    path = archive(tmp_path, good())
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(DataError, match=r"not an \.npz archive"):
            read(path)


def test_arrays_are_counted_before_they_are_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(1 << 20, np.int16))
    assert (tmp_path / "a.npz").stat().st_size < 4096
    with (
        memory_budget("1M"),
        pytest.raises(
            BudgetError, match=r"^Array 'x' of shape \(1048576,\) in data .* about 2 MiB"
        ),
    ):
        read(tmp_path / "a.npz")
