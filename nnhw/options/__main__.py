"""Prints docs/options.md."""

from .page import options_page

print(options_page(), end="")
