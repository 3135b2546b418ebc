"""Sphinx's configuration: `sphinx-build -W docs build/docs` makes the manual."""

import sys
from pathlib import Path

import nnhw

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "nnhw"
author = "the authors of nnhw"
copyright = author
release = version = nnhw.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "generated",
]
exclude_patterns = ["_extensions"]

html_theme = "furo"
html_title = f"nnhw {release}"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_show_sourcelink = False
html_copy_source = False

myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 4
highlight_language = "none"  # of blocks that name none
smartquotes_action = "D"  # dashes; quotation marks stay as they are

# Docstrings have code in single backticks.
default_role = "code"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Members", "params_style")]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
autodoc_default_options = {"exclude-members": "elaborate"}
