"""Integer graphs without what no input can change."""

from .constant_channels import remove_constant_channels
from .intervals import channel_intervals

__all__ = ["channel_intervals", "remove_constant_channels"]
