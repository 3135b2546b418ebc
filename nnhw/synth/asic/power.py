"""Energy of a netlist of cells, from the transitions of its nets in a simulation.

The model is that of the Liberty Reference Manual (non-linear power model): for each transition of
a net, half of C * V^2 in its load and the energy inside of the cell that drives it, from a table by
load and transition time; for each transition at an input with a table of its own, that energy. An
output's energy depends on the input that caused its transition. It is weighted by how often each of
the inputs changed.

OpenSTA 2.0 calculates the same from probabilities. It takes activities at the ports of a design and
overwrites those of other pins by what it derives from these, so that it cannot be told what a
simulation has shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from . import macros
from .liberty import CellPin, Library
from .netlist import Instance, Netlist, is_output
from .synthesis import OUTPUT_LOAD_PF
from .timing import CLOCK_SLEW_NS
from .vcd import Transitions


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Energy of a window of a simulation in pJ, without leakage and without what macros take.

    Parameters
    ----------
    internal_pj
        Inside of cells.
    switching_pj
        In the capacitances of nets that cells and macros drive.
    clock_pj
        In the capacitances of the clock pins, which an ideal clock drives.
    """

    internal_pj: float
    switching_pj: float
    clock_pj: float

    @property
    def total_pj(self) -> float:
        """All."""
        return self.internal_pj + self.switching_pj + self.clock_pj


def estimate_energy(
    netlist: Netlist,
    library: Library,
    *,
    clock: str,
    transitions: Mapping[str, Transitions],
    slews: Mapping[str, float],
) -> Energy:
    """The energy of the transitions of a netlist's nets.

    Parameters
    ----------
    clock
        Net of the clock.
    transitions
        Of each net; nets that are not there have none.
    slews
        Transition time in ns of each net; `CLOCK_SLEW_NS` holds for the clock.
    """
    loads = net_loads(netlist, library)
    driven = {
        net
        for instance in netlist.instances.values()
        for pin, net in instance.nets.items()
        if is_output(pin, instance, library)
    }
    slews = {**slews, clock: CLOCK_SLEW_NS}
    none = Transitions()
    per_transition = library.voltage**2 / 2
    switching = sum(
        loads[net] * per_transition * transitions.get(net, none).total for net in sorted(driven)
    )
    internal = sum(
        _cell_energy(instance, library, transitions, slews, loads)
        for instance in netlist.instances.values()
        if not instance.is_macro
    )
    return Energy(
        internal_pj=internal,
        switching_pj=switching,
        clock_pj=loads[clock] * per_transition * transitions.get(clock, none).total,
    )


def net_loads(netlist: Netlist, library: Library) -> Mapping[str, float]:
    """Capacitance of each net in pF: that of the input pins on it; there are no wires."""
    loads: dict[str, float] = defaultdict(float)
    for instance in netlist.instances.values():
        for pin, net in instance.nets.items():
            if is_output(pin, instance, library):
                continue
            if instance.is_macro:
                loads[net] += macros.CLOCK_PF if pin == "clk" else macros.INPUT_PF
            else:
                loads[net] += library.cells[instance.type].pins[pin].capacitance
    for net, is_output_port in netlist.ports.items():
        if is_output_port:
            loads[net] += OUTPUT_LOAD_PF
    return loads


def leakage_nw(netlist: Netlist, library: Library) -> float:
    """Leakage of all cells in nW, without macros."""
    return sum(
        library.cells[instance.type].leakage_nw
        for instance in netlist.instances.values()
        if not instance.is_macro
    )


def _cell_energy(
    instance: Instance,
    library: Library,
    transitions: Mapping[str, Transitions],
    slews: Mapping[str, float],
    loads: Mapping[str, float],
) -> float:
    """The energy in pJ inside of one cell."""
    total = 0.0
    for pin, description in library.cells[instance.type].pins.items():
        net = instance.nets.get(pin)
        count = transitions.get(net) if net else None
        if net is None or count is None or not description.energies:
            continue
        shares = _shares(instance, description, transitions)
        for energy in description.energies:
            source = instance.nets.get(energy.related or pin)
            share = shares.get(energy.related, 0.0)
            if source is None or not share:
                continue
            total += share * energy.at(
                rises=count.rises,
                falls=count.falls,
                load=loads[net] if description.is_output else 0.0,
                slew=slews[source],
            )
    return total


def _shares(
    instance: Instance, pin: CellPin, transitions: Mapping[str, Transitions]
) -> dict[str, float]:
    """How much each of the energies of a pin counts, by the related input."""
    related = [energy.related for energy in pin.energies]
    counts = {
        name: transitions.get(instance.nets.get(name, ""), Transitions()).total
        for name in related
        if name
    }
    total = sum(counts.values())
    shares = {name: count / total if total else 0.0 for name, count in counts.items()}
    return {**shares, "": 1.0}
