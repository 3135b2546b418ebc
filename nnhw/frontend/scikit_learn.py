"""What skl2onnx puts around the networks of scikit-learn.

It uses operators of the domain "ai.onnx.ml" in front (Scaler-1, of StandardScaler) and behind: a
classifier has two outputs, the probabilities, also as a list of dictionaries (ZipMap-1), and the
label, which ArrayFeatureExtractor-1 picks from the classes (or Binarizer-1 tells for each of
several labels). Both come from the same numbers, and whoever has these can tell both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .boundary import type_name

_ML = "ai.onnx.ml"
_BEHIND_PROBABILITIES = {
    ("ArgMax", ""),
    ("ArrayFeatureExtractor", _ML),
    ("Binarizer", _ML),
    ("Cast", ""),
    ("Identity", ""),
    ("Reshape", ""),
    ("ZipMap", _ML),
}
"""Operators between the probabilities and the outputs, with their domains."""


def expand_scalers(model: onnx.ModelProto) -> None:
    """Replace every Scaler by the subtraction and the multiplication that it is, in place."""
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        nodes += _expanded(node, model.graph) if _key(node) == ("Scaler", _ML) else [node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _expanded(node: onnx.NodeProto, graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    (source,), (output,) = node.input, node.output
    # Integers are scaled as real numbers, too.
    names = [f"{output}_{suffix}" for suffix in ("real", "centred", "offset", "scale")]
    real, centred, offset, scale = names
    for name, attribute in ((offset, "offset"), (scale, "scale")):
        graph.initializer.append(
            numpy_helper.from_array(np.array(_attribute(node, attribute), np.float32), name)
        )
    return [
        helper.make_node("Cast", [source], [real], f"{node.name}_cast", to=TensorProto.FLOAT),
        helper.make_node("Sub", [real, offset], [centred], f"{node.name}_offset"),
        helper.make_node("Mul", [centred, scale], [output], node.name),
    ]


def cut_classifier(model: onnx.ModelProto) -> tuple[str, ...]:
    """Make the probabilities of a classifier its only output, in place.

    Those of two classes are p and 1 - p; of them p remains. Other models stay as they are.

    Returns
    -------
    tuple
        What the host makes of that output: a line for every output of the model that is another
        one. Empty if the model is no classifier of scikit-learn.
    """
    graph = model.graph
    producers = {name: node for node in graph.node for name in node.output}
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    chains = {value.name: _chain(value.name, producers, constants) for value in graph.output}
    behind = {node.output[0]: node for nodes, _ in chains.values() for node in nodes}
    sources = {source for _, source in chains.values()}
    if len(sources) != 1 or not any(node.domain == _ML for node in behind.values()):
        return ()
    kept = [node for node in graph.node if node.output[0] not in behind]
    del graph.node[:]
    graph.node.extend(kept)
    del graph.output[:]
    graph.output.append(helper.make_empty_tensor_value_info(*sources))
    texts = {
        name: dict.fromkeys(text for node in nodes if (text := _step(node, constants)))
        for name, (nodes, _) in chains.items()
    }
    return tuple(f"{name}: {', '.join(steps)}" for name, steps in texts.items() if steps)


def _chain(
    name: str, producers: dict[str, onnx.NodeProto], constants: dict[str, np.ndarray]
) -> tuple[list[onnx.NodeProto], str]:
    """The nodes that make an output from the probabilities, in order, and these by name."""
    chain: list[onnx.NodeProto] = []
    while (node := producers.get(name)) is not None:
        if _key(node) in _BEHIND_PROBABILITIES:
            chain.insert(0, node)
            # ArrayFeatureExtractor takes the classes first, and which of them second.
            name = node.input[1 if node.op_type == "ArrayFeatureExtractor" else 0]
        elif (difference := _complement(node, producers, constants)) is not None:
            chain[:0] = [difference, node]
            name = node.input[1]
        else:
            break
    return chain, name


def _complement(
    node: onnx.NodeProto, producers: dict[str, onnx.NodeProto], constants: dict[str, np.ndarray]
) -> onnx.NodeProto | None:
    """The node that computes 1 - p if `node` is the concatenation of 1 - p and p; else None."""
    if _key(node) != ("Concat", "") or len(node.input) != 2:
        return None
    other, single = node.input
    difference = producers.get(other)
    if difference is None or _key(difference) != ("Sub", "") or difference.input[1] != single:
        return None
    one = constants.get(difference.input[0])
    return difference if one is not None and (one == 1).all() else None


def _step(node: onnx.NodeProto, constants: dict[str, np.ndarray]) -> str:
    """A node as the user reads it in the manifest; empty if there is nothing to do."""
    match node.op_type:
        case "Identity" | "Sub":
            return ""
        case "Concat":
            return "Concat(1 - p, p)"
        case "ArgMax":
            return f"ArgMax(axis={_attribute(node, 'axis')})"
        case "ArrayFeatureExtractor":
            classes = constants[node.input[0]].ravel().tolist()
            return f"ArrayFeatureExtractor(classes={[_text(name) for name in classes]})"
        case "Binarizer":
            return f"Binarizer(threshold={_attribute(node, 'threshold')})"
        case "Cast":
            return f"Cast(to={type_name(_attribute(node, 'to'))})"
        case "Reshape":
            return f"Reshape(shape={constants[node.input[1]].tolist()})"
    classes = _attribute(node, "classlabels_int64s") or _attribute(node, "classlabels_strings")
    return f"ZipMap(classes={[_text(name) for name in classes]})"


def _text(name: bytes | str | int) -> str | int:
    return name.decode() if isinstance(name, bytes) else name


def _attribute(node: onnx.NodeProto, name: str) -> Any:
    """Value of an attribute; an empty list if it is absent, as lists are by default."""
    given = [a for a in node.attribute if a.name == name]
    return helper.get_attribute_value(given[0]) if given else []


def _key(node: onnx.NodeProto) -> tuple[str, str]:
    return node.op_type, "" if node.domain == "ai.onnx" else node.domain
