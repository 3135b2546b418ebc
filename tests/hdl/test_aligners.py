"""Unaligned vectors in and out of banks."""

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Module
from bench import drive, integers

from nnhw.hdl.alignment import ReadAligner, WriteAligner
from nnhw.hdl.memory import BankedMemory
from nnhw.machine import rotation_stages, row_stages, write_stages

ROW_WIDTH = 3
MEMORY_ROWS = 1 << ROW_WIDTH


class Reader(Elaboratable):
    """A read aligner with its memory; has the members of both."""

    def __init__(self, *, banks: int, width: int, **parameters):
        self.memory = BankedMemory(banks=banks, depth=MEMORY_ROWS, width=width)
        self.aligner = ReadAligner(
            banks=banks,
            width=width,
            row_width=ROW_WIDTH,
            memory_latency=self.memory.latency,
            **parameters,
        )
        for part in (self.memory, self.aligner):
            for name in part.signature.members:
                setattr(self, name, getattr(part, name))

    def elaborate(self, platform):
        m = Module()
        m.submodules.aligner, m.submodules.memory = self.aligner, self.memory
        m.d.comb += [
            self.memory.read_rows.eq(self.aligner.bank_rows),
            self.aligner.bank_data.eq(self.memory.read_data),
        ]
        return m


def read(reader: Reader, contents: np.ndarray, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Fill the memory, a row a cycle, then apply inputs; lanes from the first of these on."""
    rows, banks = MEMORY_ROWS, reader.memory.banks
    fill = {
        "write_enable": np.full(rows, (1 << banks) - 1),
        "write_rows": np.repeat(np.arange(rows)[:, None], banks, axis=1),
        "write_data": contents.reshape(rows, banks),
    }
    cycles = len(inputs["address"])
    columns = {name: np.concatenate([np.zeros(rows, int), inputs[name]]) for name in inputs}
    for name, values in fill.items():
        columns[name] = np.concatenate([values, np.zeros((cycles, *values.shape[1:]), int)])
    return drive(reader, columns, ["lanes"])["lanes"][rows:]


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize(
    ("rows", "period", "banks", "granularity"),
    [
        (1, 1, 1, 1),
        (1, 1, 4, 1),
        (3, 3, 4, 1),
        (4, 2, 4, 1),
        (6, 3, 8, 2),
        (8, 8, 8, 4),
        (8, 4, 8, 8),
        (5, 1, 16, 1),
        (20, 10, 32, 1),
    ],
)
@pytest.mark.parametrize("padded", [False, True])
def test_read_aligner(rows, period, banks, granularity, width, padded):
    rng = np.random.default_rng(rows)
    reader = Reader(
        rows=rows,
        period=period,
        banks=banks,
        width=width,
        granularity=granularity,
        pad_width=width,
        padded=padded,
    )
    stages = rotation_stages(banks=banks, granularity=granularity)
    assert reader.aligner.row_latency == row_stages(banks=banks, granularity=granularity)
    assert reader.aligner.latency == reader.aligner.row_latency + 1 + max(1, stages)
    size, cycles = MEMORY_ROWS * banks, 60
    contents = integers(rng, width, size)
    address = rng.integers(0, size, cycles) // granularity * granularity
    inputs = {
        "address": address,
        "repeats": rng.integers(0, 2, cycles),
        "padding.row_inside": rng.integers(0, 4, cycles) > 0,
        "padding.lane_start": rng.integers(0, rows + 1, cycles),
        "padding.lane_end": rng.integers(0, rows + 1, cycles),
        "padding.pad_value": integers(rng, width, cycles),
    }
    late = {name: np.roll(inputs[name], 1) for name in ("padding.lane_start", "padding.lane_end")}
    lanes = read(reader, contents, inputs | late)[reader.aligner.latency :]
    for t, actual in enumerate(lanes):
        # the byte at address a lies in bank a % banks, row a // banks; the memory is a ring
        wanted = contents[(address[t] + np.arange(rows)) % size]
        if padded:
            lane = np.arange(rows)
            inside = (lane >= inputs["padding.lane_start"][t]) & (
                lane < inputs["padding.lane_end"][t]
            )
            wanted = np.where(
                inside & inputs["padding.row_inside"][t], wanted, inputs["padding.pad_value"][t]
            )
        if inputs["repeats"][t]:
            wanted = wanted[np.arange(rows) % period]
        assert (actual == wanted).all()


@pytest.mark.parametrize(
    ("lanes", "banks", "granularity"),
    [(1, 1, 1), (1, 4, 1), (3, 4, 1), (4, 4, 2), (3, 8, 1), (8, 8, 8), (5, 16, 4), (12, 32, 1)],
)
def test_write_aligner(lanes, banks, granularity):
    rng = np.random.default_rng(lanes)
    width, cycles, size = 8, 80, MEMORY_ROWS * banks
    aligner = WriteAligner(
        lanes=lanes, banks=banks, width=width, row_width=ROW_WIDTH, granularity=granularity
    )
    inputs = {
        "enable": rng.integers(0, 4, cycles) > 0,
        "address": rng.integers(0, size, cycles) // granularity * granularity,
        "count": rng.integers(0, lanes + 1, cycles),
        "lanes": integers(rng, width, (cycles, lanes), signed=False),
    }
    assert aligner.latency == write_stages(banks=banks, granularity=granularity)
    outputs = drive(aligner, inputs, ["write_enable", "write_rows", "write_data"])
    outputs = {name: values[aligner.latency :] for name, values in outputs.items()}
    for t in range(cycles - aligner.latency):
        written = {
            int(outputs["write_rows"][t, bank]) * banks + bank: outputs["write_data"][t, bank]
            for bank in range(banks)
            if outputs["write_enable"][t] >> bank & 1
        }
        wanted = {
            (inputs["address"][t] + lane) % size: inputs["lanes"][t, lane]
            for lane in range(inputs["count"][t] if inputs["enable"][t] else 0)
        }
        assert written == wanted
