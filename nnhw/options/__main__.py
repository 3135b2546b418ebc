"""Prints docs/options.md, or docs/NAME_options.md with the argument "tuning" or "exploring"."""

import sys

from .page import exploring_options_page, options_page, tuning_options_page

PAGES = {"tuning": tuning_options_page, "exploring": exploring_options_page}

print(PAGES.get(" ".join(sys.argv[1:]), options_page)(), end="")
