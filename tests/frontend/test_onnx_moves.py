"""What of Concat, Slice, Split, Resize, DepthToSpace and ConvTranspose is refused, and why."""

import numpy as np
import pytest
from onnx_models import check, model, node, normal, save
from operator_models import floats, ints

from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import Conv, Slice
from nnhw.passes import simplify_graph

REFUSED = {
    "negative step": (
        [node("Slice", "x b e a s")],
        {"b": ints(3), "e": ints(0), "a": ints(2), "s": ints(-1)},
        "Slice.*positive steps",
    ),
    "nothing left": (
        [node("Slice", "x b e a")],
        {"b": ints(3), "e": ints(3), "a": ints(2)},
        "Slice.*nothing is left of axis 2",
    ),
    "every second channel": (
        [node("Slice", "x b e a s")],
        {"b": ints(0), "e": ints(4), "a": ints(1), "s": ints(2)},
        r"Slice.*along axes \[1\]; only rows and columns",
    ),
    "index out of range": (
        [node("Gather", "x i", axis=2)],
        {"i": ints(9)},
        r"Gather.*indices \[9\] do not fit axis 2",
    ),
    "embedding": (
        [node("Cast", "x", "n", to=7), node("Gather", "t n")],
        {"t": normal(9, 4)},
        "Gather.*an embedding",
    ),
    "corners between pixels": (
        [node("Resize", "x - k", mode="linear", coordinate_transformation_mode="align_corners")],
        {"k": floats(1, 1, 1, 0.6)},
        r"Resize.*makes 3.6 of 6 pixels.*give it sizes",
    ),
    "integers between corners": (
        [
            node("QuantizeLinear", "x scale zero", "q"),
            node(
                "Resize",
                "q - k",
                "r",
                mode="linear",
                coordinate_transformation_mode="align_corners",
            ),
            node("DequantizeLinear", "r scale zero"),
        ],
        {"k": floats(1, 1, 2, 2), "scale": np.float32(0.1), "zero": np.int8(0)},
        r"Resize.*interpolates integers.*'align_corners'; use mode='linear'",
    ),
    "cropped": (
        [
            node(
                "Resize",
                "x r k",
                coordinate_transformation_mode="tf_crop_and_resize",
            )
        ],
        {"r": floats(0, 0, 0, 0, 1, 1, 1, 1), "k": floats(1, 1, 2, 2)},
        "coordinate_transformation_mode='tf_crop_and_resize'",
    ),
    "channels": ([node("Resize", "x - k")], {"k": floats(1, 2, 1, 1)}, "scales 1, 2, 1, 1"),
    "antialias": (
        [node("Resize", "x - k", antialias=1)],
        {"k": floats(1, 1, 2, 2)},
        "antialias=1 is not supported",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path, name):
    nodes, constants, message = REFUSED[name]
    made = model(nodes, (1, 4, 4, 6), constants, opset=19)
    with pytest.raises(UnsupportedError, match=message):
        load_model(save(made, tmp_path))


@pytest.mark.parametrize("scale", [1.5, 0.5, 3.0])
@pytest.mark.parametrize("coordinates", ["align_corners", "asymmetric", "half_pixel"])
def test_nearest_pixels_by_any_scale(tmp_path, scale, coordinates):
    resize = node("Resize", "x - k", coordinate_transformation_mode=coordinates)
    check(model([resize], (1, 4, 4, 6), {"k": floats(1, 1, scale, 1)}, opset=19), tmp_path)


def test_channels_last_tensors(tmp_path):
    """Concat, Split and Slice between two Transposes, as other frameworks' exporters write them."""
    nodes = [
        node("Transpose", "x", "t", perm=[0, 2, 3, 1]),
        node("Split", "t", "a b", axis=3),
        node("Concat", "b a t", "c", axis=3),
        node("Slice", "c b0 e0 a0", "s"),
        node("Transpose", "s", perm=[0, 3, 1, 2]),
    ]
    constants = {"b0": ints(1, 2), "e0": ints(4, 7), "a0": ints(1, 3)}
    check(model(nodes, (1, 4, 5, 6), constants), tmp_path)


def test_sequences(tmp_path):
    nodes = [
        node("Conv", "x w", "c"),
        node("Concat", "c x", "d", axis=2),
        node("Slice", "d b e a", "s"),
        node("Resize", "s - k"),
    ]
    constants = {
        "w": normal(3, 3, 3),
        "b": ints(1, 2),
        "e": ints(3, 9),
        "a": ints(1, 2),
        "k": floats(1, 1, 3),
    }
    check(model(nodes, (1, 3, 7), constants), tmp_path)


def test_slices_of_five_axes(tmp_path):
    """Along one axis or two from anywhere; along three only where nothing lies outside of them."""
    shape = ints(1, 2, 3, 4, 6)

    def sliced(*axes: int):
        nodes = [
            node("Gemm", "x w", "g"),  # fixes the order in memory
            node("Reshape", "g n", "r"),
            node("Slice", "r b e a", "s"),
            node("Flatten", "s"),
        ]
        constants = {
            "w": normal(6, 144),
            "n": shape,
            "b": ints(*(1 for _ in axes)),
            "e": ints(*(99 for _ in axes)),
            "a": ints(*axes),
        }
        return model(nodes, (1, 6), constants)

    for axes in ((1,), (2,), (3,), (4,), (1, 4), (2, 3), (2, 4), (1, 2, 3), (1, 3, 4)):
        check(sliced(*axes), tmp_path)
    with pytest.raises(UnsupportedError, match=r"Slice.*it cuts 3 axes at once"):
        load_model(save(sliced(2, 3, 4), tmp_path))


def test_slice_of_whole_axes_is_nothing(tmp_path):
    constants = {"b": ints(0, -9), "e": ints(99, 2**62), "a": ints(1, 3)}
    made = model([node("Relu", "x", "r"), node("Slice", "r b e a")], (1, 3, 4, 5), constants)
    assert not any(isinstance(n, Slice) for n in check(made, tmp_path).nodes)


def test_order_of_channels_goes_into_the_convolution(tmp_path):
    nodes = [
        node("Conv", "x w b", "c"),
        node("Relu", "c", "r"),
        node("DepthToSpace", "r", "d", blocksize=2, mode="CRD"),
        node("Conv", "d v"),
    ]
    constants = {"w": normal(12, 4, 3, 3), "b": normal(12), "v": normal(2, 3, 1, 1)}
    graph = simplify_graph(check(model(nodes, (1, 4, 5, 6), constants), tmp_path))
    assert [type(n).__name__ for n in graph.nodes] == ["Conv", "DepthToSpace", "Conv"]
    assert isinstance(graph.nodes[0], Conv)
    assert graph.nodes[0].clamp.lo == 0


@pytest.mark.parametrize("kernel", range(1, 6))
@pytest.mark.parametrize("stride", range(1, 4))
def test_transposed_convolution_of_every_padding(tmp_path, kernel, stride):
    rng = np.random.default_rng([kernel, stride])
    for attempt in range(3):
        pads = rng.integers(0, kernel + 1, 4).tolist()
        extra = rng.integers(0, stride, 2).tolist()
        full = [
            (size - 1) * stride + kernel + more for size, more in zip((3, 4), extra, strict=True)
        ]
        if full[0] <= pads[0] + pads[2] or full[1] <= pads[1] + pads[3]:
            pads = [0, 0, 0, 0]
        transposed = node(
            "ConvTranspose",
            "x w b",
            strides=[stride, stride],
            pads=pads,
            output_padding=extra,
        )
        constants = {"w": normal(2, 3, kernel, kernel, seed=attempt), "b": normal(3)}
        check(model([transposed], (1, 2, 3, 4), constants), tmp_path)


@pytest.mark.parametrize("activation", ["Relu", "LeakyRelu", "Tanh"])
def test_vector_to_image_costs_nothing(tmp_path, activation):
    """The fully connected layer of a decoder writes its results in the order of the image."""
    nodes = [
        node("Gemm", "x w b", "g"),
        node(activation, "g", "a"),
        node("Reshape", "a n", "r"),
        node("Conv", "r v"),
    ]
    constants = {
        "w": normal(5, 60),
        "b": normal(60),
        "n": ints(1, 3, 4, 5),
        "v": normal(2, 3, 3, 3),
    }
    graph = simplify_graph(check(model(nodes, (1, 5), constants), tmp_path))
    assert [n.weight.shape for n in graph.nodes if isinstance(n, Conv)] == [
        (60, 1, 1, 5),
        (2, 3, 3, 3),
    ]


def test_order_is_not_taken_over_from_what_is_read_twice(tmp_path):
    nodes = [
        node("Gemm", "x w", "g"),
        node("Tanh", "g", "a"),
        node("Reshape", "a n", "r"),
        node("Conv", "r v", "c"),
        node("Flatten", "c", "f"),
        node("Gemm", "f m", "p"),
        node("Gemm", "a m", "q"),
        node("Add", "p q"),
    ]
    constants = {"w": normal(5, 12), "n": ints(1, 3, 2, 2), "v": normal(3, 3, 1, 1)}
    constants["m"] = normal(12, 4)
    check(model(nodes, (1, 5), constants), tmp_path)


def turned(*perm: int):
    nodes = [
        node("Conv", "x w", "c"),
        node("Transpose", "c", "t", perm=perm),
        node("Conv", "t v"),
    ]
    return model(nodes, (1, 4, 4, 4), {"w": normal(4, 4, 1, 1), "v": normal(2, 4, 3, 3)})


def test_columns_become_channels(tmp_path):
    check(turned(0, 3, 2, 1), tmp_path)


@pytest.mark.parametrize("factors", [(1, 2), (2, 1), (3, 2), (4, 5), (7, 1)])
@pytest.mark.parametrize("size", [(1, 1), (1, 3), (4, 2)])
def test_linear_interpolation(tmp_path, factors, size):
    made = model(
        [node("Resize", "x - k", mode="linear")], (1, 2, *size), {"k": floats(1, 1, *factors)}
    )
    check(made, tmp_path)


@pytest.mark.parametrize("sizes", [(1, 1), (4, 6), (8, 12), (9, 5), (12, 3), (2, 9)])
@pytest.mark.parametrize("size", [(1, 3), (4, 6)])
@pytest.mark.parametrize(
    "coordinates", ["align_corners", "asymmetric", "half_pixel_symmetric", "pytorch_half_pixel"]
)
def test_linear_interpolation_at_any_place(tmp_path, coordinates, size, sizes):
    settings = {"mode": "linear", "coordinate_transformation_mode": coordinates}
    resize = node("Resize", "x - - n", **settings)
    made = model([resize], (1, 2, *size), {"n": ints(1, 2, *sizes)}, opset=19)
    check(made, tmp_path)


@pytest.mark.parametrize("exclude_outside", [0, 1])
@pytest.mark.parametrize("sizes", [(8, 12), (9, 5)])
@pytest.mark.parametrize("coordinates", ["align_corners", "asymmetric", "half_pixel"])
def test_cubic_interpolation(tmp_path, coordinates, sizes, exclude_outside):
    settings = {"mode": "cubic", "coordinate_transformation_mode": coordinates}
    settings |= {"exclude_outside": exclude_outside, "cubic_coeff_a": -0.5}
    resize = node("Resize", "x - - n", **settings)
    check(model([resize], (1, 2, 4, 6), {"n": ints(1, 2, *sizes)}, opset=19), tmp_path)


def test_what_enlarges_by_integers_repeats_and_averages(tmp_path):
    """As hardware then multiplies nothing; other places take a product along each axis."""

    def kinds(coordinates):
        settings = {"mode": "linear", "coordinate_transformation_mode": coordinates}
        resize = node("Resize", "x - k", **settings)
        made = model([resize], (1, 2, 4, 3), {"k": floats(1, 1, 2, 3)}, opset=19)
        return {type(made).__name__ for made in check(made, tmp_path).nodes}

    assert kinds("half_pixel") == kinds("asymmetric") == {"Resize", "AveragePool"}
    assert kinds("align_corners") == {"Transpose", "Conv", "Reshape"}
