"""Designs by which estimates are fitted and checked, and what they are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tables import EXAMPLES, MODELS

from nnhw.errors import MappingError
from nnhw.export.verilog import (
    Hierarchy,
    component_netlist,
    component_verilog,
    design_netlist,
    generate_verilog,
)
from nnhw.hdl import COMPONENTS, engine_component
from nnhw.ir import Graph
from nnhw.options import BuildOptions
from nnhw.pipeline import build
from nnhw.placement import Placement, place

DATA = Path(__file__).parent / "estimates"
DEVICES = {
    "ecp5": "ecp5-85k",
    "gatemate": "gatemate-a1",
    "gowin": "gowin-gw2a18",
    "ice40": "ice40up5k",
    "nexus": "lifcl40",
    "xilinx7": "xc7a100t",
}
"""The device that a family's cases are synthesized for: LUTs and flip-flops of others are alike."""

NETWORKS = {
    **{
        name: (EXAMPLES / f"{name}.onnx", EXAMPLES / "digits.npz")
        for name in ("digits_mlp", "digits_cnn", "digits_resnet")
    },
    "mnist_cnn_zoo": (MODELS / "mnist_cnn_zoo.onnx", MODELS / "mnist_data.npz"),
    **{
        name: (MODELS / f"{name}_int8.onnx", None)
        for name in ("dscnn", "resnet8", "autoencoder", "mobilenet_vww")
    },
}
_OF_QUANTIZATION = ("weight_bits", "act_bits", "power_of_two")


@dataclass(frozen=True)
class Case:
    """A design, or a component of one.

    Parameters
    ----------
    options
        Of the build; those of `portable` have no target.
    component
        One of `COMPONENTS`; "" for the whole design.
    """

    network: str
    options: Mapping[str, Any] = field(default_factory=dict)
    portable: bool = False
    component: str = ""

    @property
    def key(self) -> str:
        """What tells it from others."""
        return json.dumps([self.network, self.options, self.portable, self.component])

    def build_options(self, device: str) -> dict[str, Any]:
        """Options of its build for a device."""
        return {**({} if self.portable else {"target": device}), **self.options}

    @property
    def title(self) -> str:
        """Network and options in few words."""
        options = [f"{name} {value}" for name, value in self.options.items()]
        return ", ".join([self.network, *options, *(["portable"] if self.portable else [])])

    def fits(self, device: str) -> bool:
        """Whether the device has block RAMs enough: what there cannot be needs no estimate. Not so
        either if there is no such network."""
        if not NETWORKS[self.network][0].exists():
            return False
        try:
            use = self.place(device).device
        except MappingError:
            return False
        return use is None or use.fits

    def place(self, device: str) -> Placement:
        """An array and a program for it."""
        quantization = {k: v for k, v in self.options.items() if k in _OF_QUANTIZATION}
        graph = _graph(self.network, json.dumps(quantization))
        return place(graph, BuildOptions(**self.build_options(device)))

    def verilog(self, device: str) -> tuple[str, str] | None:
        """Name of the top module and text; None if the engine has no such component."""
        placement = self.place(device)
        program = placement.program
        if not self.component:
            return program.name, generate_verilog(program, shell=placement.shell)
        component = engine_component(program.machine, program.image, self.component)
        return component and (self.component, component_verilog(component, self.component))

    def netlist(self, device: str) -> Hierarchy:
        """The same before it is Verilog."""
        placement = self.place(device)
        program = placement.program
        if not self.component:
            return design_netlist(program, shell=placement.shell)
        component = engine_component(program.machine, program.image, self.component)
        assert component is not None
        return component_netlist(component, self.component)


@cache
def _graph(network: str, quantization: str) -> Graph:
    model, data = NETWORKS[network]
    return build(model, data=data, stop="trim", **json.loads(quantization)).state.graph


