"""All files about a design that tools and integrators read."""

from __future__ import annotations

from .block import IpBlock
from .constraints import design_constraints, vivado_constraints
from .fusesoc import fusesoc_core
from .ip_xact import ip_xact_component
from .template import instantiation_template


def packaging_files(block: IpBlock) -> dict[str, str]:
    """Texts by their paths relative to the design's folder."""
    return {
        f"{block.name}.f": _file_list(block),
        f"{block.name}.core": fusesoc_core(block),
        "component.xml": ip_xact_component(block),
        f"constraints/{block.name}.sdc": design_constraints(block),
        f"constraints/{block.name}.xdc": vivado_constraints(block),
        f"rtl/{block.name}_inst.vh": instantiation_template(block),
    }


def _file_list(block: IpBlock) -> str:
    """NAME.f: what simulators and synthesizers read with `-F`, paths relative to this file."""
    lines = [f"// Verilog of {block.name}; paths are relative to this file (option -F)."]
    if block.memory_files:
        lines.append(f"// $readmemh reads {', '.join(block.memory_files)} without its folder.")
    if block.cell_models:
        models = ", ".join(block.cell_models)
        lines.append(f"// In simulation also the models of vendor's cells: {models}")
    return "\n".join([*lines, *block.sources]) + "\n"
