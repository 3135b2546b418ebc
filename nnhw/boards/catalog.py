"""The boards. The tests compare their pins with amaranth-boards, as far as it has them."""

from __future__ import annotations

from ..errors import OptionError
from ..families import BOARDS, Board


def find_board(name: str) -> Board:
    """The board of that name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if name not in BOARDS:
        raise OptionError(f"There is no board '{name}'; there are: {', '.join(BOARDS)}")
    return BOARDS[name]
