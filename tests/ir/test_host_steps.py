"""Steps of the host, and the rule that they and a quantization come to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnhw.golden import quantize_input
from nnhw.ir import Graph, HostStep, Port, Quantization, Tensor, apply_host_steps, host_rule


def step(operator: str, *operand: float) -> HostStep:
    return HostStep(operator=operator, operand=np.array(operand, np.float32))


def quantized(scale: float, zero_point: int = 3) -> Quantization:
    return Quantization(bits=8, scale=scale, zero_point=zero_point)


def test_offset_and_scale() -> None:
    rule = host_rule([step("Sub", 1, 2), step("Div", 3, 4)], quantized(1.0))
    assert rule.steps == ()
    assert rule.offset.tolist() == [1, 2]
    assert rule.scale.tolist() == [3, 4]
    assert rule.zero_point == 3
    halved = host_rule([step("Sub", 1, 2), step("Div", 3, 5)], quantized(0.25))
    assert halved.scale.tolist() == [0.75, 1.25]


def test_an_added_constant_is_an_offset() -> None:
    rule = host_rule([step("Add", 5)], quantized(0.5))
    assert (rule.steps, rule.offset.tolist(), rule.scale.tolist()) == ((), [-5], [0.5])


def test_what_is_left_before_the_rule() -> None:
    """Two divisions in a row round twice, so that one cannot stand for them."""
    steps = [step("Mul", 0.1), step("Sub", 1), step("Div", 3)]
    rule = host_rule(steps, quantized(0.7))
    assert [s.operator for s in rule.steps] == ["Mul", "Sub", "Div"]
    assert not rule.offset.any()


@pytest.mark.parametrize(
    ("operator", "operand"),
    [("Pow", np.ones(1, np.float32)), ("Sub", np.ones(1)), ("Sub", np.float32([np.inf]))],
)
def test_steps_are_checked(operator: str, operand: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"Operator|operand"):
        HostStep(operator=operator, operand=operand)


@pytest.mark.parametrize(("shape", "fits"), [((1,), True), ((3,), True), ((2, 3), False)])
def test_operands_fit_the_input(shape: tuple[int, ...], fits: bool) -> None:
    sub = HostStep(operator="Sub", operand=np.ones(shape, np.float32))
    port = Port(tensor="x", onnx_name="x", onnx_shape=(3, 4, 2), host_preprocess=(sub,))
    tensors = {"x": Tensor(name="x", shape=(4, 2, 3))}
    arguments = {"name": "n", "nodes": (), "tensors": tensors, "inputs": (port,), "outputs": ()}
    if fits:
        assert Graph(**arguments).inputs == (port,)
    else:
        with pytest.raises(ValueError, match=r"does not fit input 'x'"):
            Graph(**arguments)


@given(
    st.lists(
        st.builds(
            step,
            st.sampled_from(["Add", "Sub", "Mul", "Div"]),
            st.floats(0.0625, 300, width=32),
        ),
        max_size=4,
    ),
    st.sampled_from([1.0, 0.25, float(np.float32(0.1))]),
    st.integers(-128, 127),
)
def test_rule_gives_the_same_integers(steps: list[HostStep], scale: float, zero_point: int) -> None:
    q = quantized(scale, zero_point)
    rule = host_rule(steps, q)
    x = np.random.default_rng(0).normal(scale=100, size=(500, 1, 1, 1)).astype(np.float32)
    y = apply_host_steps(rule.steps, x)
    quotient = (y - rule.offset) / rule.scale  # float32 throughout
    expected = np.clip(np.rint(quotient).astype(np.float64) + rule.zero_point, q.lo, q.hi)
    np.testing.assert_array_equal(quantize_input(x, q, steps), expected)
