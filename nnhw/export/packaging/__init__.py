"""What other tools want to know of a design, in files of their own forms.

All of it follows from one value, `IpBlock`, whose ports are those of the top module
(`nnhw.shell.TopPorts`).
"""

from .block import IpBlock
from .constraints import design_constraints, vivado_constraints
from .files import packaging_files
from .fusesoc import fusesoc_core
from .ip_xact import ip_xact_component
from .template import instantiation_template

__all__ = [
    "IpBlock",
    "design_constraints",
    "fusesoc_core",
    "instantiation_template",
    "ip_xact_component",
    "packaging_files",
    "vivado_constraints",
]
