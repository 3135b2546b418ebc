"""Names that options choose among, for those who offer them and those who know their meaning."""

from enum import StrEnum
from typing import Literal, get_args

from ..families import OWN_FAMILIES

CalibrationMethod = Literal["mse", "minmax", "percentile", "entropy"]

CALIBRATION_METHODS: tuple[CalibrationMethod, ...] = get_args(CalibrationMethod)
"""How the range of an activation is found: see `nnhw.quantize.ranges`."""

EQUALIZATIONS = ("auto", "on", "off")
"""Whether channels are equalized; auto measures both: see `nnhw.conversion.convert`."""

SLICINGS = ("auto", "on", "off")
"""Whether wide weights are held in slices; auto tries both: see `nnhw.placement.place`."""

SIMULATORS = ("verilator", "icarus")
"""What can simulate an exported design."""

QUANTIZERS = ("standard",)
"""nnhw's own quantizers: see `nnhw.quantize.find_quantizer`."""

TECHNOLOGIES = ("portable", *OWN_FAMILIES)
"""nnhw's own of what multipliers and memories can be built of: see `nnhw.hdl.technology`."""

RESETS = {"active-high": "rst", "active-low": "aresetn"}
"""Polarities of the reset, and its port's name with each."""

BUSES = ("axi-lite", "wishbone", "apb")
"""Control buses by which registers can be reached: see `nnhw.registers.BUSES`."""

IOS = ("stream", "mapped", "dma")
"""How frames come and go: over streams, through windows on the control bus, or by memory."""

MEMORY_DATA_BITS = (32, 64)
"""Of a word on the bus to memory."""

MEMORY_ADDRESS_BITS = (32, 64)
"""Of an address in bytes on it."""

CLOCKS = ("one", "two")
"""Clocks of a design: two if the streams have one of their own."""

MOST_TAG_BITS = 64
"""Of what a frame is tagged with."""

MOST_REQUANTIZERS = 64
"""Side by side."""

BEAT_BYTES = (1, 2, 4, 8, 16)
"""Bytes that a beat of a stream can have."""


class Effort(StrEnum):
    """How much `nnhw synth` tries to make a design fast."""

    NORMAL = "normal"
    HIGH = "high"


WEIGHT_PLACES = ("inline", "files")
"""Where large constants can stand: in the Verilog, or in .hex files beside it."""

PROTECTIONS = ("none", "parity")
"""How a programmable design finds out that what it was loaded with has changed."""

INITS = ("contents", "none")
"""Whether the target of a design has initial contents of memories and registers."""

SAMPLERS = ("grid", "random", "tpe", "nsga2")
"""What chooses the next design of a search: see `nnhw.search.samplers`."""

TUNE_SAMPLERS = ("grid", "random", "tpe")
"""What chooses the settings of the next run of a search of `nnhw tune`."""

SEARCHED = ("lr", "optimizer", "batch", "l2")
"""Settings of tuning that can be searched: see `nnhw.tuning.search`."""

OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta")
"""What can tune a network: see `nnhw.tuning.optimizers`."""

SCHEDULES = ("cosine", "step", "constant")
"""How the learning rate falls: see `nnhw.tuning.schedule`."""

NOISES = ("weights", "sums", "weight_flips", "activation_flips")
"""What of hardware can err: see `nnhw.golden.Noise`."""

CRITERIA = ("taylor", "magnitude")
"""What channels are pruned by: see `nnhw.tuning.pruning.importance`."""

HINTS = ("auto", "on", "off")
"""Whether hidden layers are compared with the float network's: see `nnhw.tuning.hints`."""

LOSSES = ("auto", "kl", "mse")
"""What is compared with the float network's answers: see `nnhw.tuning.objective`."""
