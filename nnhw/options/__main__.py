"""Prints docs/options.md, or docs/tuning_options.md with the argument "tuning"."""

import sys

from .page import options_page, tuning_options_page

print(tuning_options_page() if sys.argv[1:] == ["tuning"] else options_page(), end="")
