"""TFLite operators, one at a time, against LiteRT's interpreter."""

import numpy as np
import pytest

pytest.importorskip("tflite", reason="the extra 'tflite' is not installed")
pytest.importorskip("ai_edge_litert", reason="ai-edge-litert, the reference, is not installed")

from tflite_cases import CASES, ON_HOST, Case
from tflite_reference import LiteRt, integer_answers, translated

from nnhw.frontend import load_model

TIE = 1e-3
"""Steps; what is nearer to the middle of two integers may be rounded to either."""

COARSE = {
    "LEAKY_RELU": 0.1,  # LiteRT's multiplier has 8 bits
    "QUANTIZE": 0.1,  # likewise
    "PRELU": 0.501,  # the sum of two numbers that are rounded already: no ties are known
}
"""Likewise, of operators that one side computes less exactly."""

NOT_IN_LITERT = {("ELU", "uint8"), ("CONCATENATION requantized", "int8")}


def check_rounding(
    ours: np.ndarray, theirs: np.ndarray, exact: np.ndarray, nearest: float = TIE
) -> None:
    """At most one step apart, and that only where the exact result is a tie."""
    assert np.abs(ours - theirs).max() <= 1
    tie = np.abs(exact - np.floor(exact) - 0.5)
    assert (tie[ours != theirs] < nearest).all()


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("name", CASES)
def test_integers(name, dtype, tmp_path):
    if (name, dtype) in NOT_IN_LITERT:
        pytest.skip("LiteRT has no such kernel")
    path = tmp_path / "model.tflite"
    path.write_bytes(CASES[name](Case(dtype)))
    file = LiteRt(path.read_bytes())
    samples = file.samples(8)
    wanted = file.answers(samples)
    ours = integer_answers(path, samples)
    exact = translated(path, file, samples)
    assert len(ours) == len(wanted) == len(exact)
    for port, theirs, real, unrounded in zip(file.outputs, wanted, ours, exact, strict=True):
        theirs = theirs.reshape(len(theirs), -1).astype(np.int64)
        assert np.ptp(theirs) > 10, "the case has to be able to fail"
        check_rounding(
            np.rint(port.steps(real)), theirs, port.steps(unrounded), COARSE.get(name, TIE)
        )


@pytest.mark.parametrize("name", CASES)
def test_real_numbers(name, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(CASES[name](Case("float32")))
    file = LiteRt(path.read_bytes())
    samples = file.samples(4)
    load_model(path)
    for theirs, ours in zip(file.answers(samples), translated(path, file, samples), strict=True):
        np.testing.assert_allclose(ours, theirs.reshape(len(theirs), -1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("name", ON_HOST)
def test_on_host(name, dtype, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(ON_HOST[name](Case(dtype)))
    file = LiteRt(path.read_bytes())
    samples = file.samples(16)
    (theirs,), (exact,), (port,) = (
        file.answers(samples),
        translated(path, file, samples),
        file.outputs,
    )
    ours = np.clip(np.rint(port.steps(exact)), *(np.iinfo(dtype).min, np.iinfo(dtype).max))
    check_rounding(ours, theirs.reshape(len(theirs), -1), port.steps(exact))
    (output,) = load_model(path).outputs
    assert output.host_postprocess[-3].startswith(("Softmax", "Sigmoid"))
