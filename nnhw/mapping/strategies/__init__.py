"""How operators become layers: a strategy for every kind of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ...errors import MappingError
from ...ir import (
    DepthToSpace,
    Graph,
    Node,
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QExtremum,
    QFunction,
    QMaxPool,
    QMultiply,
    Reshape,
    Resize,
    Slice,
    Transpose,
)
from ...machine import EngineConfig
from ...plugins import Table
from ..layer_plan import LayerPlan
from . import dense, lanes, rolling
from .parity import parity_columns
from .setting import Setting

Strategy = Callable[[Any, Setting], list[LayerPlan]]
"""The layers of a node, in order of execution."""


def _convolution(node: QConv, setting: Setting) -> list[LayerPlan]:
    strategy = dense.plans if node.groups == 1 else rolling.plans
    return strategy(node, setting)


_STRATEGIES: Table[type[Node], Strategy] = Table("mapping")
"""By operator. A reshape takes no layer."""

_S = TypeVar("_S", bound=Strategy)


def maps(*kinds: type[Node]) -> Callable[[_S], _S]:
    """Enter the decorated function into the table as what maps nodes of these classes.

    Raises
    ------
    PluginError
        If something maps one of them already.
    """

    def enter(strategy: _S) -> _S:
        for kind in kinds:
            _STRATEGIES.enter(kind, strategy)
        return strategy

    return enter


_OWN: Mapping[type[Node], Strategy] = {
    QConv: _convolution,
    QMaxPool: lanes.max_pool,
    QAveragePool: lanes.average_pool,
    QAdd: lanes.pair,
    QMultiply: lanes.pair,
    QExtremum: lanes.extremum,
    QFunction: lanes.function,
    QConcat: lanes.concat,
    Slice: lanes.cut,
    Resize: lanes.resize,
    DepthToSpace: lanes.depth_to_space,
    Transpose: lanes.transpose,
}
for _kind, _strategy in _OWN.items():
    maps(_kind)(_strategy)


def plan_layers(graph: Graph, config: EngineConfig) -> list[LayerPlan]:
    """The layers of all nodes, in order of execution.

    Raises
    ------
    MappingError
        If the engine has no way to run a node.
    """
    setting = Setting(graph, config, parity_columns(graph, config))
    plans: list[LayerPlan] = []
    for node in graph.nodes:
        if isinstance(node, Reshape):
            continue
        if type(node) not in _STRATEGIES:
            raise MappingError(
                f"Node '{node.name}' ({type(node).__name__}) has no mapping to the engine"
            )
        plans += _STRATEGIES[type(node)](node, setting)
    for plan in plans:
        if plan.tensor in setting.outputs and not plan.is_whole:
            raise MappingError(
                f"Output '{plan.tensor}' is put together from parts, which a stream cannot do; "
                "copy it"
            )
    return plans
