"""onnxruntime's answers, unfused, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from nnhw.frontend.exact_products import make_products_exact
from nnhw.ir import Port

from .trials import numpy_type


class NoReferenceError(Exception):
    """onnxruntime has no answer to compare with."""


class WrongShapeError(Exception):
    """onnxruntime's answer has another number of elements."""


class Reference:
    """A model file, asked for the tensors that ports of a graph stand for.

    Parameters
    ----------
    model
        With its external data.
    inputs, outputs
        Ports of the graph that was read from it.
    """

    def __init__(
        self, model: onnx.ModelProto, inputs: Sequence[Port], outputs: Sequence[Port]
    ) -> None:
        self.inputs = inputs
        declared = {value.name for value in model.graph.output}
        written = {name for node in model.graph.node for name in node.output}
        self.outputs = [
            port
            for port in outputs
            # what stays with the host comes behind the tensor that the port is named after
            if port.onnx_name in (written - declared if port.host_postprocess else written)
        ]
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        for name in {port.onnx_name for port in self.outputs} - declared:
            self.model.graph.output.append(helper.make_empty_tensor_value_info(name))
        if not self.outputs:
            raise NoReferenceError(
                f"no output is a tensor of the file: {[port.onnx_name for port in outputs]}"
            )
        make_products_exact(self.model)
        for node in self.model.graph.node:
            node.name = ""  # onnxruntime wants them to differ, and nothing depends on them

    def run(self, x: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs (N, *port.onnx_shape) by port, for inputs likewise.

        Where the file declares a first axis larger than 1 for what counts as samples, so many of
        them go together.

        Raises
        ------
        NoReferenceError
            If onnxruntime refuses the model or fails.
        WrongShapeError
            If its answer has not the shape of a port.
        """
        import onnxruntime as ort  # starts a thread, which no process that forks needs

        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            session = ort.InferenceSession(
                self.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            return self._run(session, x)
        except (NoReferenceError, WrongShapeError):
            raise
        except Exception as error:  # whatever it raises
            raise NoReferenceError(f"onnxruntime: {str(error).splitlines()[0][:100]}") from error

    def _run(self, session, x: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        ports = {port.onnx_name: port for port in self.inputs}
        shapes, together = {}, set()
        for value in session.get_inputs():
            if value.name not in ports:
                raise NoReferenceError("the file has an input that the graph has not")
            inner = ports[value.name].onnx_shape
            declared = list(value.shape)
            if len(declared) == len(inner) + 1:
                first = declared[0] if isinstance(declared[0], int) else 1
                shapes[value.name] = (first, *inner)
                together.add(first)
            elif len(declared) == len(inner):
                shapes[value.name] = inner
                together.add(1)
            else:
                raise NoReferenceError("the ranks of the inputs differ")
        if len(together) > 1:
            raise NoReferenceError("the inputs have several batch sizes")
        (step,) = together or {1}
        if not step or not shapes:
            raise NoReferenceError("there are no samples")
        types = {v.name: v.type for v in self.model.graph.input}
        count = len(next(iter(x.values())))
        found: dict[str, list[np.ndarray]] = {port.onnx_name: [] for port in self.outputs}
        for start in range(0, count - step + 1, step):
            fed = {
                name: x[name][start : start + step]
                .reshape(shape)
                .astype(numpy_type(types[name].tensor_type.elem_type))
                for name, shape in shapes.items()
            }
            for name, value in zip(found, session.run(list(found), fed), strict=True):
                found[name].append(np.asarray(value))
        if not count // step:
            raise NoReferenceError("fewer samples than go together")
        answers = {}
        for port in self.outputs:
            parts = found[port.onnx_name]
            size = step * int(np.prod(port.onnx_shape))
            if parts[0].dtype.kind not in "fiub":
                raise NoReferenceError("outputs are no numbers")
            if parts[0].size != size:
                shape = parts[0].shape
                raise WrongShapeError(
                    f"'{port.onnx_name}' is {shape}, read as {step} of {port.onnx_shape}"
                )
            whole = [part.astype(np.float64).reshape(step, *port.onnx_shape) for part in parts]
            answers[port.onnx_name] = np.concatenate(whole)
        return answers

    def disturbed(self, amount: float, seed: int, bias: float = 0.0) -> Reference:
        """The same with every float constant changed by a factor of about 1 +- `amount`.

        Constants that are added to something change by +- `bias` as well.
        """
        generator = np.random.default_rng(seed)
        copy = Reference(self.model, self.inputs, self.outputs)
        exact = {
            name
            for node in copy.model.graph.node
            if node.op_type in ("Resize", "Upsample", "Range", "If", "Loop", "Cast")
            for name in node.input[1:]
        }
        added = {
            name
            for node in copy.model.graph.node
            for name in {"Add": node.input, "Sub": node.input}.get(node.op_type, node.input[2:])
            if node.op_type in ("Conv", "ConvTranspose", "Gemm", "Add", "Sub")
        }
        tensors = [*copy.model.graph.initializer]
        for node in copy.model.graph.node:
            tensors += [a.t for a in node.attribute if a.name == "value" and a.HasField("t")]
        for tensor in tensors:
            if tensor.data_type != onnx.TensorProto.FLOAT or tensor.name in exact:
                continue
            array = numpy_helper.to_array(tensor)
            noise = generator.uniform(-amount, amount, array.shape)
            with np.errstate(all="ignore"):
                changed = array.astype(np.float64) * (1 + noise)
            if tensor.name in added:
                changed += generator.uniform(-bias, bias, array.shape)
            changed = changed.astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(changed, tensor.name))
        return copy
