"""Numbers of the driver in C: quantization in integers, and what a host does in floating point."""

from __future__ import annotations

import ctypes
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nnhw.ir import Quantization
from nnhw.registers.tensors import float_bits, multiplier_and_shift

DRIVER = Path(__file__).parents[2] / "nnhw" / "drivers" / "c"
STRICT = ("-std=c99", "-ffreestanding", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic")


class Tensor(ctypes.Structure):
    """struct nnhw_tensor."""

    _fields_ = [
        *((name, ctypes.c_uint32) for name in ("offset", "size", "height", "width", "channels")),
        ("bits", ctypes.c_uint32),
        ("is_signed", ctypes.c_int),
        ("is_output", ctypes.c_int),
        ("zero_point", ctypes.c_int32),
        ("multiplier", ctypes.c_uint32),
        ("shift", ctypes.c_int32),
        ("scale_bits", ctypes.c_uint32),
        ("preprocess", ctypes.c_uint32),
        ("postprocess", ctypes.c_uint32),
        ("host_offset_bits", ctypes.c_uint32),
        ("host_scale_bits", ctypes.c_uint32),
    ]


def tensor(scale: float, zero_point: int = 0, bits: int = 8, size: int = 1, **more: int) -> Tensor:
    """A tensor of the table."""
    multiplier, shift = multiplier_and_shift(scale)
    return Tensor(
        size=size,
        bits=bits,
        is_signed=1,
        zero_point=zero_point,
        multiplier=multiplier,
        shift=shift,
        scale_bits=float_bits(scale),
        **more,
    )


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """The driver's functions of numbers."""
    library = tmp_path_factory.mktemp("driver") / "numbers.so"
    sources = [str(DRIVER / name) for name in ("nnhw_numbers.c", "nnhw_float.c")]
    subprocess.run(["gcc", *STRICT, "-O2", "-shared", "-fPIC", *sources, "-o", library], check=True)
    return ctypes.CDLL(str(library))


SCALES = (1.0, 0.1, 0.00390625, 3.7e-5, 123.456, 2.0**-30, 2.0**25, 0.75)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("fraction", [0, 8, 16, 31])
def test_quantize_and_dequantize(driver, scale, fraction):
    """Against exact fractions."""
    rng = np.random.default_rng([int(np.float32(scale).view(np.uint32)), fraction])
    exact = Fraction(float(np.float32(scale)))
    for zero_point, bits in ((0, 8), (-128, 8), (5, 4)):
        it = tensor(scale, zero_point, bits)
        low, high = -(1 << bits - 1), (1 << bits - 1) - 1
        near = [round(exact * k / 2 * 2**fraction) for k in range(-270, 271, 9)]
        values = [0, 1, -1, 2**31 - 1, -(2**31), *rng.integers(-(2**31), 2**31, 50).tolist()]
        for value in [*values, *(v for v in near if abs(v) < 2**31)]:
            steps = round(Fraction(value, 2**fraction) / exact) + zero_point
            wanted = min(max(steps, low), high)
            assert driver.nnhw_quantize(ctypes.byref(it), value, fraction) == wanted, value
        for element in (low, high, 0, 1, -1, zero_point):
            real = round((element - zero_point) * exact * 2**fraction)
            wanted = min(max(real, -(2**31)), 2**31 - 1)
            assert driver.nnhw_dequantize(ctypes.byref(it), element, fraction) == wanted, element


@pytest.mark.parametrize(("scale", "zero_point", "bits"), [(0.1, -128, 8), (0.02, 3, 6)])
@pytest.mark.parametrize("rule", [0, 1])
def test_preprocess(driver, scale, zero_point, bits, rule):
    values = np.random.default_rng(4).normal(0, 10, 2000).astype(np.float32)
    values[:3] = 1e30, -1e30, 0.05
    offset, divisor = np.float32(0.5 * rule), np.float32(0.3 if rule else scale)
    it = tensor(
        scale,
        zero_point,
        bits,
        size=values.size,
        preprocess=rule,
        host_offset_bits=float_bits(0.5),
        host_scale_bits=float_bits(0.3),
    )
    elements = np.zeros(values.size, np.int8)
    assert (
        driver.nnhw_preprocess(
            ctypes.byref(it),
            values.ctypes.data_as(ctypes.c_void_p),
            elements.ctypes.data_as(ctypes.c_void_p),
        )
        == 0
    )
    q = Quantization(bits=bits, scale=scale, zero_point=zero_point)
    wanted = np.clip(np.rint((values - offset) / divisor) + zero_point, q.lo, q.hi)
    np.testing.assert_array_equal(elements, wanted.astype(np.int8))
    it.preprocess = 2
    assert driver.nnhw_preprocess(ctypes.byref(it), None, None) < 0


def test_postprocess(driver):
    rng = np.random.default_rng(5)
    elements = rng.integers(-128, 128, 1000, np.int8)
    pointer = ctypes.c_void_p
    assert driver.nnhw_argmax(elements.ctypes.data_as(pointer), 1000) == elements.argmax()
    values = np.zeros(1000, np.float32)
    it = tensor(0.1, 7, size=1000)
    driver.nnhw_to_real(
        ctypes.byref(it), elements.ctypes.data_as(pointer), values.ctypes.data_as(pointer)
    )
    real = (np.float32(0.1) * (elements.astype(np.float32) - 7)).astype(np.float32)
    np.testing.assert_array_equal(values, real)
    for count in (1, 10, 1000):
        part = real[:count].copy()
        driver.nnhw_softmax(part.ctypes.data_as(pointer), count)
        shifted = np.exp((real[:count] - real[:count].max()).astype(np.float64))
        np.testing.assert_allclose(part, shifted / shifted.sum(), rtol=1e-6)
    part = np.concatenate([real, np.float32([-200, -80, 80, 200])])
    wanted = 1 / (1 + np.exp(-np.clip(part.astype(np.float64), -87, None)))
    driver.nnhw_sigmoid(part.ctypes.data_as(pointer), part.size)
    np.testing.assert_allclose(part, wanted, rtol=2e-6, atol=1e-37)
