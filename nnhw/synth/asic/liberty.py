"""Reads what the energy of cells is calculated from in a library of the Liberty format.

The format is that of the Liberty Reference Manual: groups `name (arguments) { ... }`, attributes
`name : value;` and `name (values);`. Only the groups and attributes below are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import ToolError

_TOKEN = re.compile(r'"[^"]*"|[{}():;]|[^\s{}():;"]+')
_IGNORED = re.compile(r"/\*.*?\*/|\\\r?\n", re.DOTALL)
_UNITS = {"time_unit": "1ns", "voltage_unit": "1V", "leakage_power_unit": "1nW"}


@dataclass(eq=False)
class Group:
    """A group of a Liberty file: arguments, attributes by name, and groups, in their order."""

    name: str
    arguments: str
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Group]:
        """The groups of a name in it."""
        return (group for group in self.groups if group.name == name)


@dataclass(frozen=True, eq=False)
class Table:
    """Energies in pJ by load in pF (rows) and transition time in ns (columns)."""

    loads: np.ndarray
    slews: np.ndarray
    values: np.ndarray

    def at(self, load: float, slew: float) -> float:
        """The energy at a point, linear between neighbours; outside of the table its edge's."""
        row, up = _place(self.loads, load)
        column, right = _place(self.slews, slew)
        low, high = self.values[row, column], self.values[row, column + right[1]]
        low2 = self.values[row + up[1], column]
        high2 = self.values[row + up[1], column + right[1]]
        first = low + right[0] * (high - low)
        return float(first + up[0] * (low2 + right[0] * (high2 - low2) - first))


@dataclass(frozen=True, kw_only=True)
class InternalEnergy:
    """What a cell takes inside for one transition of a pin.

    Parameters
    ----------
    related
        The input that causes the transition of an output; "" for a pin's own transitions.
    rise, fall
        For each direction of the pin's transition; None: nothing.
    """

    related: str
    rise: Table | None
    fall: Table | None

    def at(self, *, rises: float, falls: float, load: float, slew: float) -> float:
        """The energy in pJ of so many transitions of the pin."""
        total = 0.0
        for table, count in ((self.rise, rises), (self.fall, falls)):
            if table is not None and count:
                total += count * table.at(load, slew)
        return total


@dataclass(frozen=True, kw_only=True)
class CellPin:
    """A pin: whether it is an output, its capacitance in pF, and its energies."""

    is_output: bool
    is_clock: bool
    capacitance: float
    energies: tuple[InternalEnergy, ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell: area in um2, leakage in nW, and its pins."""

    area: float
    leakage_nw: float
    pins: Mapping[str, CellPin]


@dataclass(frozen=True, kw_only=True)
class Library:
    """Supply voltage, and the cells by name."""

    voltage: float
    cells: Mapping[str, Cell]


def read_library(text: str, source: str) -> Library:
    """Read the text of a Liberty file.

    Parameters
    ----------
    source
        What messages call it.

    Raises
    ------
    ToolError
        If it is no Liberty file, or has units other than ns, V, pF and nW.
    """
    try:
        root = parse(text)
        for name, unit in _UNITS.items():
            if root.attributes[name] != unit:
                raise ToolError(f"'{source}': {name} must be {unit}, not {root.attributes[name]}")
        if re.sub(r"[\s.0]", "", root.attributes["capacitive_load_unit"]) != "1,pf":
            raise ToolError(f"'{source}': capacitive_load_unit must be (1,pf)")
        templates = {group.arguments: group for group in root.all("power_lut_template")}
        return Library(
            voltage=float(root.attributes["nom_voltage"]),
            cells={group.arguments: _cell(group, templates) for group in root.all("cell")},
        )
    except (KeyError, ValueError, IndexError) as error:
        raise ToolError(f"'{source}' is not a library of cells as expected: {error!r}") from None


def parse(text: str) -> Group:
    """The outermost group of a Liberty text.

    Raises
    ------
    ValueError, IndexError
        If it is none.
    """
    tokens = _TOKEN.findall(_IGNORED.sub(" ", text))
    root = Group("", "")
    open_groups, position = [root], 0
    while position < len(tokens):
        name = tokens[position]
        if name == "}":
            open_groups.pop()
            position += 1
        elif name == ";":
            position += 1
        elif tokens[position + 1] == ":":
            end = tokens.index(";", position)
            open_groups[-1].attributes[name] = _join(tokens[position + 2 : end])
            position = end + 1
        elif tokens[position + 1] == "(":
            end = tokens.index(")", position)
            arguments = _join(tokens[position + 2 : end])
            position = end + 1
            if position < len(tokens) and tokens[position] == "{":
                group = Group(name, arguments)
                open_groups[-1].groups.append(group)
                open_groups.append(group)
                position += 1
            else:
                open_groups[-1].attributes[name] = arguments
        else:
            raise ValueError(f"unexpected {name!r}")
    (library,) = root.groups
    return library


def _join(tokens: list[str]) -> str:
    return " ".join(token.strip('"') for token in tokens)


def _cell(group: Group, templates: Mapping[str, Group]) -> Cell:
    return Cell(
        area=float(group.attributes["area"]),
        leakage_nw=float(group.attributes.get("cell_leakage_power", 0)),
        pins={pin.arguments: _pin(pin, templates) for pin in group.all("pin")},
    )


def _pin(group: Group, templates: Mapping[str, Group]) -> CellPin:
    return CellPin(
        is_output=group.attributes["direction"] == "output",
        is_clock=group.attributes.get("clock") == "true",
        capacitance=float(group.attributes.get("capacitance", 0)),
        energies=tuple(
            InternalEnergy(
                related=power.attributes.get("related_pin", ""),
                rise=_table(power, "rise_power", templates),
                fall=_table(power, "fall_power", templates),
            )
            for power in group.all("internal_power")
        ),
    )


def _table(power: Group, name: str, templates: Mapping[str, Group]) -> Table | None:
    for group in power.all(name):
        template = templates[group.arguments].attributes
        axes = {
            template[variable]: _numbers(group.attributes[index])
            for variable, index in (("variable_1", "index_1"), ("variable_2", "index_2"))
            if variable in template
        }
        slews = axes["input_transition_time"]
        loads = axes.get("total_output_net_capacitance", np.zeros(1))
        # The first variable is that of the rows.
        by_load = template["variable_1"] == "total_output_net_capacitance" or len(axes) == 1
        shape = (len(loads), len(slews)) if by_load else (len(slews), len(loads))
        values = _numbers(group.attributes["values"]).reshape(shape)
        return Table(loads, slews, values if by_load else values.T)
    return None


def _numbers(text: str) -> np.ndarray:
    return np.array([float(number) for number in text.replace(",", " ").split()])


def _place(axis: np.ndarray, value: float) -> tuple[int, tuple[float, int]]:
    """Index of the point before a value; the share of the way to the next, and the step to it."""
    if len(axis) == 1:
        return 0, (0.0, 0)
    index = int(np.clip(np.searchsorted(axis, value, "right") - 1, 0, len(axis) - 2))
    share = (value - axis[index]) / (axis[index + 1] - axis[index])
    return index, (float(np.clip(share, 0, 1)), 1)
