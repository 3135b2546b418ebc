"""Mutations of configuration files."""

from __future__ import annotations

from .draw import Draw

OPTIONS: dict[str, tuple[str, ...]] = {
    "rows": ("4", "1", "64", "4096", "3"),
    "cols": ("4", "1", "64", "4096", "5"),
    "macs": ("16", "1", "100_000", "7"),
    "fps": ("10.0", "1000", "1e9", "1e-300"),
    "latency_us": ("1000.0", "1e-9", "1e300"),
    "clock_mhz": ("50.0", "1e-300", "1e300", "1"),
    "weight_bits": ("8", "2", "4"),
    "act_bits": ("8", "4", "6"),
    "bits": ('{"gemm_0" = 4}', "{}", '{"no such layer" = 4}', '{"gemm_0" = 4.0}', '{"" = 8}'),
    "calibration": ('"minmax"', '"mse"', '"percentile"', '"entropy"'),
    "power_of_two": ("true", "false"),
    "equalize": ('"auto"', '"on"', '"off"'),
    "trim": ("true", "false"),
    "weights": ('"inline"', '"files"'),
    "technology": ('"portable"', '"ecp5"', '"ice40"', '"gowin"', '"xilinx7"'),
    "vectors": ("1", "3", "1_000_000"),
    "sim": ("true", "false"),
    "strict": ("true", "false"),
    "max_memory": ('"1G"', '"2M"', "100_000_000", '"9T"'),
    "costs": ("false",),
    "simulator": ('"verilator"', '"icarus"'),
    "seed": ("0", "7", "99999999999999999999"),
}
"""Options with values of the right type."""

VALUES = (
    *("0", "-1", "1", "2", "9", "1e400", "nan", "inf", "-inf", "1.5", "true", '""', '"x"', "[]"),
    *("{}", "1979-05-27", "12:00:00", '"""a\nb"""', "0x10", "9223372036854775807", "1" * 400),
    *("1" * 5000, "[1, 2]", '{"a" = 1}', '"\\u0000"', '"[bold]"', "-0.0", "9" * 30, "2147483648"),
)

KEYS = ('""', '"a b"', "row", "Rows", '"__class__"', '"rows\\n"', "a.b.c", '"\\u202e"', '"[/red]"')


def make_settings(draw: Draw) -> tuple[bytes, str]:
    """A configuration file and what is odd in it."""
    names = draw.sample(list(OPTIONS), draw.randint(1, 4))
    lines = {name: draw.choice(OPTIONS[name]) for name in names}
    if draw.chance(0.5):
        lines.pop("rows", None), lines.pop("cols", None)
        lines |= {"rows": draw.choice(OPTIONS["rows"]), "cols": draw.choice(OPTIONS["cols"])}
        for other in ("macs", "fps", "latency_us"):
            lines.pop(other, None)
    what = draw.choice(["value", "value", "key", "good", "good", "nest", "text", "bytes", "twice"])
    if what == "value":
        lines[draw.choice(list(lines))] = draw.choice(VALUES)
    elif what == "key":
        lines[draw.choice(KEYS)] = draw.choice(VALUES)
    text = "".join(f"{name} = {value}\n" for name, value in lines.items())
    content = text.encode()
    if what == "twice":
        content += content
    elif what == "nest":
        depth = draw.choice([10, 400, 5000])
        before, after = draw.choice([("[", "]"), ("{a=", "}"), ("[{a=", "}]")])
        content += f"seed = {before * depth}{after * depth}\n".encode()
    elif what == "text":
        tails = ("[bits]\n", "[[bits]]\n", "x", "= 1", "[a", '"', "\0", "#\r", "[bits]\na.b = 3\n")
        content += draw.choice(tails).encode()
    elif what == "bytes":
        data = bytearray(content)
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        content = draw.choice([b"", b"\xef\xbb\xbf", b"\xff\xfe"]) + bytes(data)
    return content, f"{what}: {content[:80]!r}"
