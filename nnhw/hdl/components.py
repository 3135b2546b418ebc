"""Single components of an engine, to be looked at on their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeVar

from amaranth.hdl import Fragment
from amaranth.lib import wiring

from ..machine import Image, Machine
from .component_factory import ComponentFactory
from .mac_array import MacArray

_Component = TypeVar("_Component", bound=wiring.Component)


def engine_component(machine: Machine, image: Image, name: str) -> wiring.Component | None:
    """One component of an engine, with the parameters that it has there.

    Parameters
    ----------
    name
        One of `COMPONENTS`.

    Returns
    -------
    The component; None if the engine has none of this kind.
    """
    return COMPONENTS[name](ComponentFactory(machine, image))


def component_count(machine: Machine, name: str) -> int:
    """How many components of this kind the engine has, all alike."""
    if name == "scaler":
        return machine.config.lanes
    return machine.config.cols if name == "column" else 1


def repeated_components(machine: Machine, image: Image) -> Sequence[tuple[wiring.Component, int]]:
    """One of each component that an engine has many of, and how many are alike: columns of the
    array, multipliers that columns share, and requantizers; the lane unit and the register of
    weights.

    Together they are most of a large engine, and made in a fraction of its time.
    """
    factory = ComponentFactory(machine, image)
    return _repeated(factory, factory.array())


def engine_parts(machine: Machine, image: Image) -> Sequence[tuple[wiring.Component, int]]:
    """One of each component of an engine, and how many are alike: all that it has, but for
    registers and a little logic between them.

    They are to be elaborated in their order, in which they take a device's multipliers.
    """
    factory = ComponentFactory(machine, image)
    fetch, array = factory.fetch_sequencer(), factory.array()
    single = [
        *(factory.frame_buffer(), fetch, factory.read_aligner(fetch), factory.weights()),
        *(factory.drain(array), factory.parameters(), factory.write_back()),
        factory.output_stream(),
    ]
    if machine.limits.depth:
        single += [factory.activations(), factory.write_aligner()]
    if machine.config.programmable:
        single.append(factory.loader())
    return [*_repeated(factory, array), *((component, 1) for component in single)]


def _repeated(factory: ComponentFactory, array: MacArray) -> list[tuple[wiring.Component, int]]:
    for component in (array, array.lane_unit, *chain(*array.alike)):
        _not_wanted(component)
    lanes = factory.machine.config.lanes
    return [
        *((group[0], len(group)) for group in array.alike),
        *([] if array.lane_unit is None else [(array.lane_unit, 1)]),
        *(
            [(factory.scaler(), lanes)]
            if factory.has_alike_scalers
            else [(factory.scaler(), 1) for _ in range(lanes)]
        ),
        (factory.weight_register(), 1),
    ]


def _not_wanted(component: wiring.Component | None) -> None:
    """Amaranth warns of components that are never elaborated, unless they are marked."""
    if component is not None:
        component._MustUse__used = True


def _asked(component: _Component) -> _Component:
    """A component whose attributes others need. Amaranth warns of those that are never
    elaborated."""
    Fragment.get(component, None)
    return component


def _column(factory: ComponentFactory) -> wiring.Component | None:
    array = _asked(factory.array())
    return array._columns[0] if array.has_columns else None


def _write_aligner(factory: ComponentFactory) -> wiring.Component | None:
    return factory.write_aligner() if factory.machine.limits.depth else None


COMPONENTS: dict[str, Callable[[ComponentFactory], wiring.Component | None]] = {
    "column": _column,
    "drain": lambda factory: factory.drain(_asked(factory.array())),
    "fetch": ComponentFactory.fetch_sequencer,
    "frame_buffer": ComponentFactory.frame_buffer,
    "lane_unit": lambda factory: _asked(factory.array()).lane_unit,
    "output_stream": ComponentFactory.output_stream,
    "parameters": ComponentFactory.parameters,
    "read_aligner": lambda factory: factory.read_aligner(_asked(factory.fetch_sequencer())),
    "scaler": ComponentFactory.scaler,
    "weight_register": ComponentFactory.weight_register,
    "weights": ComponentFactory.weights,
    "write_aligner": _write_aligner,
    "write_back": lambda factory: factory.write_back(),
}
"""Components by name: as the engine's own instances are called, or one of many."""
