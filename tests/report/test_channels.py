"""What reports say about channels that were left out, and of operators of several layers."""

from dataclasses import replace

import numpy as np
from integer_graphs import IntegerBuilder

from nnhw.report import ArrayUse, LayerReport
from nnhw.report.channels import describe_channels
from nnhw.report.merge import merge_parts


def test_channels():
    builder = IntegerBuilder((2, 2, 3), seed=1)
    whole = builder.graph(builder.dense(builder.conv("x", 6), 2))
    first, second = whole.nodes
    fewer = replace(
        whole,
        nodes=(
            replace(first, weight=first.weight[:4]),
            replace(second, weight=second.weight[..., :4]),
        ),
        tensors={
            **whole.tensors,
            first.output: replace(whole.tensors[first.output], shape=(2, 2, 4)),
        },
    )
    fit = describe_channels(whole, fewer)
    assert (fit.kept, fit.left_out) == ("6 of 8", "2 that no input changes")
    assert fit.saved == "40 of 120 MACs, 22 of 66 weights"
    same = describe_channels(whole, whole)
    assert (same.kept, same.left_out, same.saved) == ("8 of 8", "none", "")


def layer(name: str, start: int, cycles: int, macs: int) -> LayerReport:
    return LayerReport(
        name=name,
        operator="conv 3x3",
        shape=(8, 8, 8),
        macs=macs,
        start=start,
        cycles=cycles,
        fence_wait=1,
        drain_wait=2,
        stream_wait=0,
        array=ArrayUse(macs=cycles / 2, others=0.0, idle_lanes=cycles / 2 - 3, idle_columns=0.0),
        utilisation=100 * macs / (cycles * 8),
    )


def test_parts_of_an_operator_are_one():
    parts = [layer("a", 0, 20, 90), layer("a", 20, 100, 600), layer("b", 120, 25, 50)]
    merged, other = merge_parts(parts)
    assert other == parts[2]
    assert (merged.name, merged.parts, merged.start, merged.cycles) == ("a", 2, 0, 120)
    assert (merged.macs, merged.wait) == (690, 6)
    np.testing.assert_allclose(merged.utilisation, 100 * 690 / (120 * 8), atol=1e-3)
    assert merged.array == ArrayUse(macs=60.0, others=0.0, idle_lanes=54.0, idle_columns=0.0)
