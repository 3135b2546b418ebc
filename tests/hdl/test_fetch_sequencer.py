"""The fetch sequencer, cycle by cycle, against its rules in Python."""

from __future__ import annotations

import numpy as np
import pytest
from bench import drive, encoded
from program_walk import Fetch, walk_fetch
from random_programs import fetch_program

from nnhw.hdl.fetch_sequencer import FetchSequencer
from nnhw.isa import FetchInstruction, Operation, X, Y, coordinate_bits

ADDRESS_WIDTH = 8
SPACE = 1 << ADDRESS_WIDTH
BUFFER_DEPTH = 9
TILES_IN_FLIGHT = 6
CHASED_BYTES = 24
INPUTS = (
    "frame_available_next",
    "progress.retired",
    "entry_freed",
    "progress.covered",
    "progress.layer_written",
)


class Written:
    """How far results have been written: bytes of a layer, and all of the layers before it."""

    def __init__(self):
        self.layers = self.written = 0

    def go_on(self, rng: np.random.Generator, model: Model) -> None:
        """Finish the layer, if all of it is issued, or write some of it."""
        issued = model.layers - self.layers
        # each has a tile on its way, of which there are not more than there can be
        if issued and (issued >= TILES_IN_FLIGHT or rng.random() < 0.3):
            self.layers += 1
            self.written = 0
        elif rng.random() < 0.5:
            self.written = min(CHASED_BYTES, self.written + int(rng.integers(0, 4)))

    def covers(self, layer: int, end: int) -> bool:
        """Whether what the layer before `layer` writes is there up to byte `end`."""
        return self.layers == layer or (self.layers + 1 == layer and self.written >= end)


class Model:
    """What the sequencer has to do, one cycle at a time."""

    def __init__(self, program: list[FetchInstruction], chunk: int):
        self.fetches = [
            (number, instruction, fetch)
            for number, instruction in enumerate(program)
            for fetch in walk_fetch(instruction, space=SPACE)
        ]
        self.chunk = chunk
        self.position = self.layers = 0  # layers of all frames
        self.in_flight = self.reserved = self.drain_busy = 0
        self.most = max((i.tile_entries for i in program if i.to_stream), default=0)
        self.reasons: set[str] = set()

    def cycle(self, available: int, retired: int, freed: int, written: Written) -> tuple | None:
        """(instruction, fetch) that is issued in this cycle, or None."""
        number, i, fetch = self.fetches[self.position]
        drain_cycles = 1 + (i.drain_cycles_last if fetch.in_last_strip else i.drain_cycles)
        entries = drain_cycles // 2 if i.operation == Operation.LANE_PAIR else drain_cycles
        waits = {
            "frame": number == 0 and fetch.layer_first and not available,
            "fence": fetch.layer_first and i.fence and self.in_flight,
            "chase": i.chase and not written.covers(self.layers, fetch.x + self.chunk),
            "drain": fetch.tile_last and self.drain_busy,
            "room": fetch.tile_last and i.to_stream and BUFFER_DEPTH - self.reserved < self.most,
        }
        self.reasons |= {reason for reason, wait in waits.items() if wait}
        issued = not any(waits.values())
        tile_issued = issued and fetch.tile_last
        self.in_flight += tile_issued - retired
        self.reserved += (entries if tile_issued and i.to_stream else 0) - freed
        self.drain_busy = drain_cycles - 1 if tile_issued else max(0, self.drain_busy - 1)
        if not issued:
            return None
        self.position = (self.position + 1) % len(self.fetches)
        self.layers += fetch.layer_last
        return i, fetch


def expected_outputs(i: FetchInstruction, fetch: Fetch, lanes: int, padded: bool) -> dict[str, int]:
    """Outputs for a fetch, but for the lanes that are not padding."""
    outputs = {
        "tags.first": fetch.roll_first,
        "tags.last": fetch.tile_last,
        "tags.carry": not fetch.in_first_roll,
        "tags.finishes": fetch.finishes,
        "tags.operation": i.operation,
        "address": (fetch.row + fetch.x) % SPACE,
        "upper_half": fetch.row >= SPACE // 2,
        "weight_address": fetch.weight_address,
    }
    if padded:
        outputs["padding.row_inside"] = 0 <= fetch.y < i.height
        outputs["padding.pad_value"] = i.pad_value
    return outputs


