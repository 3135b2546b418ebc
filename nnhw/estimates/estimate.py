"""What a design will take of a device, before it is synthesized."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..errors import MappingError
from ..export.verilog import Hierarchy, design_netlist
from ..families import FAMILIES, Resource, Target, named_target
from ..garbage import without_collection
from ..mapping import Program
from ..registers import RegisterMap
from ..shell import ShellConfig
from .features import count_features
from .model import has_model, load_model
from .terms import count_terms


@dataclass(frozen=True, kw_only=True)
class Figure:
    """How much of a resource a design will take, probably.

    Parameters
    ----------
    resource
        Such as "LUTs".
    used
        The estimate.
    available
        How many the device has.
    error_percent
        Nine of ten designs that the estimates were checked on were as close as that; None if the
        figure is exact, since it counts what is in the Verilog.
    """

    resource: str
    used: int
    available: int | None
    error_percent: float | None

    @property
    def fits(self) -> bool:
        """Whether the device has enough."""
        return self.available is None or self.used <= self.available


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a design will take of a device, probably.

    Parameters
    ----------
    target
        Name of the device.
    figures
        By resource, in the order of `Resource`.
    clock_mhz
        Frequency after place and route by its defaults; None where there is none.
    clock_error_percent
        As for figures.
    """

    target: str
    figures: tuple[Figure, ...]
    clock_mhz: float | None = None
    clock_error_percent: float | None = None

    @property
    def fits(self) -> bool:
        """Whether the device has enough of everything."""
        return all(figure.fits for figure in self.figures)

    def used(self, resource: Resource) -> int:
        """How much of a resource it will take; 0 of one that the device does not have."""
        return next((figure.used for figure in self.figures if figure.resource == resource), 0)

    @property
    def luts(self) -> int:
        """Look-up tables."""
        return self.used(Resource.LUTS)

    @property
    def flip_flops(self) -> int:
        """Flip-flops."""
        return self.used(Resource.FLIP_FLOPS)

    @property
    def dsps(self) -> int:
        """Multipliers, as the data sheet counts them."""
        return self.used(Resource.DSPS)

    @property
    def block_rams(self) -> int:
        """Block RAMs."""
        return self.used(Resource.BLOCK_RAMS)

    def on(self, target: Target) -> Estimate:
        """The same design on another device of the family."""
        return replace(
            self,
            target=target.name,
            figures=tuple(
                replace(figure, available=target.capacity.get(Resource(figure.resource)))
                for figure in self.figures
            ),
        )

    def to_dict(self) -> Mapping[str, Any]:
        """By name, for JSON."""
        return asdict(self)


class Estimator:
    """Estimates what designs take."""

    @without_collection()
    def estimate(
        self,
        program: Program,
        target: str | Target,
        *,
        shell: ShellConfig | None = None,
        registers: RegisterMap | None = None,
    ) -> Estimate:
        """What the accelerator for a program will take of a device.

        Most of the time goes into elaborating it: seconds, as for its Verilog.

        Parameters
        ----------
        program
            What it executes, on an engine of portable technology or of the device's own.
        target
            A device, or its name.
        shell, registers
            As for `generate_verilog`.

        Raises
        ------
        MappingError
            If there are no estimates for the device, or the engine is built of the cells of
            another family.
        """
        target = _find_target(target)
        check_technology(program.config.technology, target)
        return estimate_netlist(design_netlist(program, shell=shell, registers=registers), target)


def _find_target(target: str | Target) -> Target:
    found = named_target(target) if isinstance(target, str) else target
    if found is None:
        raise MappingError(f"There is no target '{target}'; see nnhw synth --list-targets")
    return found


def check_technology(technology: str, target: Target) -> None:
    """Refuse a target that has no model, or other cells than a design is built of.

    Raises
    ------
    MappingError
        It says which targets there are estimates for.
    """
    if not has_model(target.family):
        known = sorted(family for family in FAMILIES if has_model(family))
        raise MappingError(
            f"There are no estimates for {target.name}, since its family '{target.family}' has no "
            f"model; there are for {', '.join(known)}"
        )
    if technology in FAMILIES and technology != target.family:
        raise MappingError(
            f"A design of the cells of {technology} cannot be had on {target.name}; build it with "
            f"--technology {target.family} or portable"
        )


def estimate_netlist(hierarchy: Hierarchy, target: Target) -> Estimate:
    """What a netlist will take of a device whose cells it is built of."""
    return make_estimate(count_netlist(hierarchy, target), target)


@dataclass(frozen=True, kw_only=True)
class Count:
    """What estimates are made of.

    Parameters
    ----------
    totals
        Of resources, before they are rounded: half a multiplier is one.
    product_sums
        Of products that are left to synthesis; see `Terms`.
    """

    totals: Mapping[Resource, float]
    product_sums: int | None


def count_netlist(hierarchy: Hierarchy, target: Target) -> Count:
    """What a netlist will take."""
    family = FAMILIES[target.family]
    model = load_model(family.name)
    features = count_features(hierarchy, family.part("fabric").FABRIC)
    terms = count_terms(features, family.name)
    totals = {resource: float(exact) for resource, exact in terms.exact.items()}
    for resource, parts, coefficients in (
        (Resource.LUTS, terms.luts, model.luts),
        (Resource.FLIP_FLOPS, terms.flip_flops, model.flip_flops),
    ):
        fitted = sum(coefficients.get(name, 0) * value for name, value in parts.items())
        totals[resource] = totals.get(resource, 0) + fitted
    return Count(totals=totals, product_sums=terms.product_sums)


def make_estimate(count: Count, target: Target) -> Estimate:
    """The estimate of a design that will take so much."""
    model = load_model(target.family)
    clock = model.clock if target.can_place else None
    totals = count.totals
    mhz = clock.mhz(totals[Resource.LUTS], count.product_sums) if clock else None
    return Estimate(
        target=target.name,
        clock_mhz=mhz and round(mhz, 1),
        clock_error_percent=clock.error.percentile_90 if clock else None,
        figures=tuple(
            Figure(
                resource=resource.value,
                used=math.ceil(totals.get(resource, 0)),
                available=target.capacity.get(resource),
                error_percent=model.errors[resource].percentile_90
                if resource in model.errors
                else None,
            )
            for resource in Resource
            if resource in target.capacity
        ),
    )
