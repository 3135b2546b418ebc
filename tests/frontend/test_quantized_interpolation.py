"""Linear interpolation in models that arrive quantized."""

import numpy as np
import pytest
from onnx_models import save
from quantized_models import Qdq
from quantized_reference import integer_graph, output_steps


@pytest.mark.parametrize("factors", [(2, 2), (3, 2), (1, 2), (4, 1), (3, 3)])
@pytest.mark.parametrize("scale", [0.0131, 0.02])
def test_rows_and_columns(factors, scale, tmp_path):
    b = Qdq((1, 3, 5, 4))
    x = b.qdq(b.node("Conv", [b.qdq("x", 0.02), b.weights((4, 3, 1, 1))]), 0.019, 4)
    sizes = b.constant(np.array([1, 1, *factors], np.float32))
    inputs = [x, "", sizes]
    resized = b.node("Resize", inputs, mode="linear", coordinate_transformation_mode="half_pixel")
    b.qdq(resized, scale, -3, "int8", "y")
    made = b.model()
    steps = output_steps(made, integer_graph(save(made, tmp_path)), b.samples())
    assert np.abs(steps).max() <= 1
    assert np.count_nonzero(steps) <= 0.02 * steps.size