def run_model(
    seed: int, model: Model, chunk: int
) -> tuple[list[dict[str, int]], list[tuple | None]]:
    """Inputs from surroundings that take their time, and what the model issues, cycle by cycle."""
    rng = np.random.default_rng(seed)
    eager = rng.random(3)
    written = Written()
    # in the first cycle after reset the first fetch is prepared
    inputs: list[dict[str, int]] = [dict.fromkeys(INPUTS, 0)]
    issued: list[tuple | None] = [None]
    for _ in range(min(400, 2 * len(model.fetches) + 100)):
        # a tile retires at the latest when as many as there can be are on their way
        retired = model.in_flight and (
            model.in_flight == TILES_IN_FLIGHT or rng.random() < 0.1 + eager[0]
        )
        freed = model.reserved and rng.random() < 0.2 + eager[1]
        events = (int(rng.random() < 0.2 + eager[2]), int(retired), int(freed))
        state = (written.written - chunk, written.layers)
        inputs.append(dict(zip(INPUTS, events + state, strict=True)))
        issued.append(model.cycle(*events, written))
        written.go_on(rng, model)
    return inputs, issued


SEEDS = range(30)


def test_programs_and_surroundings_give_every_reason_to_wait():
    reasons = set()
    for seed in SEEDS:
        model = Model(fetch_program(seed, space=SPACE), chunk=1)
        run_model(seed, model, chunk=1)
        reasons |= model.reasons
    assert reasons == {"frame", "fence", "chase", "drain", "room"}


@pytest.mark.parametrize("seed", SEEDS)
def test_issues_every_fetch_as_soon_as_nothing_stands_in_its_way(seed):
    rng = np.random.default_rng(seed)
    chunk = int(rng.choice([1, 3, 4]))
    lanes = chunk * int(rng.choice([1, 2]))
    padded = bool(seed % 3)
    program = fetch_program(seed, space=SPACE)
    model = Model(program, chunk)
    sequencer = FetchSequencer(
        **encoded(program),
        x_width=coordinate_bits(program, X),
        y_width=coordinate_bits(program, Y),
        chunk=chunk,
        lanes=lanes,
        address_width=ADDRESS_WIDTH,
        weight_words=1 + max(fetch.weight_address for _, _, fetch in model.fetches),
        padded=padded,
        buffer_depth=BUFFER_DEPTH,
        tile_entries=model.most,
        streams_pairs=any(i.operation == Operation.LANE_PAIR and i.to_stream for i in program),
        tiles_in_flight=TILES_IN_FLIGHT,
        chased_bytes=CHASED_BYTES,
    )
    inputs, issued = run_model(seed, model, chunk)
    names = [
        "valid",
        "tags.first",
        "tags.last",
        "tags.carry",
        "tags.finishes",
        "tags.operation",
        "address",
        "upper_half",
    ]
    names += [
        "weight_address",
        "padding.row_inside",
        "padding.lane_start",
        "padding.lane_end",
        "padding.pad_value",
    ]
    columns = {name: [values[name] for values in inputs] for name in INPUTS}
    # they are given a cycle ahead, ends of layers two
    columns["frame_available_next"] = [*columns["frame_available_next"][1:], 0]
    columns["progress.covered"] = [*columns["progress.covered"][1:], 0]
    ends = np.diff(columns["progress.layer_written"]).tolist()
    columns["progress.layer_written"] = [*ends[1:], 0, 0]
    outputs = drive(sequencer, columns, [*names, "frame_consumed"])
    consumed = [bool(it and it[1].layer_last and it[0].frees_frame) for it in issued]
    assert outputs["frame_consumed"].tolist() == consumed
    late = {name: outputs[name][sequencer.latency :] for name in names}
    for name in ("padding.lane_start", "padding.lane_end"):
        late[name] = late[name][1:]
    assert late["valid"].tolist() == [it is not None for it in issued[: -sequencer.latency]]
    for cycle, it in enumerate(issued[: -sequencer.latency - 1]):
        if it is None:
            continue
        instruction, fetch = it
        wanted = expected_outputs(instruction, fetch, lanes, padded)
        assert {name: late[name][cycle] for name in wanted} == wanted
        if padded:
            x = fetch.x + np.arange(lanes)
            lane = np.arange(lanes)
            inside = (lane >= late["padding.lane_start"][cycle]) & (
                lane < late["padding.lane_end"][cycle]
            )
            assert (inside == ((x >= 0) & (x < instruction.row_length))).all()
