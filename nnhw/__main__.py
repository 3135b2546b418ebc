"""`python -m nnhw` is the command `nnhw`."""

from .cli import main

main()
