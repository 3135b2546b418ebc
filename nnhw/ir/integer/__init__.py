"""What an integer operator is made of; the operators themselves are in `nnhw.ir.operators`."""

from .channel_rules import (
    BY_CHANNEL,
    Channel,
    ChannelRules,
    Link,
    links,
    links_moved,
    links_side_by_side,
    moved_channels,
)
from .draft import Draft, Factors, FixedPoint, draft, drafted_nodes, drafts
from .interval import Interval, from_zero
from .operator import (
    INTEGER_OPERATORS,
    IntegerOperator,
    Range,
    Sums,
    integer_operator,
    origin_of,
    register_operator,
)
from .qdq_form import Apply, Constant, Expression, Operand, QdqForm, with_gain
from .requantization import Requantize, requantize
from .window_form import window_attributes, window_name

__all__ = [
    "BY_CHANNEL",
    "INTEGER_OPERATORS",
    "Apply",
    "Channel",
    "ChannelRules",
    "Constant",
    "Draft",
    "Expression",
    "Factors",
    "FixedPoint",
    "IntegerOperator",
    "Interval",
    "Link",
    "Operand",
    "QdqForm",
    "Range",
    "Requantize",
    "Sums",
    "draft",
    "drafted_nodes",
    "drafts",
    "from_zero",
    "integer_operator",
    "links",
    "links_moved",
    "links_side_by_side",
    "moved_channels",
    "origin_of",
    "register_operator",
    "requantize",
    "window_attributes",
    "window_name",
    "with_gain",
]
