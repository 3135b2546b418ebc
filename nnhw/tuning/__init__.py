"""Tuning: training that sees the integers that hardware computes with.

The only importer of PyTorch, which is an extra: nothing here imports it before it is asked for.
"""

from __future__ import annotations

import importlib.util
from os import PathLike
from typing import TYPE_CHECKING, Any

from ..data import Data
from ..errors import OptionError, ToolError
from ..frontend import Model
from ..options import Flag, TuneOptions, check, tune_options_from
from .result import TuneResult

if TYPE_CHECKING:
    from .train import Report

__all__ = ["TuneResult", "tune"]


def tune(
    model: Model,
    *,
    data: Data,
    val: Data | None = None,
    out: str | PathLike[str] | None = None,
    config: TuneOptions | str | PathLike[str] | None = None,
    force: bool = False,
    progress: Report | None = None,
    **options: Any,
) -> TuneResult:
    """Tune a network's weights for the integers that hardware will compute with.

    Every forward pass computes what hardware will compute, bit for bit; gradients are those of real
    numbers. By default the network learns to answer like the float network, without labels. The
    result is a QDQ file with its own integers, which `nnhw.build` keeps, multipliers and shifts
    included.

    A run that was killed goes on from its checkpoint when it is started again with the same
    arguments, and makes the same bytes as one that was not, on the same machine.

    Parameters
    ----------
    model
        ONNX file of a network, or an `onnx.ModelProto`. One that is quantized keeps the numbers of
        its activations, and the network that is imitated is the file as it answers.
    data
        Samples to learn from, and perhaps labels, in any form that `nnhw.build` takes. They are
        also calibrated with.
    val
        Samples that the best epoch is chosen by; None: a share of `data`, which is then not learned
        from. Samples that the result is to be judged by must be in neither.
    out
        File to write; None: NAME_tuned.onnx in the working directory. Beside it are a page with the
        curves, of the suffix .tuning.html, these as .tuning.png, the checkpoint, and with `search`
        the study and its pictures.
    config
        Options, or the TOML file that holds them; the defaults if None.
    force
        Whether a file in `out` may be replaced, and a checkpoint of another run.
    progress
        Called with what is being done, and the share of the run that is done.
    options
        By name, in place of those of `config`; see `TuneOptions` for what there is.

    Returns
    -------
    TuneResult
        It has the file, the figures before and after, and the integer network.

    Raises
    ------
    NnhwError
        If anything that lies outside nnhw is wrong: the model, data that do not fit, options, a
        missing PyTorch.
    VerificationError
        If the tuned network differs from the golden model.
    """
    check("force", Flag(), force)
    for name, path in (("out", out), ("config", config)):
        if not isinstance(path, str | PathLike | TuneOptions | None):
            raise OptionError(f"Option {name} must be a path, not {type(path).__name__}")
    chosen = tune_options_from(config, options)
    if importlib.util.find_spec("torch") is None:
        raise ToolError("PyTorch is missing; install it with: pip install 'nnhw[tune]'")
    from .run import run_tuning

    return run_tuning(model, data, val, out, force, progress or (lambda step, share: None), chosen)
