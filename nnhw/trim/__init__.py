"""Integer graphs without what no input can change."""

from .constant_channels import remove_constant_channels
from .intervals import Interval, channel_intervals

__all__ = ["Interval", "channel_intervals", "remove_constant_channels"]
