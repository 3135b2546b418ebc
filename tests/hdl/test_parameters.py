"""Components refuse wrong parameters before anything is built of them."""

from __future__ import annotations

import gc
import re

import pytest
from bench import encoded
from random_programs import fetch_program

from nnhw.hdl.alignment import ReadAligner, WriteAligner
from nnhw.hdl.bank_rows import BankRows
from nnhw.hdl.fetch_sequencer import FetchSequencer
from nnhw.hdl.frame_buffer import FrameBuffer
from nnhw.hdl.gearbox import Gearbox
from nnhw.hdl.instruction import InstructionRegister
from nnhw.hdl.lane_unit import LaneUnit
from nnhw.hdl.mac_array import MacArray
from nnhw.hdl.mac_column import MacColumn
from nnhw.hdl.memory import BankedMemory, Rom
from nnhw.hdl.output_stream import OutputStream
from nnhw.hdl.result_buffer import ResultBuffer
from nnhw.hdl.scaler import Scaler
from nnhw.hdl.shift_register import ShiftRegister
from nnhw.hdl.technology.memory_module import PortableMemory
from nnhw.hdl.weight_register import WeightRegister
from nnhw.isa import Operation

# what is made here is never built
pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")


@pytest.fixture(autouse=True)
def _collected():
    """Amaranth warns of unused components when they are collected: not in another test."""
    yield
    gc.collect()


WIDTHS = {"activation_width": 8, "accumulator_width": 20}
DOT = frozenset({Operation.DOT})
MULTIPLIERS = {"weight_width": 8, "multiplier_stages": 1, "tree_levels_per_stage": 2}
BANKS = {"banks": 4, "width": 8, "row_width": 3, "granularity": 1}
PADDING = {"pad_width": 8, "padded": True, "memory_latency": 2}
FRAME = {"frame_rows": 4, "frame_bytes": 16, "beat_bytes": 2, "buffers": 1, "read_delay": 1}
FETCH = {
    **{"x_width": 8, "y_width": 8, "chunk": 2, "lanes": 4, "address_width": 8, "weight_words": 9},
    **{"padded": True, "buffer_depth": 4, "tile_entries": 2, "streams_pairs": False},
    **{"tiles_in_flight": 3, "chased_bytes": 0},
}
COMPONENTS = {
    BankRows: {"banks": 4, "row_width": 3, "granularity": 1},
    BankedMemory: {"banks": 2, "depth": 8, "width": 8},
    FetchSequencer: {**FETCH, **encoded(fetch_program(0))},
    FrameBuffer: {"banks": 4, "width": 8, **FRAME},
    Gearbox: {"unit": 1, "units": 3, "beat_units": 4, "tensors": 1},
    InstructionRegister: encoded(fetch_program(0)),
    LaneUnit: {"lanes": 2, "slots": 1, "product_width": 16, "operations": DOT, **WIDTHS},
    MacArray: {
        **{"rows": 2, "cols": 4, "lane_groups": 2, "slots": 2, "operations": DOT},
        "announcement": 1,
        **WIDTHS,
        **MULTIPLIERS,
    },
    MacColumn: {"rows": 2, **WIDTHS, **MULTIPLIERS},
    OutputStream: {"lanes": 2, "width": 8, "beat_bytes": 4, "depth": 4, "counts": [2]},
    PortableMemory: {"depth": 3, "width": 8, "words": None},
    ReadAligner: {"rows": 4, "period": 2, **BANKS, **PADDING},
    ResultBuffer: {"width": 9, "depth": 4},
    Rom: {"width": 8, "words": [1, 255]},
    Scaler: {
        **{"value_width": 20, "bias_width": 20, "operand_width": 21},
        **{"multiplicand_width": 19, "multiplier_width": 0, "quotient_width": 9},
        **{"shifts": [0, 3], "stages": 1, "paired": False, "multiplies": False},
    },
    ShiftRegister: {"shape": 4, "stages": 0},
    WeightRegister: {"rows": 2, "cols": 2, "width": 8, "finishing_cols": []},
    WriteAligner: {"lanes": 2, **BANKS},
}


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)
def test_parameters(component):
    component(**COMPONENTS[component])


@pytest.mark.parametrize(
    ("component", "parameter", "value", "expected"),
    [
        (BankRows, "banks", 6, "a power of two"),
        (BankRows, "granularity", 0, "a power of two"),
        (BankRows, "row_width", 0, "a positive integer"),
        (BankedMemory, "depth", 2.5, "a positive integer"),
        (FetchSequencer, "chunk", 5, "at most the number of lanes, 4"),
        (FetchSequencer, "tiles_in_flight", -1, "a non-negative integer"),
        (FrameBuffer, "beat_bytes", 8, "at most the number of banks, 4"),
        (FrameBuffer, "buffers", 3, "at most a pair, 2"),
        (FrameBuffer, "read_delay", 0, "a positive integer"),
        (Gearbox, "beat_units", 3, "a power of two"),
        (InstructionRegister, "words", [], "a sequence of at least one word"),
        (Scaler, "multiplicand_width", 22, "at most operand_width, 21"),
        (LaneUnit, "lanes", True, "a positive integer"),
        (MacArray, "slots", 3, "at most products that a group has columns for, 2"),
        (MacArray, "rows", None, "a positive integer"),
        (MacColumn, "multiplier_stages", 0, "a positive integer"),
        (MacColumn, "weight_width", "8", "a positive integer"),
        (OutputStream, "beat_bytes", 3, "a power of two"),
        (OutputStream, "width", 9, "at most the bits of a byte, 8"),
        (PortableMemory, "depth", 0, "a positive integer"),
        (PortableMemory, "words", [], "a sequence of at least one word"),
        (ReadAligner, "rows", 5, "at most the number of banks, 4"),
        (ResultBuffer, "depth", 0, "a positive integer"),
        (Scaler, "multiplier_width", -1, "a non-negative integer"),
        (ShiftRegister, "stages", -1, "a non-negative integer"),
        (WeightRegister, "cols", 0, "a positive integer"),
        (WriteAligner, "lanes", 5, "at most the number of banks, 4"),
    ],
)
def test_parameters_wrong(component, parameter, value, expected):
    message = f"'{parameter}' of {component.__name__} must be {expected}, not {value!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        component(**{**COMPONENTS[component], parameter: value})


def test_words_wrong():
    message = "'words' of Rom must be unsigned integers of 8 bits, not 256"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Rom(width=8, words=[0, 256, 300])
