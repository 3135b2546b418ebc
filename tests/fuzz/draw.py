"""Random choices, the same for the same seed on any machine."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np


class Draw(random.Random):
    """A source of random choices.

    Parameters
    ----------
    keys
        What it depends on, and nothing else.
    """

    def __new__(cls, *keys: object) -> Draw:
        return super().__new__(cls)

    def __init__(self, *keys: object) -> None:
        super().__init__("/".join(map(str, keys)))

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def dims(self, count: int, low: int = 1, high: int = 6) -> list[int]:
        return [self.randint(low, high) for _ in range(count)]

    def some(self, values: Sequence) -> list:
        """Part of the values, at least one."""
        return self.sample(list(values), self.randint(1, len(values)))

    def normal(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        """Normally distributed float32."""
        generator = np.random.default_rng(self.getrandbits(63))
        return (generator.standard_normal(shape) * scale).astype(np.float32)

    def integers(self, low: int, high: int, shape: Sequence[int]) -> np.ndarray:
        """Uniform integers from `low` to `high`, both included."""
        generator = np.random.default_rng(self.getrandbits(63))
        return generator.integers(low, high, tuple(shape), endpoint=True)
