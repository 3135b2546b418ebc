"""The fitted part of estimates, a file beside each family's folder: coefficients and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..families import FAMILIES

FILE = "estimates.json"


@dataclass(frozen=True, kw_only=True)
class Error:
    """How far estimates were from what synthesis made of designs that nothing was fitted to.

    Parameters
    ----------
    median, percentile_90
        In percent.
    designs
        How many.
    """

    median: float
    percentile_90: float
    designs: int


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The period that placement and routing reach by their defaults, in the slowest speed grade.

    Parameters
    ----------
    period_ns
        Of a design without logic.
    kilo_lut_ns
        What a thousand look-up tables add: the larger, the longer the wires.
    product_ns
        Least period with products that are left to synthesis, which puts no registers into them.
    sum_ns
        What each addition adds to that, if factors are too wide for a multiplier, so that products
        are sums of parts.
    error
        Of each placed design, when the others alone are fitted to.
    """

    period_ns: float
    kilo_lut_ns: float
    product_ns: float
    sum_ns: float
    error: Error

    def mhz(self, luts: float, product_sums: int | None) -> float:
        """Frequency of a design of so many look-up tables; for sums of products see `Terms`."""
        period = self.period_ns + self.kilo_lut_ns * luts / 1000
        if product_sums is not None:
            period = max(period, self.product_ns + self.sum_ns * product_sums)
        return 1000 / period


@dataclass(frozen=True, kw_only=True)
class Model:
    """Coefficients of a family.

    Parameters
    ----------
    luts, flip_flops
        Of the terms, by name.
    errors
        By resource, "LUTs" for one; those that are exact are absent.
    clock
        None where nothing is placed and routed.
    """

    luts: Mapping[str, float]
    flip_flops: Mapping[str, float]
    errors: Mapping[str, Error]
    clock: Clock | None = None


def model_file(family: str) -> Path:
    """Where a family's model is."""
    file = FAMILIES[family].part("family").__file__
    assert file is not None
    return Path(file).with_name(FILE)


def has_model(family: str) -> bool:
    """Whether there is a model of a family."""
    return family in FAMILIES and FAMILIES[family].has("fabric") and model_file(family).is_file()


@cache
def load_model(family: str) -> Model:
    """The model of a family."""
    values = json.loads(model_file(family).read_text(encoding="utf-8"))
    clock = values.get("clock")
    return Model(
        luts=values["luts"],
        flip_flops=values["flip_flops"],
        errors={name: Error(**error) for name, error in values["errors"].items()},
        clock=clock and Clock(**{**clock, "error": Error(**clock["error"])}),
    )
