"""Images cut into batches of smaller ones."""

from __future__ import annotations

from ..network import Operator
from ..writer import Refusal, Writer
from .registry import translates


@translates("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")
def _other_batches(op: Operator, w: Writer) -> str:
    """Those around a convolution have become its dilation before (`fold_dilations`)."""
    raise Refusal(
        "it makes other batches, which is supported around a convolution of stride 1 only, between "
        "SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND of the same blocks; make the layer a convolution "
        "with dilation_rate, and convert the model again"
    )
