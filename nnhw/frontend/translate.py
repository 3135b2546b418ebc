"""Translates a prepared model node by node, and collects every problem on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product, zip_longest

import numpy as np
import onnx

from ..errors import ModelError, NnhwError, first_line, reading
from ..ir import Port, Reshape, Transpose
from .advice import (
    DYNAMIC,
    DYNAMICALLY_QUANTIZED,
    ONLY_IN_TRAINING,
    advice,
    attribute_advice,
)
from .builder import Builder
from .network_size import check_network
from .node import Known, OnnxNode
from .operators import find_operator
from .operators.host import follows_on_host, leave_to_host, trailing_tensors
from .operators.registry import Result
from .output_ports import OutputPorts
from .ports import Interpretation, channels_first, input_port, interpretations
from .prepare import PreparedModel
from .problems import FollowOnError, NodeError, SeveralSamplesError
from .translation import TranslatedNode, Translation
from .value import HostValue, Value

_MOST_CHOICES = 256
"""Interpretations of all inputs together that are tried; a few inputs have fewer."""


def translate(model: PreparedModel) -> Translation:
    """Translate a model under that interpretation of its inputs which serves it best.

    Raises
    ------
    ModelError
        If a constant holds NaN or infinity.
    BudgetError
        If the network is larger than the budget allows.
    """
    with reading(f"Model '{model.path}'", ModelError, "export it again"):
        best = _best(model)
        check_network(best.nodes, best.tensors, best.outputs, model.elements_in_file)
        return best


def _best(model: PreparedModel) -> Translation:
    best: Translation | None = None
    choices: list[list[Interpretation | None]] = [
        [*interpretations(model, name)] or [None] for name in model.inputs
    ]
    for choice in islice(product(*choices), _MOST_CHOICES):
        translation = _Translator(model, dict(zip(model.inputs, choice, strict=True))).run()
        if best is None or _cost(translation) < _cost(best):
            best = translation
        if not any(_cost(best)):
            break
    assert best is not None, "there is at least one choice"
    return best


def _cost(translation: Translation) -> tuple[int, int, int]:
    """Problems, elements that are moved to another order, and reshapes."""
    moved = sum(
        translation.tensors[node.output].size
        for node in translation.nodes
        if isinstance(node, Transpose)
    )
    reshapes = sum(isinstance(node, Reshape) for node in translation.nodes)
    return len(translation.problems), moved, reshapes


_OF_SHAPES = frozenset({"Shape", "Size"})
"""Operators whose results depend on nothing but sizes."""


class _Translator:
    """One run over a model's nodes, under one interpretation of its inputs."""

    def __init__(self, model: PreparedModel, inputs: Mapping[str, Interpretation | None]):
        self._model = model
        self._build = Builder()
        self._known: dict[str, Known] = dict(model.constants)
        self._inputs: list[Port] = []
        self._read = {name for node in model.nodes for name in node.input} | set(model.outputs)
        self._trailing = trailing_tensors(model.nodes, model.outputs)
        self._names: set[str] = set()
        self._writers = {name: node for node in model.nodes for name in node.output}
        self._several_samples = False
        for name, interpretation in inputs.items():
            self._known[name] = None
            if interpretation is not None:
                value = self._stand_in(name, interpretation, assumed=False)
                self._known[name] = value
                self._inputs.append(input_port(value, name, model.integers.get(name)))

    def run(self) -> Translation:
        translated = [self._translate(proto) for proto in self._model.nodes]
        outputs, problems = self._outputs()
        lines = [*_problem_lines(translated), *self._unused(), *problems]
        if not lines and not self._model.problems and not self._several_samples:
            lines = self._without_value()
        lines = [*self._model.problems, *lines]
        if lines or self._several_samples:
            lines = [*self._first_axis_reasons(lines), *lines]
        own = [port for port in outputs if not port.is_operand]
        assert lines or len(own) == len(self._model.outputs), "what fails tells why"
        return Translation(
            nodes=tuple(self._build.nodes),
            tensors=self._build.tensors,
            inputs=tuple(self._inputs),
            outputs=outputs,
            translated=tuple(translated),
            # A node that cannot stay with the host is told of once for each of its readers.
            problems=tuple(dict.fromkeys(lines)),
        )

    def _translate(self, proto: onnx.NodeProto) -> TranslatedNode:
        node = OnnxNode(
            proto,
            self._unique_name(proto),
            self._model.opset,
            [self._known.get(name) for name in proto.input],
            self._model.shapes.get(proto.output[0]),
            [self._model.steps.get(name) for name in proto.input],
            proto.output[0] in self._trailing,
            self._model.kinds.get(proto.name, ""),
        )
        before = len(self._build.nodes)
        problems: list[str] = []
        result: Result | None = None
        try:
            problems += self._table_problems(node)
            if not problems:
                if follows_on_host(node):
                    result = leave_to_host(node)
                else:
                    supported = find_operator(node.op_type)
                    assert supported is not None, "its table tells no problem"
                    result = supported.translate(node, self._build)
        except SeveralSamplesError as error:
            if self._model.first_axis_reasons:
                self._several_samples = True  # a consequence of those
            else:
                problems.append(self._moved_to_front(proto) or f"{node.title}: {error.text}")
        except NodeError as error:
            problems.append(error.text if error.whole_line else f"{node.title}: {error.text}")
        except FollowOnError:
            pass
        except (NnhwError, MemoryError, RecursionError):
            raise
        except Exception as error:
            problems.append(
                f"{node.title}: its inputs, constants and attributes do not fit together "
                f"({first_line(error)}); export the model again"
            )
        results = result if isinstance(result, tuple) else (result,)
        for name, known in zip_longest(proto.output, results):
            self._known[name] = self._assumed(name) if known is None else known
        return TranslatedNode(
            node=node,
            emitted=tuple(self._build.nodes[before:]),
            problems=tuple(problems),
        )

    def _table_problems(self, node: OnnxNode) -> Iterator[str]:
        """What the table of operators tells without a look at the values."""
        if node.op_type in _OF_SHAPES and self._model.problems:
            raise FollowOnError  # it would be a constant if all sizes were known
        supported = find_operator(node.op_type)
        if supported is None or self._model.opset < supported.since:
            yield f"{node.title}: the operator is not supported; {advice(node.op_type)}"
            return
        for attribute in node.unusual_attributes(supported.attributes):
            yield (
                f"{node.title}: attribute {attribute} is not supported, only its default value is; "
                f"{attribute_advice(attribute)}"
            )
            if attribute in ONLY_IN_TRAINING:
                return  # its further outputs are there because of that
        for name in () if supported.all_outputs else node.proto.output[1:]:
            if name in self._read:
                remedy = (
                    "take it out of the model's outputs"
                    if name in self._model.outputs
                    else "remove what reads it"
                )
                yield (
                    f"{node.title}: its further output '{name}' is used, and only its first output "
                    f"is supported; {remedy}"
                )

    def _first_axis_reasons(self, lines: Iterable[str]) -> Iterator[str]:
        """Those about nodes that could be built, were it not for that."""
        refused = {_title_of(line) for line in lines}
        for reason in self._model.first_axis_reasons:
            if _title_of(reason) not in refused:
                yield reason

    def _moved_to_front(self, proto: onnx.NodeProto) -> str | None:
        """What is wrong about the node that gives an image another first axis; None if none does.

        Parameters
        ----------
        proto
            The node that reads the image.
        """
        name, shapes, reader = proto.input[0], self._model.shapes, proto
        while (writer := self._writers.get(name)) is not None:
            known = [input_ for input_ in writer.input if shapes.get(input_)]
            if not known:
                return None
            if shapes[known[0]][0] == 1:
                title = f"{writer.op_type} '{writer.name or f'{writer.op_type}_{name}'}'"
                return (
                    f"{title}: its result has shape {shapes[name]}, which "
                    f"{reader.op_type} '{reader.name or f'{reader.op_type}_{reader.output[0]}'}' "
                    "reads as several samples; keep the batch axis in front, and its size 1"
                )
            name = known[0]
        return None

    def _unique_name(self, proto: onnx.NodeProto) -> str:
        """The node's ONNX name, or operator and output where it has none or not its own."""
        name = proto.name or f"{proto.op_type}_{proto.output[0]}"
        if name in self._names:
            name = f"{name}_{proto.output[0]}"
        self._names.add(name)
        return name

    def _stand_in(self, name: str, interpretation: Interpretation, *, assumed: bool) -> Value:
        shape, layout = interpretation
        return Value(
            tensor=self._build.tensor(name, shape),
            shape=shape,
            layout=layout,
            elem_type=self._model.elem_types[name],
            assumed=assumed,
        )

    def _assumed(self, name: str) -> Value | None:
        """A stand-in for the result of a node that cannot be built, to go on with."""
        shape = self._model.shapes.get(name)
        if shape is None or len(shape) < 2 or shape[0] != 1 or min(shape) < 1:
            return None
        return self._stand_in(name, channels_first(shape), assumed=True)

    def _unused(self) -> Iterator[str]:
        """Of several inputs those that nothing reads. (An only one shows in the outputs.)"""
        if len(self._model.inputs) > 1:
            for name in self._model.inputs:
                if name not in self._read:
                    yield f"Input '{name}' has no effect on any output; remove it from the model"

    def _without_value(self) -> list[str]:
        """Outputs of operators that are built, which have further results that are not."""
        return [
            f"Output '{name}' is a result that hardware does not compute, as it is a number that "
            "calibration finds; remove it from the model's outputs"
            for name in self._model.outputs
            if self._known.get(name) is None
        ]

    def _outputs(self) -> tuple[tuple[Port, ...], list[str]]:
        names = {*self._model.inputs, *self._model.outputs}
        ports = OutputPorts(self._build, names, self._known, self._model.tail)
        problems: list[str] = []
        for name in self._model.outputs:
            if name in self._model.inputs or self._model.outputs.count(name) > 1:
                problems.append(
                    f"Output '{name}' has the name of an input or of another output; remove it "
                    "from the model's outputs, or give it a name of its own by Identity"
                )
                continue
            known = self._known.get(name)
            if isinstance(known, np.ndarray):
                problems.append(
                    f"Output '{name}' does not depend on the model's input; remove it from the "
                    "model's outputs"
                )
            if isinstance(known, Value):
                known = HostValue.of(known, name)
            if isinstance(known, HostValue) and not known.base.assumed:
                ports.add(name, known)
        return ports.made(), problems


def _title_of(line: str) -> str:
    """The node that a problem is about, as it begins the line."""
    return line.partition("': ")[0]


def _problem_lines(translated: Iterable[TranslatedNode]) -> Iterator[str]:
    """All problems in order; the many operators of dynamic quantization in one line."""
    dynamic = [e.node for e in translated if e.problems and e.node.proto.op_type in DYNAMIC]
    if dynamic:
        types = ", ".join(sorted({node.op_type for node in dynamic}))
        yield (
            f"{len(dynamic)} nodes of type {types}, the first of which is "
            f"'{dynamic[0].name}': {DYNAMICALLY_QUANTIZED}"
        )
    for entry in translated:
        if entry.node.proto.op_type not in DYNAMIC:
            yield from entry.problems
