"""Whether the golden model's integers hold what an operator makes of them."""

from __future__ import annotations

from ..errors import QuantizationError
from ..ir import Node, Requantize


def check_range(node: Node, constants: Requantize, largest: int) -> None:
    """Make sure that p and its rounding stay within int64.

    Parameters
    ----------
    node
        Named in the message.
    constants
        Those that make p of the accumulator.
    largest
        Bound of the magnitude of p.

    Raises
    ------
    QuantizationError
        If p may exceed 62 bits, or a shift is not from 1 to 62.
    """
    shift = constants.shift
    if largest >= 1 << 62 or shift.min() < 1 or shift.max() > 62:
        raise QuantizationError(
            f"Node '{node.name}': requantization reaches {largest} and shifts by {shift.min()} to "
            f"{shift.max()}; 62 bits and shifts from 1 to 62 are allowed: use fewer multiplier bits"
        )
