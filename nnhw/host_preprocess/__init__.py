"""Chooses what the host does to the inputs of a float network before it rounds them to integers.

Integers near enough to each other and to zero stay as they are, but for a constant. Other inputs
are divided by one scale, unless calibration sees that this would waste integers: values far from
zero, or channels of unequal magnitude. Then offsets and scales of single channels are tried, which
the operators behind the input undo. What measures clearly better on calibration samples is kept.
"""

from .choose import choose_host_preprocess

__all__ = ["choose_host_preprocess"]
