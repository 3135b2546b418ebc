"""Integer graphs with fewer channels, such as without those that no input can change."""

from .constant_channels import remove_constant_channels
from .intervals import channel_intervals
from .keep import keep_channels
from .links import ChannelGroup, removable_groups

__all__ = [
    "ChannelGroup",
    "channel_intervals",
    "keep_channels",
    "removable_groups",
    "remove_constant_channels",
]
