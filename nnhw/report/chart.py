"""A bar chart of the layers as SVG, without a library."""

from __future__ import annotations

from html import escape

from . import text
from .structure import LayerReport

WIDTH = 860
LABEL = 220
VALUE = 170
BAR = 18
GAP = 8


def layer_chart(layers: tuple[LayerReport, ...]) -> str:
    """An <svg> element with one bar a layer.

    The length of a bar is the layer's share of the cycles, its filled part is the utilisation of
    the array meanwhile. Colours come from the CSS classes "bar", "used", "label" and "value".
    """
    longest = max((layer.cycles for layer in layers), default=1)
    space = WIDTH - LABEL - VALUE
    height = len(layers) * (BAR + GAP) + GAP
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg" '
        'aria-label="Cycles and utilisation of each layer">'
    ]
    for index, layer in enumerate(layers):
        top = GAP + index * (BAR + GAP)
        base = top + BAR - 5
        length = space * layer.cycles / longest
        used = length * min(layer.utilisation, 100) / 100
        parts += [
            f"<g><title>{escape(layer.name)}</title>",
            f'<text class="label" x="{LABEL - 10}" y="{base}" text-anchor="end">'
            f"{escape(text.shorten(layer.name))}</text>",
            f'<rect class="bar" x="{LABEL}" y="{top}" width="{length:.1f}" height="{BAR}"/>',
            f'<rect class="used" x="{LABEL}" y="{top}" width="{used:.1f}" height="{BAR}"/>',
            f'<text class="value" x="{LABEL + length + 8:.1f}" y="{base}">'
            f"{layer.cycles:,} cycles, {layer.utilisation:.0f}%</text></g>",
        ]
    return "\n".join([*parts, "</svg>"])
