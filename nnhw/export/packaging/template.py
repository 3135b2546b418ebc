"""An instance of the top module, to be copied into a design."""

from __future__ import annotations

from .block import IpBlock


def instantiation_template(block: IpBlock) -> str:
    """NAME_inst.vh: every port with its width and meaning."""
    ports = block.ports.ports
    name = max(len(port.name) for port in ports)
    lines = [
        f"// Instantiation template of {block.name}: {block.summary}",
        f"{block.name} {block.name}_0 (",
    ]
    for port in ports:
        comma = "," if port is not ports[-1] else " "
        width = f"[{port.width - 1}:0]" if port.width > 1 else ""
        lines.append(
            f"  .{port.name:{name}} ({port.name:{name}}){comma} "
            f"// {port.direction:6} {width:6} {port.meaning}"
        )
    return "\n".join([*lines, ");"]) + "\n"