FITTED = (
    Case("digits_mlp", {"macs": 8}),
    Case("digits_cnn", {"macs": 8}),
    Case("digits_cnn", {"macs": 32, "act_bits": 6}),
    Case("digits_resnet", {"macs": 16}),
    Case("mnist_cnn_zoo", {"macs": 8}),
    Case("digits_cnn", {"macs": 8}, portable=True),
    Case("digits_mlp", {"macs": 32, "weight_bits": 4}),
    Case("dscnn", {"macs": 8}),
)
CHECKED = (
    Case("digits_mlp", {"macs": 4}),
    Case("digits_mlp", {"macs": 16}),
    Case("digits_cnn", {"macs": 4}),
    Case("digits_cnn", {"macs": 16}),
    Case("digits_cnn", {"macs": 16, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 16}, portable=True),
    Case("digits_resnet", {"macs": 8}),
    Case("mnist_cnn_zoo", {"macs": 16}),
    Case("digits_mlp", {"macs": 8, "power_of_two": True}),
    Case("digits_mlp", {"macs": 16}, portable=True),
    Case("digits_cnn", {"rows": 2, "cols": 8, "keep": True, "tag_bits": 4}),
    Case("digits_resnet", {"macs": 32}),
    Case("dscnn", {"macs": 16}),
    Case("resnet8", {"macs": 32}),
    Case("autoencoder", {"macs": 16}),
)
FITTED_SHORT = (Case("digits_mlp", {"macs": 64, "target": "ecp5-25k"}),)
CHECKED_SHORT = (
    Case("digits_cnn", {"macs": 48, "target": "ecp5-25k"}),
    Case("digits_resnet", {"macs": 64, "target": "ecp5-25k"}),
    Case("resnet8", {"macs": 96, "target": "ecp5-45k"}),
)
"""With fewer multipliers than products, of which the others are made by adding."""
SHORT = "ecp5"
FITTED_SMALL = (
    Case("digits_mlp", {"macs": 1}),
    Case("digits_mlp", {"macs": 2, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 1}),
    Case("digits_cnn", {"macs": 2, "weight_bits": 4}),
    Case("digits_resnet", {"macs": 2, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 4}, portable=True),
    Case("digits_mlp", {"macs": 2}, portable=True),
    Case("digits_resnet", {"macs": 4}, portable=True),
)
CHECKED_SMALL = (
    Case("digits_mlp", {"macs": 2}),
    Case("digits_mlp", {"macs": 4}),
    Case("digits_mlp", {"macs": 4, "weight_bits": 4}),
    Case("digits_mlp", {"macs": 4, "power_of_two": True}),
    Case("digits_cnn", {"macs": 2}),
    Case("digits_cnn", {"macs": 4, "weight_bits": 4}),
    Case("digits_cnn", {"macs": 4, "weight_bits": 6, "act_bits": 6}),
    Case("digits_cnn", {"rows": 1, "cols": 4, "keep": True, "tag_bits": 4}),
    Case("digits_mlp", {"macs": 4}, portable=True),
    Case("digits_mlp", {"macs": 8}, portable=True),
    Case("digits_cnn", {"macs": 8}, portable=True),
    Case("digits_resnet", {"macs": 4, "weight_bits": 4}),
    Case("digits_resnet", {"macs": 8}, portable=True),
    Case("mnist_cnn_zoo", {"macs": 4}, portable=True),
)
"""For the family whose only device has 30 block RAMs of 4 kbit."""
SMALL = "ice40"


def fitted(family: str) -> tuple[Case, ...]:
    """What a family's coefficients are fitted to: designs, and the components of two of them."""
    designs = FITTED_SMALL if family == SMALL else FITTED
    designs += FITTED_SHORT if family == SHORT else ()
    parts = designs[3:4] if family == SMALL else designs[1:2]
    return (
        *designs,
        *(
            Case(design.network, design.options, design.portable, name)
            for design in parts
            for name in COMPONENTS
        ),
    )


def checked(family: str) -> tuple[Case, ...]:
    """What a family's estimates are checked on: designs whose memories its device has."""
    designs = CHECKED_SMALL if family == SMALL else CHECKED
    designs += CHECKED_SHORT if family == SHORT else ()
    return tuple(case for case in designs if case.fits(DEVICES[family]))
